/** Walks on real QEMU. */
import { describe, expect, test } from 'vitest'
import { qemusForTests } from './binaries.ts'
import { launched } from './stage.ts'
import { validate } from './validate.ts'
import { wander } from './walk.ts'

const { qemus, reason } = qemusForTests()
const newest = qemus.slice(-1)

describe.skipIf(reason).each(newest)(`a walk on QEMU $version${reason}`, ({ path, version }) => {
  test('keeps to the rules, and one that does not is made short', { timeout: 120_000 }, async () => {
    const target = launched(path)
    const options = { walks: 3, seed: 2, version, timeoutScale: 1 }
    const sound = await wander(target, validate, options)
    expect(sound.failure?.judged.message).toBeUndefined()
    expect(sound.walks).toBe(3)
    // A judge who holds a question against whoever was asked: one step is left, and no other.
    const strict: typeof validate = (transcript, given) => {
      const asked = transcript.lines.filter(({ dir, msg }) => dir === '->' && msg.execute === 'query-migrate')
      // At each end it comes twice anyway, to each side.
      return asked.length > 4 ? { ...validate(transcript, given), verdict: 'violates' } : validate(transcript, given)
    }
    const { failure } = await wander(target, strict, { ...options, walks: 20, shrinkSeconds: 20, tries: 1 })
    expect(failure?.walk.steps.length).toBeLessThanOrEqual(failure?.first.steps.length ?? 0)
    expect(failure?.walk.steps.some(act => act.do === 'send' && act.command === 'query-migrate')).toBe(true)
  })
})
