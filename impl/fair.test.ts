/** What fairness demands of whom: places to stay, and loops to go round, for ever. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  command,
  fault,
  hangup,
  machine,
  type Pattern,
  type Rule,
  type Rules,
  type System,
  system,
  type Variables,
  wire,
} from '../spec/lang.ts'
import { walked } from './agree.ts'
import { RANDOM_VERSION, randomSystem } from './arbitrary.ts'
import { explore, linksOf } from './explore.ts'
import { fairTrap } from './fair.ts'
import { flatten } from './flatten.ts'
import { anyOf, cellsOf, decode, pack } from './pack.ts'
import { key } from './walk.ts'

const cite = 'f.c:f'
const rule = (name: string, does: Rule['does'], more: Partial<Rule> = {}): Rule => ({ name, cite, does, ...more })

const whole = (shared: Variables, rules: Rules): System =>
  system('whole', { about: '', sides: {}, shared, rules: rules as never }) as System

/** The fair way never to come from one pattern to another, as rule ids with a bar before what repeats. */
function trap(of: System, from: Pattern, goal: Pattern): string {
  const graph = explore(pack(flatten(of, '9.0')))
  const test = (pattern: Pattern) => anyOf(graph.packed, [cellsOf(graph.packed.flat, pattern)])
  const found = fairTrap(graph, linksOf(graph), test(from), test(goal))
  if (found === undefined) return 'none'
  const ids = found.steps.map(({ row }) => graph.packed.flat.rows[row]?.rule.id)
  ids.splice(found.loop, 0, '|')
  return ids.join(' ')
}

/** A light that somebody switches all the time, and a door that somebody may leave by. */
const room = (leave: Partial<Rule>, who = 'guest') => {
  const light = { light: ['on', 'off'], guest: ['in', 'out'] }
  const switching = [
    rule('switch off', { light: 'on -> off', guest: 'in' }),
    rule('switch on', { light: 'off -> on', guest: 'in' }),
  ]
  const leaving = rule('leave', { guest: 'in -> out' }, leave)
  return whole(light, who === 'host' ? { host: [...switching, leaving] } : { host: switching, [who]: [leaving] })
}
const out = { guest: 'out' }

describe('an actor', () => {
  test('that can act all along acts some day', () => {
    expect(trap(room({}), {}, out)).toBe('none')
  })

  test('that is idle somewhere on the way round may never come to act', () => {
    expect(trap(room({ where: { light: 'off' } }), {}, out)).toBe('| switch-off switch-on')
    expect(trap(room({ where: { light: 'on' } }), {}, out)).toBe('| switch-off switch-on')
  })

  test('that acts for ever in one way need not act in another', () => {
    expect(trap(room({}, 'host'), {}, out)).toBe('| switch-off switch-on')
  })

  test('acts by a step that changes nothing too', () => {
    const restless = whole({ at: ['a', 'b'] }, { one: [rule('turn round', { at: 'a' }), rule('go', { at: 'a -> b' })] })
    expect(trap(restless, {}, { at: 'b' })).toBe('| turn-round')
    const two = whole(
      { at: ['a', 'b'] },
      { one: [rule('turn round', { at: 'a' })], two: [rule('go', { at: 'a -> b' })] },
    )
    expect(trap(two, {}, { at: 'b' })).toBe('none')
  })

  test.each<[string, Partial<Rule>]>([
    ['a command', { on: command('leave') }],
    ['a fault', { on: fault('throw out') }],
    ['a timer', { may: true }],
  ])('owes no step that %s sets off', (_, leave) => {
    expect(trap(room(leave), {}, out)).toBe('| switch-off switch-on')
    expect(
      trap(whole({ guest: ['in', 'out'] }, { guest: [rule('leave', { guest: 'in -> out' }, leave)] }), {}, out),
    ).toBe('|')
  })

  test('owes what it hears', () => {
    const one = { ended: ['no', 'yes'] } as const
    const shared = { link: ['down', 'up'] }
    const listener = machine('listener', one, {
      ear: [{ name: 'hear the end', cite, on: hangup, does: { ended: 'no -> yes' } }],
    })
    const lines = (up: readonly string[]) =>
      system('lines', {
        about: '',
        sides: { src: [machine('talker', { y: ['y'] }, {})], dst: [listener] },
        shared: { link: up },
        wires: [wire('src', 'dst', 1, { variable: 'link', up: 'up' })],
      }) as System
    expect(trap(lines(shared.link), {}, { 'dst.ended': 'yes' })).toBe('none')
    expect(trap(lines(['up', 'down']), {}, { 'dst.ended': 'yes' })).toBe('|')
  })
})

