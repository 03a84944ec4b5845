/** COLO-FT on real QEMUs: what is refused while it is set up ends a case and accuses nobody. */
import { describe, expect, test } from 'vitest'
import { compareVersions } from '../impl/flat.ts'
import { coloFt } from '../spec/cases/colo-ft.ts'
import { type Act, again, type Case } from '../spec/script.ts'
import { qemusForTests } from './binaries.ts'
import { conform } from './conform.ts'
import { launched } from './stage.ts'
import { validate } from './validate.ts'

const { qemus, reason } = qemusForTests()
const of = (id: string): Case => coloFt.find(one => one.id === id) as Case
const run = async (path: string, ...cases: Case[]) =>
  conform({ targets: [launched(path)], cases, seed: 1, repeat: 1, timeoutScale: 1, jobs: 2 }, validate)

/** The case, with other arguments for one of its commands. */
const spoiled = (one: Case, command: string, args: { readonly [name: string]: string }): Case => ({
  ...one,
  script: one.script.map(
    (act): Act =>
      act.do === 'send' && act.command === command ? { ...act, arguments: { ...act.arguments, ...args } } : act,
  ),
})

describe.skipIf(reason).each(qemus)(`QEMU $version${reason}`, ({ path, version }) => {
  test('is not accused of what it refuses while COLO-FT is set up', { timeout: 60_000 }, async () => {
    const ids = ['coloft/checkpoints/1', 'coloft/failover-primary/1']
    const [a, b] = ids.map(of) as [Case, Case]
    const results = await run(
      path,
      spoiled(a, 'blockdev-add', { export: 'nobody' }),
      spoiled(b, 'x-blockdev-change', { child: 'children.7' }),
      // The disks that this process makes are good for what they are for.
      spoiled(a, 'nbd-server-add', {}),
    )
    const said = results.map(({ verdict, message }) => [verdict, message.split('\n')[0]])
    expect(said[0]).toEqual([
      'inconclusive',
      expect.stringMatching(/^the script ended early: the source refused blockdev-add: .*export.*/i),
    ])
    expect(said[1]?.[1]).toMatch(/^the script ended early: the source refused x-blockdev-change/)
    // Whatever is known of the release besides.
    expect(said[1]?.[0]).toBe('inconclusive')
    expect(results[2]).toMatchObject({ verdict: 'known deviation', expected: true })
  })

  test('has a second life in the other part, and fails over in it too', { timeout: 60_000 }, async () => {
    const resume = of('coloft/resume-secondary/3')
    const [done] = await run(path, resume)
    expect([done?.verdict, done?.message]).toEqual([
      'known deviation',
      expect.stringContaining('last-mode is another than mode'),
    ])
    const traced = { targets: [launched(path, path, { trace: true })], cases: [resume] }
    const [skipped] = await conform({ ...traced, seed: 1, repeat: 1, timeoutScale: 1 }, validate)
    expect(skipped).toMatchObject({ verdict: 'skipped', message: 'trace logs of a second life are not read' })
    // Nobody has ended.
    const early = await run(path, { ...resume, script: [again('dst')] })
    expect(early[0]?.message).toContain('has not ended alone')
  })

  test.skipIf(compareVersions(version, '11.0') < 0)('does all of it with a vCPU', { timeout: 60_000 }, async () => {
    const results = await run(path, of('coloft/checkpoints/2'), of('coloft/failover-secondary/2'))
    expect(results.map(({ verdict, message }) => [verdict, message])).toEqual(
      results.map(() => ['known deviation', expect.stringContaining('last-mode is another than mode')]),
    )
  })
})
