import { describe, expect, test } from 'vitest'
import { arrowsOf, GONE } from '../arrows.ts'
import { storyOf } from '../frames.ts'
import { scan } from '../scan.ts'
import { graph } from '../toy.ts'
import { Stories } from './stories.ts'
import { firstSteps, follow, wayTo } from './ways.ts'

const { flat } = graph.packed

describe('the first step on each arrow', () => {
  const firsts = firstSteps(graph, ['a.door'])

  test('is there for every arrow that is drawn, and for no other', () => {
    const drawn = arrowsOf(scan(graph, ['a.door']), 'a.door').map(({ from, to }) =>
      JSON.stringify(['a.door', from, to]),
    )
    expect([...firsts.keys()].sort()).toEqual(drawn.sort())
  })

  test('is the last of a way whose states are told one after the other', () => {
    for (const [key, first] of firsts) {
      const [, from = '', to = ''] = JSON.parse(key) as string[]
      const story = storyOf(graph, wayTo(graph, first), key, ({ id }) => flat.rules.findIndex(rule => rule.id === id))
      const steps = story.frames.map(({ rule }) => flat.rules[rule]?.id)
      expect(steps.every(id => id !== undefined)).toBe(true)
      expect(flat.rows.filter(row => row.rule.id === steps.at(-1)).length).toBeGreaterThan(0)
      expect([from, to === GONE]).not.toEqual([to, false])
    }
  })
})

describe('what follows', () => {
  const all = flat.rules.filter(({ rule }) => rule.on !== undefined && 'command' in rule.on).map(({ id }) => id)

  test('is nothing where nothing begins', () => {
    expect(follow(graph, { where: {}, begins: [], faults: [], until: {}, side: 'a' }, ['a.door'])).toEqual([])
  })

  test('ends at once where it is over as soon as it begins', () => {
    const found = follow(graph, { where: {}, begins: all, faults: [], until: {}, side: 'a' }, ['a.door'])
    expect(found.length).toBeGreaterThan(0)
    for (const { path } of found) expect(all).toContain(flat.rows[path.steps.at(-1)?.row ?? -1]?.rule.id)
  })

  test('goes on to where nobody owes a step', () => {
    const never = { 'a.process': 'gone', 'b.process': 'gone' } as const
    const found = follow(graph, { where: {}, begins: all, faults: [], until: never, side: 'a' }, ['a.door'])
    const next = new Int32Array(graph.packed.words)
    for (const { path } of found) {
      let owed = 0
      const state = path.steps.at(-1)?.state ?? path.start
      graph.packed.step(graph.states, state * graph.packed.words, next, row => {
        if (flat.rows[row]?.owed) owed += 1
      })
      expect(owed).toBe(0)
    }
  })
})

test('a story that is there already has its number', () => {
  const stories = new Stories()
  const [first] = firstSteps(graph, ['a.door']).values()
  if (first === undefined) throw new Error('the toy has no arrows')
  const story = storyOf(graph, wayTo(graph, first), 'one', () => 0)
  expect([stories.add(story), stories.add({ ...story, release: 'another' }), stories.all.length]).toEqual([0, 0, 1])
})
