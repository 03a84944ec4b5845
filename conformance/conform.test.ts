/** The cases on the embedded reference, and the way from a run to a verdict. */
import { existsSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { flatten } from '../impl/flatten.ts'
import { alsoQuick, calls, cases, failures, holds } from '../spec/cases.ts'
import type { Case } from '../spec/script.ts'
import { suite } from '../spec/suite.ts'
import { pair } from '../spec/systems.ts'
import { versions } from '../spec/versions.ts'
import { conform, judge, printFrozen, type Result } from './conform.ts'
import { embedded } from './embedded.ts'
import { QmpError } from './failure.ts'
import { judges } from './judges.ts'
import { run } from './run.ts'
import { addressed, type Target } from './stage.ts'
import { tempDir } from './temp.ts'
import { type Judgement, validate } from './validate.ts'

const target = embedded(versions.at(-1) ?? '')
const options = { targets: [target], cases, seed: 1, repeat: 1, timeoutScale: 1 }
const named = (id: string) => {
  const found = cases.find(one => one.id === id)
  if (found === undefined) throw new Error(`there is no case ${id}`)
  return found
}

describe('the cases', () => {
  test('have ids of their own, in the form that files and anchors can have', () => {
    const ids = cases.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) expect(id).toMatch(/^[a-z]+\/[a-z-]+\/\d+$/)
  })

  test('rule out and hold what some release has a rule for', () => {
    const rules = new Set(
      versions.flatMap(release => flatten(pair, release).rules.map(({ id }) => id.split('/').at(-1))),
    )
    const named = [...failures, ...calls.refused, ...calls.inVain, ...holds.flatMap(hold => hold.rules)]
    expect(named.filter(id => !rules.has(id))).toEqual([])
  })

  test('hold nothing that is owed: a reference that waited with it would not keep to the rules', () => {
    const held = new Set(holds.flatMap(hold => hold.rules))
    const owed = versions.flatMap(release => flatten(pair, release).rows.filter(row => row.owed))
    expect(owed.filter(({ rule }) => held.has(rule.id.split('/').at(-1) ?? '')).map(({ rule }) => rule.id)).toEqual([])
  })

  test('say what they do and what is to come of it, in sentences', () => {
    for (const { description, expectation } of cases) {
      expect(description).toMatch(/^[A-Z].*\.$/)
      expect(expectation).toMatch(/^[A-Z].*\.$/)
    }
  })

  test.each(versions)(
    'come to their end on the reference %s, and keep to the rules',
    {
      timeout: 180_000,
    },
    async release => {
      const quick = cases.filter(one => one.quick)
      const pool = judges()
      const run = { ...options, targets: [embedded(release)], cases: quick, seed: 2, jobs: 8 }
      const results = await conform(run, pool.validate).finally(pool.close)
      expect(results).toHaveLength(quick.length)
      // A claim that the release breaks may be broken by the reference too.
      const fine = ['conforms', 'known deviation', 'skipped']
      expect(results.filter(({ verdict, expected }) => !expected || !fine.includes(verdict))).toEqual([])
      expect(results.filter(({ verdict }) => verdict !== 'skipped').length).toBeGreaterThanOrEqual(16)
      expect(readdirSync(tempDir()).filter(name => name !== 'pid-namespace')).toEqual([])
    },
  )

  test('come to their end and keep to the rules, each on a reference of one release', {
    timeout: 180_000,
  }, async () => {
    const pool = judges()
    const turns = versions.map((release, turn) => ({
      ...options,
      targets: [embedded(release)],
      cases: cases.filter((of, i) => !of.quick && i % versions.length === turn),
      jobs: 8,
    }))
    const results: Result[] = []
    for (const turn of turns) results.push(...(await conform(turn, pool.validate)))
    await pool.close()
    // A claim that the release breaks may be broken by the reference too.
    expect(results.filter(({ expected }) => !expected)).toEqual([])
    expect(results.filter(({ verdict }) => verdict !== 'skipped').length).toBeGreaterThan(cases.length / 6)
  })

  test('are not all quick, nor is none', () => {
    expect(cases.filter(of => of.quick).length).toBeGreaterThan(10)
    expect(cases.filter(of => of.quick).length).toBeLessThan(cases.length / 2)
  })

  test('that are quick by name are there', () => {
    const ids = new Set(suite.map(({ id }) => id))
    expect(alsoQuick.filter(id => !ids.has(id))).toEqual([])
  })

  test('that are for some releases only say why', () => {
    const bounded = cases.filter(({ since, until }) => since !== undefined || until !== undefined)
    expect(bounded.filter(({ why }) => why === undefined).map(({ id }) => id)).toEqual([])
  })

  test('of another release are skipped, with the reason', async () => {
    const [since, until] = ['9.1', '9.0'].map((bound, i) => ({
      ...named('precopy/dead-address/1'),
      why: 'of what came with it',
      ...(i === 0 ? { since: bound } : { until: bound }),
    }))
    const verdicts = async (release: string) =>
      conform({ ...options, targets: [embedded(release)], cases: [since, until] as Case[] }, validate)
    expect((await verdicts('7.2')).map(({ verdict }) => verdict)).toEqual(['skipped', 'conforms'])
    const [first, second] = await verdicts('11.1')
    expect([first?.verdict, second?.verdict]).toEqual(['conforms', 'skipped'])
    expect(second).toMatchObject({ message: 'of what came with it', expected: true })
  })

  test.each(versions)('do not come to their end on a reference %s that refuses the connection', async release => {
    const of = named('precopy/complete/1')
    const refusing = embedded(release, calls.refused)
    const [result] = await conform({ ...options, targets: [refusing], cases: [of], timeoutScale: 0.05 }, validate)
    expect(result).toMatchObject({
      verdict: 'inconclusive',
      message: 'the script ended early: no MIGRATION active came from the source within 0.75 s',
    })
  })

  test('show three checkpoints', async () => {
    const { transcript } = await run(named('colo/checkpoints/1'), target, { seed: 3 })
    const stops = transcript.lines.filter(({ side, msg }) => side === 'src' && msg.event === 'STOP').length
    expect(stops).toBeGreaterThanOrEqual(4)
  })
})

