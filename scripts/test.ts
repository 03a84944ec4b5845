/**
 * `npm test`: lint, types, stale files, tests.  Every step runs, whatever became
 * of the ones before it, and the last line is the tally of them all.  Arguments
 * go to vitest: `npm test -- impl -t 'shortest path'`.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { line, type Report, sum, type Tally, tally } from './tally.ts'

const root = join(import.meta.dirname, '..')
// With preferLocal the tools, and the `node` they ask PATH for, are those of node_modules.
const options = { cwd: root, preferLocal: true, localDir: root, reject: false, stdin: 'ignore' } as const

/** A command that passes or fails as a whole; what it wrote is shown when it fails. */
async function step(name: string, command: string, args: string[]): Promise<Tally> {
  const result = await execa(command, args, { ...options, all: true })
  console.log(`${result.failed ? 'FAIL' : ' ok '}  ${name}`)
  if (result.failed) console.log(result.all || result.shortMessage)
  return { passed: result.failed ? 0 : 1, failed: result.failed ? 1 : 0, skipped: 0 }
}

function skip(name: string, reason: string): Tally {
  console.log(`skip  ${name}: ${reason}`)
  return { passed: 0, failed: 0, skipped: 1 }
}

async function tests(args: string[]): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-test-'))
  const file = join(folder, 'report.json')
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const result = await execa('vitest', ['run', ...reporters, ...args], {
      ...options,
      stdout: 'inherit',
      stderr: 'inherit',
    })
    const report: Report = JSON.parse(await readFile(file, 'utf8'))
    return tally(report, result.exitCode ?? 1)
  } catch (error) {
    // No report, or half of one: vitest fell over.
    console.log(`FAIL  tests: vitest left no report (${error instanceof Error ? error.message : error})`)
    return { passed: 0, failed: 1, skipped: 0 }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const all = [
  await step('lint', 'biome', ['check', '.']),
  await step('types', 'tsc', []),
  await step('types of the page', 'tsc', ['-p', 'diagrams/site/client']),
  existsSync(join(root, 'diagrams/draw.ts'))
    ? await step('generated files are fresh', process.execPath, ['conformance/cli.ts', 'draw', '--check'])
    : skip('generated files are fresh', 'there is no diagrams/draw.ts'),
  await tests(process.argv.slice(2)),
]

const total = sum(all)
process.exitCode = total.failed > 0 ? 1 : 0
console.log(line(total))
