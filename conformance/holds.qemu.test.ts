/** Each migration status is reached and held on real QEMUs, as spec/holds.ts says. */
import { describe, expect, test } from 'vitest'
import { fleeting, type Stand, stands, told, within } from '../spec/holds.ts'
import { type Act, asks, type Case, freeze, kill, wait } from '../spec/script.ts'
import { qemusForTests } from './binaries.ts'
import { judge } from './conform.ts'
import { type Run, run } from './run.ts'
import { launched } from './stage.ts'
import { validate } from './validate.ts'

const { qemus, reason } = qemusForTests()

/** Pairs that run side by side: most of the time they wait. */
const atOnce = 4

/** Goes there, waits, looks whether it still is so, and ends both before anything can go on. */
function caseOf({ at, status, capabilities, script, guest, untold }: Stand, version: string): Case {
  const other = at === 'src' ? 'dst' : 'src'
  const seen = untold !== undefined && within(untold, version) ? 'none' : status
  return {
    id: `hold/${at}-${status}/1`,
    description: 'Goes there.',
    expectation: 'It stays.',
    sides: ['src', 'dst'],
    capabilities,
    ...(guest && { guest }),
    script: [
      ...script,
      wait(0.3),
      asks(at, 'query-migrate', told(seen), 1),
      // Who stands still cannot be about to exit because its peer is gone.
      freeze(other),
      kill(at),
      kill(other),
    ],
  }
}

/** The last status that a side has announced; none before the first. */
const last = ({ transcript }: Run, side: string): string => {
  const line = transcript.lines.findLast(({ side: at, msg }) => at === side && msg.event === 'MIGRATION')
  return String((line?.msg.data as { status?: string } | undefined)?.status ?? 'none')
}

/** How often a stand is tried: a machine that has other things to do may be too slow for a moment that is short. */
const tries = 3

async function hold(
  stand: Stand,
  path: string,
  version: string,
  left = tries - 1,
): Promise<{ done: Run; problem: string | undefined }> {
  const done = await run(caseOf(stand, version), launched(path), { seed: 1, replyMs: 2000 })
  const { at, status } = stand
  const judged = judge(done, validate)
  const problems = [
    ...(done.short === undefined ? [] : [`it ended with: ${done.short}`]),
    ...(last(done, at) === status ? [] : [`it last announced ${last(done, at)}`]),
    ...(judged.verdict === 'violates' ? [judged.message] : []),
  ]
  // What violates the rules is never tried again.
  if (problems.length > 0 && judged.verdict !== 'violates' && left > 0) return hold(stand, path, version, left - 1)
  return { done, problem: problems.length === 0 ? undefined : `${at} ${status}: ${problems.join('; ')}` }
}

describe.skipIf(reason).each(qemus)(`QEMU $version${reason}`, ({ path, version }) => {
  test('reaches and holds every status that it can', { timeout: 120_000 }, async () => {
    const waiting = stands.filter(stand => within(stand, version))
    const ran: { done: Run; problem: string | undefined }[] = []
    const worker = async () => {
      for (let stand = waiting.shift(); stand !== undefined; stand = waiting.shift())
        ran.push(await hold(stand, path, version))
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    expect(ran.flatMap(({ problem }) => problem ?? [])).toEqual([])
    // What cannot be kept was announced on the way, unless it cannot be had.
    const announced = new Set(
      ran.flatMap(({ done }) =>
        done.transcript.lines.flatMap(({ side, msg }) =>
          msg.event === 'MIGRATION' ? [`${side} ${(msg.data as { status: string }).status}`] : [],
        ),
      ),
    )
    const missed = fleeting.filter(
      one => within(one, version) && announced.has(`${one.at} ${one.status}`) !== one.reached,
    )
    expect(missed).toEqual([])
  })

  test('and the check notices one that is not held', { timeout: 60_000 }, async () => {
    const active = stands.find(({ at, status }) => at === 'src' && status === 'active') as Stand
    const unbound = (act: Act) => act.do !== 'send' || act.command !== 'migrate-set-parameters'
    const { problem } = await hold({ ...active, script: active.script.filter(unbound) }, path, version)
    expect(problem).toContain('it last announced completed')
  })
})