describe('a run', () => {
  test('that does not see what it waits for ends, and its verdict is open', async () => {
    const of = named('precopy/dead-address/1')
    const script = [...of.script, { do: 'await', at: 'src', event: 'NEVER', data: {}, within: 0.2 } as const]
    const done = await run({ ...of, script }, target)
    expect(done.short).toBe('no NEVER came from the source within 0.2 s')
    expect(done.transcript.lines.some(({ msg }) => msg.missed === 'NEVER')).toBe(true)
    expect(judge(done, validate)).toMatchObject({
      verdict: 'inconclusive',
      expected: false,
      message: expect.stringMatching(/^the script ended early: no NEVER/),
    })
  })

  test('that is refused a command says which and why', async () => {
    const of = named('precopy/dead-address/1')
    const script = [
      {
        do: 'send',
        at: 'src',
        command: 'migrate-continue',
        arguments: { state: 'device' },
        oob: false,
        refused: false,
      } as const,
    ]
    expect((await run({ ...of, script }, target)).short).toMatch(/^the source refused migrate-continue: /)
  })

  test('ends at its deadline, whatever it waits for', async () => {
    const of = named('precopy/dead-address/1')
    const script = [{ do: 'await', at: 'src', event: 'NEVER', data: {}, within: 60 } as const]
    const before = performance.now()
    const done = await run({ ...of, script }, target, { deadlineMs: 300 })
    expect(done.short).toBe('the case took longer than 0.3 s')
    expect(performance.now() - before).toBeLessThan(3000)
  })

  test.each([true, false])('ends at once when a monitor stops answering (out of band: %s)', async alive => {
    const path = join(tempDir(), `deaf-${alive}`)
    const server = createServer(socket => {
      socket.on('error', () => {})
      socket.write(
        `${JSON.stringify({ QMP: { version: { qemu: { major: 11, minor: 1, micro: 0 } }, capabilities: ['oob'] } })}\n`,
      )
      socket.on('data', chunk => {
        for (const text of chunk.toString().trim().split('\n')) {
          const { execute, id } = JSON.parse(text)
          if (execute === undefined ? alive : execute !== 'query-status')
            socket.write(`{"return": {}, "id": "${id}"}\n`)
        }
      })
    })
    await new Promise<void>(resolve => server.listen(path, resolve))
    const of = { ...named('precopy/dead-address/1'), script: [] }
    const done = await run(of, addressed(`unix:${path}`, undefined), { replyMs: 100, timeoutScale: 0.5 })
    server.close()
    const { frozen } = done
    expect(frozen).toMatchObject({ side: 'src', command: 'query-status', seconds: 0.05, outOfBand: alive })
    expect(frozen === undefined ? '' : printFrozen({ ...frozen, at: 1.2041 })).toBe(
      `the source's monitor stopped answering: \`query-status\` sent at 1.204 s had no answer for 0.05 s; an out-of-band command was ${alive ? '' : 'not '}answered`,
    )
    // Nothing more is asked of it.
    expect(
      done.transcript.lines.filter(({ dir, msg }) => dir === '->' && 'execute' in msg).map(({ msg }) => msg.execute),
    ).toEqual(['qmp_capabilities', 'migrate-set-capabilities', 'query-status'])
  })
})

