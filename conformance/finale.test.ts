/** How a run ends: what no event tells is found by asking once everybody has had his time. */
import { expect, test } from 'vitest'
import { cases } from '../spec/cases.ts'
import type { Edit } from '../spec/lang.ts'
import { conform } from './conform.ts'
import { embedded } from './embedded.ts'
import { validate } from './validate.ts'

const of = (id: string) => cases.filter(one => one.id === id)

/** What comes of a case on a reference whose rules have been edited. */
async function verdict(id: string, ...edits: Edit[]) {
  const targets = [embedded('11.1', [], edits)]
  const [result] = await conform({ targets, cases: of(id), seed: 1, repeat: 1, timeoutScale: 1 }, validate)
  return result
}

test('a step that nobody announces is missed in what is answered after the silence', async () => {
  // The guest that has left stays in finish-migrate.
  const forgets: Edit = { change: 'leave the guest to the destination', to: { does: { vm: undefined } } }
  expect(await verdict('precopy/complete/1')).toMatchObject({ verdict: 'conforms' })
  const found = await verdict('precopy/complete/1', forgets)
  expect(found).toMatchObject({ verdict: 'violates', side: 'src' })
  expect(found?.message).toMatch(/the answer \{.*"finish-migrate".*\} to query-status\n {2}could not come here/)
})
