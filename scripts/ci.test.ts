/** The examples of CI parse, and call nothing that is not there. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

const root = fileURLToPath(new URL('..', import.meta.url))
type Job = {
  readonly steps?: readonly { readonly run?: string; readonly if?: string }[]
  readonly script?: readonly string[]
}

/** The shell commands of a job, in either form. */
const commandsOf = ({ steps = [], script = [] }: Job): string[] =>
  [...steps.flatMap(({ run }) => run ?? []), ...script].flatMap(text => text.replaceAll(/\s*\\\n\s*/g, ' ').split('\n'))

/** What is called of lockstep: the verb, and the options. */
const callsOf = (commands: readonly string[]): { verb: string; options: string[] }[] =>
  commands.flatMap(text => {
    const [, verb = '', rest = ''] = /\bnpx lockstep (\w+)(.*)$/.exec(text) ?? []
    return verb === '' ? [] : [{ verb, options: rest.match(/--[a-z-]+/g) ?? [] }]
  })

const help = async (verb: string): Promise<string> => {
  const { stdout } = await execa(process.execPath, ['conformance/cli.ts', 'help', verb], {
    cwd: root,
    preferLocal: true,
  })
  return stdout
}

describe.each([
  ['github', (file: object) => (file as { jobs: object }).jobs],
  ['gitlab', (file: object) => file],
] as const)('%s', (name, jobsOf) => {
  const text = readFileSync(new URL(`../docs/ci/${name}.yml`, import.meta.url), 'utf8')
  const jobs = jobsOf(parse(text)) as { readonly documentation: Job; readonly conformance: Job }

  test('has a job that fails when a page is stale, and one that keeps JUnit and HTML', () => {
    expect(callsOf(commandsOf(jobs.documentation))[0]).toEqual({ verb: 'draw', options: ['--check'] })
    const [call] = callsOf(commandsOf(jobs.conformance))
    expect(call).toEqual({ verb: 'conform', options: ['--qemu', '--timeout-scale', '--out', '--report'] })
    expect(text).toMatch(/--report junit,html/)
    expect(text).toMatch(name === 'github' ? /if: always\(\)/ : /when: always/)
  })

  test('calls verbs and options that there are', async () => {
    for (const { verb, options } of [jobs.documentation, jobs.conformance].flatMap(job => callsOf(commandsOf(job)))) {
      const words = await help(verb)
      for (const option of options) expect(words).toContain(option)
    }
  })
})

test('YAML that is none is noticed', () => {
  expect(() => parse('jobs:\n  a: b: c\n')).toThrow()
})
