/** Logs that only a bug of the past explains. */
import { describe, expect, test } from 'vitest'
import { cases } from '../spec/cases.ts'
import { bugs } from '../spec/history.ts'
import { versions } from '../spec/versions.ts'
import { embedded } from './embedded.ts'
import { explainedBy, withBug } from './explained.ts'
import { run } from './run.ts'
import type { Transcript } from './transcript.ts'
import { validate } from './validate.ts'

const newest = versions.at(-1) ?? ''

/** A run of a QEMU of the newest release, with a bug or without. */
async function recorded(id: number | undefined, name: string): Promise<Transcript> {
  const bug = bugs.find(one => one.id === id && one.in.some(version => version === newest))
  const of = cases.find(one => one.id === name)
  if (of === undefined || (bug === undefined) !== (id === undefined)) throw new Error(`no ${name}, or no bug ${id}`)
  return (await run(of, embedded(newest, [], bug?.edits), { seed: 1, timeoutScale: 1 })).transcript
}

describe('a run that the rules do not explain', () => {
  test.each([
    [1, 'precopy/bad-address/1'],
    [9, 'precopy/bad-address/1'],
  ] as const)('is explained by bug %s, which its QEMU has', { timeout: 120_000 }, async (id, name) => {
    const transcript = await recorded(id, name)
    const judgement = validate(transcript)
    expect(judgement).toMatchObject({ verdict: 'violates' })
    const found = withBug(transcript, judgement, 'auto', 60_000)
    expect(found).toMatchObject({ verdict: 'violates', bug: id })
    expect(found.message).toContain(`\n  explained by bug ${id}: `)
  })

  test('is explained by none where it is nonsense, and says how many were tried', { timeout: 120_000 }, async () => {
    const whole = await recorded(undefined, 'precopy/bad-address/1')
    expect(validate(whole).verdict).toBe('conforms')
    const lines = whole.lines.map(line => (line.msg.event === undefined ? line : { ...line, msg: { event: 'RESUME' } }))
    const wrong = {
      ...whole,
      lines: [
        ...lines,
        ...whole.lines.slice(-1).map(line => ({
          ...line,
          line: line.line + 1,
          dir: '<-' as const,
          msg: { event: 'COLO_EXIT', data: { mode: 'primary', reason: 'error' } },
        })),
      ],
    }
    const judgement = validate(wrong)
    expect(judgement.verdict).toBe('violates')
    const { bug, tried, all } = explainedBy(wrong, judgement, 'auto', 60_000)
    expect({ bug, left: all - tried }).toEqual({ bug: undefined, left: 0 })
    expect(withBug(wrong, judgement, 'auto', -1).message).toContain(`0 of ${all} known bugs were tried`)
  })

  test('is looked for where nothing explains it alone', async () => {
    const whole = await recorded(undefined, 'precopy/bad-address/1')
    expect(explainedBy(whole, validate(whole)).all).toBe(0)
  })
})
