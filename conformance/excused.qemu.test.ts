/** A freeze that the rules allow is found without waiting for it; one that they do not is waited for. */
import { describe, expect, test } from 'vitest'
import { suite } from '../spec/suite.ts'
import { qemusForTests } from './binaries.ts'
import { judge } from './conform.ts'
import { run } from './run.ts'
import { launched } from './stage.ts'
import { validate } from './validate.ts'

const { qemus, reason } = qemusForTests()
/** A vCPU of the destination waits for a page, and `stop` for the vCPU; about every second time. */
const stops = suite.find(({ id }) => id === 'command/stop-in-postcopy-paused/2')
const newest = qemus.slice(-1)

describe.skipIf(reason).each(newest)(`QEMU $version${reason}`, ({ path }) => {
  const freeze = async (allowed: boolean) => {
    const asked: string[] = []
    for (let tries = 0; tries < 8; tries++) {
      const excused = async (transcript: Parameters<typeof validate>[0]) => {
        asked.push(validate(transcript).verdict)
        return allowed
      }
      const done = await run(stops as NonNullable<typeof stops>, launched(path), {
        seed: tries,
        replyMs: 4000,
        excused,
      })
      if (done.frozen !== undefined) return { done, asked, frozen: done.frozen }
    }
    throw new Error('it did not freeze once')
  }

  test('is not waited for where it is allowed to sit in a lock', { timeout: 120_000 }, async () => {
    const { done, frozen, asked } = await freeze(true)
    expect(frozen).toMatchObject({ side: 'dst', command: 'stop', outOfBand: true, stalled: false, excused: true })
    // In the transcript is what the rules were asked about.
    expect(asked.at(-1)).not.toBe('violates')
    const { verdict, expected, message } = judge(done, validate)
    expect({ verdict, expected }).toEqual({ verdict: 'inconclusive', expected: true })
    expect(message).toContain('`stop` sent at')
    expect(message).toContain('its main loop waits for a lock, as the rules allow')
    const waited = done.transcript.lines.findLast(({ msg }) => 'unanswered' in msg)?.msg
    expect(Number(waited?.seconds)).toBe(frozen.seconds)
  })

  test('is waited for where it is not', { timeout: 120_000 }, async () => {
    const { frozen, asked } = await freeze(false)
    expect(asked.length).toBeGreaterThan(0)
    expect(frozen).toEqual(expect.objectContaining({ command: 'stop', seconds: 4, stalled: false }))
    expect(frozen.excused).toBeUndefined()
  })
})
