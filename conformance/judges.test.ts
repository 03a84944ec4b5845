/** Judges on threads of their own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { judges } from './judges.ts'
import { readTranscript } from './transcript.ts'
import { validate } from './validate.ts'

const kept = (name: string) => {
  const path = join(import.meta.dirname, 'transcripts/recorded', name)
  return readTranscript(readFileSync(path, 'utf8'), name)
}
const honest = kept('abort-after-completed-1.ndjson')
const lies = { ...honest, lines: honest.lines.filter(({ msg }) => msg.event !== 'STOP') }

test('judge as the one at hand does, and hold nobody up', { timeout: 60_000 }, async () => {
  const { validate: later, close } = judges(2)
  let late = 0
  let last = performance.now()
  const clock = setInterval(() => {
    late = Math.max(late, performance.now() - last)
    last = performance.now()
  }, 5)
  try {
    const before = performance.now()
    const found = await Promise.all([honest, lies, honest].map(one => later(one)))
    const took = performance.now() - before
    // Whatever the machine does besides: had it been judged here, all of it would have come at once.
    expect(late).toBeLessThan(took / 2)
    expect(found).toEqual([validate(honest), validate(lies), validate(honest)])
    expect(found[1]?.verdict).toBe('violates')
  } finally {
    clearInterval(clock)
    await close()
  }
})

test('a judge that fails says why, and the next transcript is judged all the same', { timeout: 60_000 }, async () => {
  const { validate: later, close } = judges(1)
  try {
    await expect(later({ ...honest, lines: 7 as never })).rejects.toThrow(/lines/)
    expect((await later(honest)).verdict).toBe(validate(honest).verdict)
  } finally {
    await close()
  }
})

test('what is too hard for a judge is given up, and the next one judged', { timeout: 60_000 }, async () => {
  const { validate: later, needed, close } = judges(1, 30)
  try {
    // Before it has so much as read the rules.
    expect(await later(honest)).toMatchObject({ verdict: 'inconclusive', message: expect.stringMatching(/in time$/) })
    expect(await needed(honest, '11.1', [])).toEqual([])
  } finally {
    await close()
  }
})

test('judges that are let go leave nobody waiting', async () => {
  const { validate: later, close } = judges(1)
  const waiting = [later(honest), later(honest)].map(one => expect(one).rejects.toThrow('its judge was let go'))
  await close()
  await Promise.all(waiting)
})
