import { expect, test } from 'vitest'
import { type OverviewPlan, overviewOf } from './overview.ts'
import { graph } from './toy.ts'

const plan: OverviewPlan = {
  ...{ file: 'toy', system: 'toy', title: 'The door from afar', grid: {} },
  phases: [
    { name: 'welded', where: [{ 'a.door': 'welded' }] },
    { name: 'shut', where: [{ 'a.door': 'shut' }] },
    { name: 'anything else', where: [{}] },
  ],
}

test('states that fit the same pattern are one, and every step between two is on an arrow', () => {
  const { arrows, states } = overviewOf(graph, plan, plan.title)
  expect(arrows.every(({ from, to }) => from !== to)).toBe(true)
  expect(states.map(({ value }) => value)).toContain('shut')
  const { packed, size } = graph
  const door = packed.flat.index.get('a.door') ?? -1
  const moving = packed.flat.rows.filter(row => row.cells.some(({ variable, to }) => variable === door && to >= 0))
  const drawn = new Set(arrows.flatMap(({ rows }) => rows.map(({ id }) => id)))
  expect(size.states).toBeGreaterThan(3)
  // Nothing but what moves the door is on an arrow between patterns of the door alone.
  for (const id of drawn) expect(moving.map(row => row.id)).toContain(id)
})

test('one pattern for all has no arrow', () => {
  expect(overviewOf(graph, { ...plan, phases: [{ name: 'all', where: [{}] }] }, '').arrows).toEqual([])
})
