/** Variables that follow what is said. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { event, machine, type Observer, type Rule, type Says, type System, system } from '../spec/lang.ts'
import { walked } from './agree.ts'
import { RANDOM_VERSION, randomSystem } from './arbitrary.ts'
import type { Flat } from './flat.ts'
import { flatten } from './flatten.ts'
import { SpecError } from './move.ts'
import { watch } from './observer.ts'
import { enabled, key, type State, starts, take, walk } from './walk.ts'

const cite = 'f.c:f'
const status = (name: string): Says => event('STATUS', { status: name })

/** Two sides that say these things, one rule each, as often as they like. */
const talkers = (rules: { readonly [rule: string]: readonly Says[] }): Flat => {
  const one = { x: ['x'] } as const
  const talk = Object.entries(rules).map(([name, says]): Rule<typeof one> => ({ name, cite, does: {}, says }))
  const side = [machine('talker', one, { thread: talk })]
  return flatten(system('talkers', { about: '', sides: { src: side, dst: side } }) as System, '9.0')
}

/** Where an observer comes to as these rules are taken. */
function follow(flat: Flat, observer: Observer, ...rules: readonly string[]): string[] {
  const watched = watch(flat, [observer])
  let state = starts(watched)[0] as State
  return rules.map(id => {
    const rows = enabled(watched, state).filter(row => row.rule.id === id)
    // An observer never stands in the way, and never makes a choice.
    expect(rows).toHaveLength(1)
    for (const row of rows) state = take(watched, state, row)
    return state[observer.name] as string
  })
}

const announced: Observer = {
  name: 'said',
  values: ['none', 'active', 'failed', 'again'],
  follows: ['active', 'failed'].map(name => ({
    side: 'src',
    event: 'STATUS',
    data: { status: name },
    moves: [`${name} -> again`, ...['none', 'active', 'failed', 'again'].map(other => `${other} -> ${name}`)],
  })),
}
const count: Observer = {
  name: 'exits',
  values: ['none', 'one', 'two'],
  follows: [
    { side: 'src', event: 'EXIT', moves: ['none -> one', 'one -> two'] },
    { side: 'src', event: 'STATUS', data: { status: 'setup' }, moves: ['-> none'] },
  ],
}

describe('an observer', () => {
  const flat = talkers({
    activate: [status('active')],
    fail: [status('failed')],
    'activate twice': [status('active'), status('active')],
    'activate and fail': [status('active'), status('failed')],
    exit: [event('EXIT')],
    'exit twice': [event('EXIT'), event('EXIT')],
    'exit and begin': [event('EXIT'), status('setup')],
    'begin and exit': [status('setup'), event('EXIT')],
    wait: [],
  })

  test('is at what was said last, or at `again` when it was said before', () => {
    const path = ['activate', 'wait', 'activate', 'activate', 'fail', 'activate', 'wait'].map(name => `src/${name}`)
    expect(follow(flat, announced, ...path)).toEqual([
      'active',
      'active',
      'again',
      'active',
      'failed',
      'active',
      'active',
    ])
  })

  test('follows all that one step says, in order', () => {
    expect(follow(flat, announced, 'src/activate-twice')).toEqual(['again'])
    expect(follow(flat, announced, 'src/activate', 'src/activate-twice')).toEqual(['active', 'active'])
    expect(follow(flat, announced, 'src/activate', 'src/activate-and-fail')).toEqual(['active', 'failed'])
    expect(follow(flat, count, 'src/exit-twice')).toEqual(['two'])
    expect(follow(flat, count, 'src/exit-and-begin', 'src/begin-and-exit')).toEqual(['none', 'one'])
  })

  test('counts as far as it has values, and stays there until it is reset', () => {
    const path = ['exit', 'exit', 'exit', 'exit-twice', 'begin-and-exit', 'exit'].map(name => `src/${name}`)
    expect(follow(flat, count, ...path)).toEqual(['one', 'two', 'two', 'two', 'one', 'two'])
  })

  test('does not hear the other side, nor other events', () => {
    expect(follow(flat, count, 'dst/exit', 'src/activate', 'dst/exit-twice', 'src/exit')).toEqual([
      'none',
      'none',
      'none',
      'one',
    ])
  })

  test('makes the first move that fits, of the first output that matches', () => {
    const picky: Observer = {
      name: 'at',
      values: ['a', 'b', 'c'],
      follows: [
        { side: 'src', event: 'EXIT', moves: ['a -> b', 'b -> c'] },
        { side: 'src', event: 'EXIT', moves: ['-> a'] },
        { side: 'src', event: 'STATUS', moves: ['!b'] },
        { side: 'src', event: 'STATUS', moves: ['-> a'] },
      ],
    }
    expect(follow(flat, picky, 'src/exit', 'src/exit', 'src/exit', 'src/fail')).toEqual(['b', 'c', 'c', 'c'])
  })

  test('costs nothing where it hears nothing', () => {
    const watched = watch(flat, [count])
    const silent = (of: Flat) => of.rows.filter(row => row.rule.side === 'dst' || row.rule.id === 'src/wait')
    expect(silent(watched).map(row => row.cells)).toEqual(silent(flat).map(row => row.cells))
    expect(watch(flat, [])).toBe(flat)
  })

  test('may not be called as a variable is, nor as another observer', () => {
    expect(() => watch(flat, [{ ...count, name: 'src.x' }])).toThrow(
      new SpecError('observer "src.x" has the name of a variable'),
    )
    expect(() => watch(flat, [count, { ...announced, name: 'exits' }])).toThrow(SpecError)
  })

  test('may not move to a value it does not have', () => {
    const wrong: Observer = { ...count, follows: [{ side: 'src', event: 'EXIT', moves: ['none -> three'] }] }
    expect(() => watch(flat, [wrong])).toThrow(new SpecError('there is no value "three"; there are none, one, two'))
  })
})

describe('on random systems', () => {
  const moved: Observer = {
    name: 'moved',
    values: ['never', 'once', 'twice'],
    follows: [
      { side: 'src', event: 'MOVED', moves: ['never -> once', 'once -> twice'] },
      { side: 'dst', event: 'MOVED', moves: ['-> never'] },
    ],
  }
  const picks = fc.array(fc.nat(), { minLength: 1, maxLength: 25 })

  test('an observer is where a plain reading of what was said has it', () => {
    fc.assert(
      fc.property(randomSystem, picks, (of, picked) => {
        let at = 'never'
        const { start, steps } = walk(watch(flatten(of, RANDOM_VERSION), [moved]), picked)
        expect(start.moved).toBe(at)
        for (const { says, state } of steps) {
          for (const output of says) {
            if (output.kind !== 'event') continue
            at = output.side === 'dst' ? 'never' : at === 'never' ? 'once' : 'twice'
          }
          expect(state.moved).toBe(at)
        }
      }),
    )
  })

  test('what is watched does as it does when nobody watches', () => {
    fc.assert(
      fc.property(randomSystem, of => {
        const flat = flatten(of, RANDOM_VERSION)
        const alone = walked(flat)
        fc.pre(alone.states.size < 300)
        const states = [...walked(watch(flat, [moved])).states.values()]
        const bare = states.map(({ moved: _, ...state }) => key(state as State))
        expect([...new Set(bare)].sort()).toEqual([...alone.states.keys()].sort())
      }),
      { numRuns: 60 },
    )
  })
})
