/** Walks on the reference: what they say of a sound one, and how short a failure becomes. */
import { expect, test } from 'vitest'
import { embedded } from './embedded.ts'
import { validate } from './validate.ts'
import { wander } from './walk.ts'

const target = embedded('11.1')

test('a sound endpoint walks without a failure', { timeout: 60_000 }, async () => {
  const outcome = await wander(target, validate, { walks: 3, seed: 1, version: '11.1', timeoutScale: 1 })
  expect(outcome.walks).toBe(3)
  expect(outcome.failure).toBeUndefined()
})

test('a failure is made as short as it can be, and found again by its path', { timeout: 120_000 }, async () => {
  // A judge that forbids something which every walk does: no step is needed for that.
  const strict: typeof validate = (transcript, options) => ({ ...validate(transcript, options), verdict: 'violates' })
  const options = { walks: 5, seed: 3, version: '11.1', timeoutScale: 1, shrinkSeconds: 30, tries: 1 }
  const { failure } = await wander(target, strict, options)
  expect(failure?.walk.steps).toEqual([])
  const again = await wander(target, strict, { ...options, path: failure?.path ?? '' })
  expect(again.failure?.first).toEqual(failure?.walk)
})