describe('a loop', () => {
  test('may be one of commands only', () => {
    const dance = whole(
      { foot: ['left', 'right'], song: ['on', 'over'] },
      {
        dancer: [
          rule('step', { foot: 'left -> right' }, { on: command('step') }),
          rule('step back', { foot: 'right -> left' }, { on: command('back') }),
        ],
        band: [rule('end', { song: 'on -> over', foot: 'left' })],
      },
    )
    // The band can end while the dancer stands on the left; a dancer who comes back to it now and then puts it off.
    expect(trap(dance, {}, { song: 'over' })).toBe('| step step-back')
  })

  test('has a step, or a pause, of everybody in it', () => {
    const toggle = (name: string): Rule[] => [
      rule(`${name} up`, { [name]: 'down -> up' }),
      rule(`${name} down`, { [name]: 'up -> down' }),
    ]
    const seesaws = whole(
      { a: ['down', 'up'], b: ['down', 'up'], end: ['no', 'yes'] },
      { one: toggle('a'), two: toggle('b') },
    )
    expect(trap(seesaws, {}, { end: 'yes' })).toBe('| a-up b-up a-down b-down')
  })

  test('goes through where somebody is idle, though there is a shorter one', () => {
    // The watchman can stop it at a and b, but not at c, which the short way round does not touch.
    const at = { at: ['a', 'b', 'c'], stopped: ['no', 'yes'] }
    const runs = [
      rule('run', { at: 'a -> b', stopped: 'no' }),
      rule('run back', { at: 'b -> a', stopped: 'no' }),
      rule('run far', { at: 'b -> c', stopped: 'no' }),
      rule('run home', { at: 'c -> a', stopped: 'no' }),
    ]
    const yard = whole(at, { runner: runs, watchman: [rule('stop', { stopped: 'no -> yes', at: '!c' })] })
    expect(trap(yard, {}, { stopped: 'yes' })).toBe('| run run-far run-home')
  })

  test('is not where the goal is passed on every way round', () => {
    const ring = whole(
      { at: ['a', 'b', 'c'] },
      { w: [rule('ab', { at: 'a -> b' }), rule('bc', { at: 'b -> c' }), rule('ca', { at: 'c -> a' })] },
    )
    expect(trap(ring, {}, { at: 'c' })).toBe('none')
    expect(trap(ring, { at: 'b' }, { at: 'a' })).toBe('none')
  })
})

describe('a trap', () => {
  const line = whole(
    { at: ['a', 'b', 'c', 'd', 'e'] },
    {
      walker: [rule('ab', { at: 'a -> b' }), rule('bc', { at: 'b -> c' }), rule('cd', { at: 'c -> d' })],
      other: [rule('ce', { at: 'c -> e' }, { may: true })],
    },
  )

  test('is looked for only after what it starts from', () => {
    // The goal b is passed on the way there, which does not count.
    expect(trap(line, { at: 'c' }, { at: 'b' })).toBe('ab bc cd |')
    expect(trap(line, { at: 'a' }, { at: 'b' })).toBe('none')
    expect(trap(line, { at: 'b' }, { at: 'd' })).toBe('ab bc ce |')
  })

  test('is none where it starts from the goal', () => {
    expect(trap(line, { at: 'd' }, { at: ['d', 'e'] })).toBe('none')
    expect(trap(line, { at: 'd' }, { at: '!d' })).toBe('ab bc cd |')
  })
})

describe('links', () => {
  test('are all steps of a graph', () => {
    fc.assert(
      fc.property(randomSystem, of => {
        const flat = flatten(of, RANDOM_VERSION)
        const plain = walked(flat)
        fc.pre(plain.states.size < 300)
        const graph = explore(pack(flat), { links: flat.rows.length % 2 === 0 })
        const { heads, edges } = linksOf(graph)
        const name = (state: number) => key(decode(graph.packed, graph.states, state * graph.packed.words))
        const found: string[] = []
        for (let state = 0; state < graph.size.states; state++) {
          for (let e = heads[state] ?? 0; e < (heads[state + 1] ?? 0); e++)
            found.push(`${name(state)} ${edges[e * 2 + 1]} ${name(edges[e * 2] ?? 0)}`)
        }
        expect(found.sort()).toEqual(plain.steps.map(({ from, row, to }) => `${from} ${row} ${to}`).sort())
      }),
      { numRuns: 60 },
    )
  })
})