describe('a verdict', () => {
  const transcript = { file: 'x', header: { lockstep: 1 }, lines: [] } as const
  const judged = (verdict: Judgement['verdict']) => (): Judgement => ({
    ...{ file: 'x', version: '11.1.3', verdict, message: 'as it is', skipped: {} },
  })
  const base = { transcript, versions: { src: '11.1.3' }, stderr: {} }
  const frozen = { side: 'src', command: 'stop', at: 1, seconds: 5, outOfBand: true, stalled: false } as const

  test.each([
    ['conforms', {}, 'conforms', true],
    ['known deviation', {}, 'known deviation', true],
    ['violates', {}, 'violates', false],
    ['inconclusive', {}, 'inconclusive', false],
    ['conforms', { short: 'why' }, 'inconclusive', false],
    ['conforms', { frozen }, 'inconclusive', true],
    ['violates', { frozen }, 'violates', false],
    ['known deviation', { frozen }, 'known deviation', true],
    ['violates', { short: 'why' }, 'violates', false],
  ] as const)('of rules that say %s, where the run says %j, is %s', (rules, more, verdict, expected) => {
    expect(judge({ ...base, ...more }, judged(rules))).toMatchObject({ verdict, expected })
  })

  test('is open for a release that has no rules, and says first what was wrong', () => {
    const old = judge({ ...base, versions: { src: '6.2.0' }, frozen }, judged('violates'))
    expect(old).toMatchObject({ version: '6.2.0', verdict: 'inconclusive', expected: true })
    expect(old.message).toMatch(/^the source's monitor stopped answering: .*\nthere are no rules for QEMU 6\.2 yet/)
  })

  test('is an error for all cases once nobody is there', async () => {
    let asked = 0
    const nobody: Target = {
      name: 'nobody',
      rerun: '--src unix:/x',
      open: () => {
        asked++
        return Promise.reject(new QmpError('unix:/x', 'nobody is there'))
      },
    }
    const results = await conform({ ...options, targets: [nobody] }, validate)
    expect(new Set(results.map(({ verdict, message }) => `${verdict} ${message}`))).toEqual(
      new Set(['error unix:/x: nobody is there']),
    )
    expect([results.length, asked]).toEqual([cases.length, 1])
    expect(existsSync(tempDir())).toBe(true)
  })
})
