/** Whether the bugs of the past are edits of the rules that are there. */
import { expect, test } from 'vitest'
import { editedWhere } from '../impl/edit.ts'
import { flatten } from '../impl/flatten.ts'
import { beyond, bugs } from './history.ts'
import type { System } from './lang.ts'
import { systems } from './systems.ts'

const all = systems as unknown as readonly System[]
/** Rules as text.  The capabilities make nine rows of ten, and one bug is about them: they are apart. */
const pair = all.find(system => system.name === 'pair') as System
const setting = all.find(system => system.name === 'capabilities') as System
const lean: System = {
  ...pair,
  sides: Object.fromEntries(
    Object.entries(pair.sides).map(([side, machines]) => [
      side,
      machines.filter(({ name }) => name !== 'capabilities'),
    ]),
  ),
}
const text = (system: System, version: string): string => {
  const { rows, queries } = flatten(system, version)
  return JSON.stringify([rows, queries])
}
const before = new Map<string, string>()
const textBefore = (system: System, version: string): string => {
  const key = `${system.name} ${version}`
  const known = before.get(key) ?? text(system, version)
  before.set(key, known)
  return known
}

test('rows are told of once', () => {
  const told = [...bugs, ...beyond].map(({ id }) => id)
  expect(told.filter((id, i) => told.indexOf(id) !== i)).toEqual([])
  expect(bugs.map(({ id }) => id)).toEqual(bugs.map(({ id }) => id).toSorted((a, b) => a - b))
})

test('each edit finds a rule of the whole pair, or of some system', () => {
  const lost = bugs.flatMap(({ id, edits }) =>
    edits.filter(edit => all.every(system => editedWhere(system, [edit]) === undefined)).map(edit => ({ id, edit })),
  )
  expect(lost).toEqual([])
})

test.each(bugs.filter(({ edits }) => edits.length > 0).map(bug => [bug.id, bug] as const))(
  'row %s changes the rules of each of its releases',
  { timeout: 60_000 },
  (_, bug) => {
    const system = editedWhere(lean, bug.edits) === undefined ? setting : lean
    const changed = editedWhere(system, bug.edits) ?? system
    for (const version of bug.in) expect(text(changed, version) !== textBefore(system, version)).toBe(true)
  },
)
