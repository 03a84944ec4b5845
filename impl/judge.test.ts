/** Each kind of claim on systems small enough to see through, with what shows it broken. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Claim,
  command,
  event,
  fault,
  machine,
  type Pattern,
  type Rule,
  type Rules,
  receives,
  returns,
  type System,
  sends,
  system,
  type Variables,
  wire,
} from '../spec/lang.ts'
import { walked } from './agree.ts'
import { RANDOM_VERSION, randomSystem } from './arbitrary.ts'
import type { Flat } from './flat.ts'
import { flatten } from './flatten.ts'
import { Judge, owes, type Verdict, type Witness } from './judge.ts'
import { SpecError } from './move.ts'
import { cellsOf, decode } from './pack.ts'
import { enabled, holds, key, type State, starts, take } from './walk.ts'

const cite = 'f.c:f'
const VERSION = '9.0'

type About = Partial<Omit<Claim, 'kind' | 'where' | 'to' | 'system'>>
const claim = (kind: Claim['kind'], where: Pattern | Pattern[], about: About & { to?: Pattern } = {}): Claim => {
  const { to, ...rest } = about
  return {
    kind,
    name: 'the claim',
    system: 'any',
    where: Array.isArray(where) ? where : [where],
    to: to === undefined ? [] : [to],
    without: [],
    observers: [],
    broken: {},
    seen: {},
    ...rest,
  }
}
const judge = (of: System, about: Claim, version = VERSION): Verdict => new Judge().judge(about, of, version)

/** Goes the way of a witness by the plain reading; answers the states, the start first.  Throws where it is no way. */
function replay({ graph, start, steps, loop }: Witness): State[] {
  const { packed } = graph
  const { flat } = packed
  const at = (number: number): State => decode(packed, graph.states, number * packed.words)
  const states = [at(start)]
  expect(starts(flat).map(key)).toContain(key(states[0] as State))
  for (const { row: id, state } of steps) {
    const here = states[states.length - 1] as State
    const row = enabled(flat, here).find(one => one.id === id)
    if (row === undefined) throw new Error(`row ${id} cannot be taken in ${key(here)}`)
    states.push(take(flat, here, row))
    expect(states[states.length - 1]).toEqual(at(state))
  }
  if (loop !== undefined) expect(states[states.length - 1]).toEqual(states[loop])
  return states
}

/** A verdict as one reads it: the ids of the rules taken, a bar before what repeats. */
function read({ holds: does, witness }: Verdict): string {
  if (witness === undefined) return does ? 'holds' : 'broken'
  replay(witness)
  const { flat } = witness.graph.packed
  const ids = witness.steps.map(({ row }) => flat.rows[row]?.rule.id ?? '?')
  if (witness.loop !== undefined) ids.splice(witness.loop, 0, '|')
  return `${does ? 'holds' : 'broken'}: ${ids.join(' ')}`
}

const whole = (shared: Variables, rules: Rules, start: Pattern = {}): System =>
  system('whole', { about: '', sides: {}, shared, rules: rules as never, start: start as never }) as System

const user = (name: string, lock = 'free'): Rule[] => [
  { name: `${name} enters`, cite, does: { lock: `${lock} -> ${name}`, [name]: 'out -> in' } },
  { name: `${name} leaves`, cite, does: { lock: `${name} -> free`, [name]: 'in -> out' } },
]
const mutex = (rules: Rules = { one: user('a'), two: user('b') }): System =>
  whole({ lock: ['free', 'a', 'b'], a: ['out', 'in'], b: ['out', 'in'] }, rules)
const both = { a: 'in', b: 'in' } as const

/** Two who take two forks, one each side, in these orders. */
function diners(orders: { readonly [name: string]: readonly [string, string] }): System {
  const rules = Object.entries(orders).map(([name, [first, second]]): [string, Rule[]] => [
    name,
    [
      { name: `${name} takes ${first}`, cite, does: { [name]: 'thinks -> holds', [first]: `free -> ${name}` } },
      { name: `${name} eats`, cite, does: { [name]: 'holds -> eats', [second]: `free -> ${name}` } },
      { name: `${name} rests`, cite, does: { [name]: 'eats -> thinks', [first]: '-> free', [second]: '-> free' } },
    ],
  ])
  const fork = ['free', 'x', 'y']
  const who = ['thinks', 'holds', 'eats']
  return whole({ x: who, y: who, left: fork, right: fork }, Object.fromEntries(rules))
}
const circle = diners({ x: ['left', 'right'], y: ['right', 'left'] })
const ordered = diners({ x: ['left', 'right'], y: ['left', 'right'] })

describe('never', () => {
  test('holds where no state is so', () => {
    expect(read(judge(mutex(), claim('never', both)))).toBe('holds')
    expect(read(judge(mutex(), claim('never', [])))).toBe('holds')
  })

  test('is broken by the shortest way to a state that is', () => {
    const broken = mutex({ one: user('a'), two: user('b', '!b') })
    const careless = {
      ...broken,
      rules: { ...broken.rules, two: [{ name: 'b enters', cite, does: { b: 'out -> in' } }] },
    }
    expect(read(judge(careless as System, claim('never', both)))).toBe('broken: a-enters b-enters')
    expect(read(judge(mutex(), claim('never', { lock: 'free' })))).toBe('broken: ')
  })

  test('of a rule is about taking it where the pattern holds', () => {
    const rule = 'a enters'
    expect(read(judge(mutex(), claim('never', { b: 'in' }, { rule })))).toBe('holds')
    expect(read(judge(mutex(), claim('never', { b: 'out' }, { rule })))).toBe('broken: a-enters')
    expect(read(judge(mutex(), claim('never', {}, { rule: 'b leaves' })))).toBe('broken: b-enters b-leaves')
  })

  test('takes any of its patterns', () => {
    expect(read(judge(mutex(), claim('never', [both, { lock: 'b' }])))).toBe('broken: b-enters')
  })

  test('is about the system without some rules, where it says so', () => {
    const entered = claim('never', { b: 'in' }, { without: ['b enters'] })
    expect(read(judge(mutex(), entered))).toBe('holds')
    expect(read(judge(mutex(), { ...entered, without: ['a enters'] }))).toBe('broken: b-enters')
  })
})

describe('sometimes', () => {
  test('holds with the shortest way as its witness', () => {
    expect(read(judge(circle, claim('sometimes', { x: 'eats' })))).toBe('holds: x-takes-left x-eats')
    expect(read(judge(circle, claim('sometimes', { y: 'holds' }, { rule: 'x eats' })))).toBe('broken')
    expect(read(judge(mutex(), claim('sometimes', both)))).toBe('broken')
  })

  test('of a rule holds where it is taken', () => {
    expect(read(judge(ordered, claim('sometimes', { y: 'thinks' }, { rule: 'x rests' })))).toBe(
      'holds: x-takes-left x-eats x-rests',
    )
  })
})

describe('rests', () => {
  test('holds where nobody can act', () => {
    expect(read(judge(circle, claim('rests', {})))).toBe('holds: x-takes-left y-takes-right')
    expect(read(judge(circle, claim('rests', { x: 'eats' })))).toBe('broken')
    expect(read(judge(ordered, claim('rests', {})))).toBe('broken')
  })

  test.each<[string, Partial<Rule>]>([
    ['an operator', { on: command('go') }],
    ['a fault', { on: fault('push') }],
    ['a timer', { may: true }],
  ])('holds where only %s can act', (_, trigger) => {
    const at = { at: ['here', 'there'] }
    const one = (rule: Partial<Rule>) =>
      whole(at, { w: [{ name: 'go', cite, does: { at: 'here -> there' }, ...rule }] })
    expect(read(judge(one(trigger), claim('rests', { at: 'here' })))).toBe('holds: ')
    expect(read(judge(one({}), claim('rests', { at: 'here' })))).toBe('broken')
    // The graph is the same: they may act.
    expect(read(judge(one(trigger), claim('sometimes', { at: 'there' })))).toBe('holds: go')
  })

  test('does not hold where a message waits to be taken', () => {
    const q = { x: ['x'] } as const
    const queue = system('queue', {
      about: '',
      sides: {
        s: [
          machine('s', q, {
            t: [{ name: 'send', cite, on: command('send'), does: {}, says: [returns(), sends('M')] }],
          }),
        ],
        r: [machine('r', q, { t: [{ name: 'take', cite, on: receives('M'), does: {} }] })],
      },
      wires: [wire('s', 'r', 1)],
    }) as System
    expect(read(judge(queue, claim('rests', { 's>r.0': 'M' })))).toBe('broken')
    expect(read(judge(queue, claim('rests', { 's>r.0': 'empty' })))).toBe('holds: ')
    expect(read(judge(queue, claim('leadsTo', { 's>r.0': 'M' }, { to: { 's>r.0': 'empty' } })))).toBe('holds')
  })
})

describe('recovers', () => {
  const machineOf = whole(
    { at: ['up', 'down', 'lost'] },
    {
      network: [{ name: 'fail', cite, on: fault('fail'), does: { at: 'up -> down' } }],
      operator: [{ name: 'repair', cite, on: command('repair'), does: { at: 'down -> up' } }],
      rats: [{ name: 'gnaw', cite, may: true, does: { at: 'down -> lost' } }],
    },
  )

  test('holds where a goal can be reached from everywhere', () => {
    expect(read(judge(machineOf, claim('recovers', { at: 'down' }, { to: { at: 'up' } })))).toBe('holds')
    expect(read(judge(machineOf, claim('recovers', { at: 'up' }, { to: { at: 'up' } })))).toBe('holds')
  })

  test('is broken by the shortest way to where it cannot', () => {
    expect(read(judge(machineOf, claim('recovers', {}, { to: { at: 'up' } })))).toBe('broken: fail gnaw')
  })

  test('may count on some actors only', () => {
    const up = (by: string[]) => claim('recovers', { at: 'down' }, { to: { at: 'up' }, by })
    expect(read(judge(machineOf, up(['operator'])))).toBe('holds')
    expect(read(judge(machineOf, up(['network', 'rats'])))).toBe('broken: fail')
    expect(() => judge(machineOf, up(['operators']))).toThrow(
      new SpecError('claim "the claim": there is no actor "operators" in whole'),
    )
  })
})

describe('leadsTo', () => {
  test('holds where everybody who acts comes there', () => {
    expect(read(judge(ordered, claim('leadsTo', { x: 'holds' }, { to: { x: 'eats' } })))).toBe('holds')
    expect(read(judge(ordered, claim('leadsTo', { x: 'eats' }, { to: { x: 'eats' } })))).toBe('holds')
  })

  test('is broken by a deadlock, where all stay', () => {
    expect(read(judge(circle, claim('leadsTo', { x: 'holds' }, { to: { x: 'eats' } })))).toBe(
      'broken: x-takes-left y-takes-right |',
    )
  })

  test('is broken by who is overtaken for ever, for it is idle now and then', () => {
    const verdict = judge(ordered, claim('leadsTo', { x: 'thinks' }, { to: { x: 'eats' } }))
    expect(read(verdict)).toBe('broken: | y-takes-left y-eats y-rests')
  })
})

describe('a claim', () => {
  test('is as expected where it holds, or is broken in a version that says so', () => {
    const broken = claim('never', { lock: 'a' })
    const known = { ...broken, broken: { [VERSION]: 'a comes first' } }
    const fixed = { ...claim('never', both), broken: { [VERSION]: 'both come' } }
    const expectations = [claim('never', both), broken, known, fixed].map(one => {
      const { holds: does, expected, version, states } = judge(mutex(), one)
      return { does, expected, version, states }
    })
    expect(expectations).toEqual([
      { does: true, expected: true, version: VERSION, states: 3 },
      { does: false, expected: false, version: VERSION, states: 3 },
      { does: false, expected: true, version: VERSION, states: 3 },
      { does: true, expected: false, version: VERSION, states: 3 },
    ])
    expect(judge(mutex(), known, '9.1').expected).toBe(false)
  })

  test('that something is or rests is broken where there is none', () => {
    const gone = { ...claim('sometimes', both), broken: { [VERSION]: 'it was repaired' } }
    expect(judge(mutex(), gone).expected).toBe(true)
  })

  test('can remember what was said', () => {
    const bell: System = system('bell', {
      about: '',
      sides: {
        src: [
          machine(
            'bell',
            { at: ['still', 'rung'] },
            {
              hand: [
                { name: 'ring', cite, does: { at: 'still -> rung' }, says: [event('RING')] },
                {
                  name: 'ring twice',
                  cite,
                  may: true,
                  does: { at: 'still -> rung' },
                  says: [event('RING'), event('RING')],
                },
                { name: 'hush', cite, on: command('hush'), does: { at: 'rung -> still' }, says: [returns()] },
              ],
            },
          ),
        ],
      },
    }) as System
    const rings = {
      name: 'rings',
      values: ['none', 'one', 'two'],
      follows: [{ side: 'src', event: 'RING', moves: ['none -> one', 'one -> two'] }],
    }
    const twice = claim('never', { rings: 'two' }, { observers: [rings] })
    expect(read(judge(bell, twice))).toBe('broken: src/ring-twice')
    expect(read(judge(bell, { ...twice, without: ['src: ring twice'] }))).toBe('broken: src/ring src/hush src/ring')
    expect(read(judge(bell, { ...twice, without: ['ring twice', 'hush'] }))).toBe('holds')
  })

  test.each<[string, Claim, string]>([
    ['variable', claim('never', { c: 'in' }), 'there is no variable "c"'],
    ['variable of the goal', claim('leadsTo', {}, { to: { c: 'in' } }), 'there is no variable "c"'],
    ['value', claim('rests', { a: 'inside' }), 'there is no value "inside"; there are out, in'],
    ['rule', claim('never', {}, { rule: 'a sleeps' }), 'claim "the claim": there is no rule "a sleeps" in whole'],
    [
      'rule of a side',
      claim('never', {}, { rule: 'src: a enters' }),
      'claim "the claim": there is no rule "src: a enters" in whole',
    ],
    [
      'rule left out',
      claim('never', {}, { without: ['a sleeps'] }),
      'claim "the claim": there is no rule "a sleeps" in whole',
    ],
    ['variable of an observer it has not', claim('never', { said: 'again' }), 'there is no variable "said"'],
  ])('with an unknown %s is refused', (_, wrong, message) => {
    expect(() => judge(mutex(), wrong)).toThrow(new SpecError(message))
  })

  test('may name a rule that only some release has', () => {
    const of = system('taps', {
      about: '',
      sides: {
        s: [machine('m', { at: ['a', 'b'] }, { t: [{ name: 'tap', cite, does: { at: 'a -> b' }, since: '9.1' }] })],
      },
    }) as System
    const taps = claim('sometimes', {}, { rule: 's: tap' })
    expect([judge(of, taps, '9.0').holds, judge(of, taps, '9.1').holds]).toEqual([false, true])
    const never = claim('never', {}, { rule: 's: tap' })
    expect([judge(of, never, '9.0').holds, judge(of, never, '9.1').holds]).toEqual([true, false])
    const left = 'claim "the claim": the rule "s: tap" is left out'
    expect(() => judge({ ...of, without: ['tap'] }, taps, '9.1')).toThrow(new SpecError(left))
    expect(() => judge(of, { ...taps, without: ['s: tap'] }, '9.1')).toThrow(new SpecError(left))
  })

  test('is judged on the graph of its own rules and observers, which is kept', () => {
    const explored: string[] = []
    const all = new Judge(packed => {
      explored.push(packed.flat.name)
      return new Judge().graph(mutex(), VERSION)
    })
    const of = mutex()
    for (const kind of ['never', 'sometimes', 'rests'] as const) all.judge(claim(kind, both), of, VERSION)
    expect(explored).toHaveLength(1)
    all.judge(claim('never', both, { without: ['a enters'] }), of, VERSION)
    all.judge(claim('never', both), of, '9.1')
    expect(explored).toHaveLength(3)
  })
})

/** What a claim comes to by the plainest search there is, over plain states. */
function naively(flat: Flat, { kind, where, to, by }: Claim): boolean {
  const { states, steps } = walked(flat)
  const is = (state: State, patterns: readonly Pattern[]) => patterns.some(p => holds(flat, state, cellsOf(flat, p)))
  const all = [...states]
  const owedBy = (state: State) => new Set(enabled(flat, state).flatMap(row => (row.owed ? [row.rule.actor] : [])))
  if (kind === 'never') return !all.some(([, state]) => is(state, where))
  if (kind === 'sometimes') return all.some(([, state]) => is(state, where))
  if (kind === 'rests') return all.some(([, state]) => is(state, where) && owedBy(state).size === 0)
  const goals = new Set(all.flatMap(([name, state]) => (is(state, to) ? [name] : [])))
  const froms = all.flatMap(([name, state]) => (is(state, where) ? [name] : []))
  const actorOf = (row: number) => flat.rows[row]?.rule.actor ?? ''
  const reach = (from: string, through: (step: { from: string; row: number; to: string }) => boolean): Set<string> => {
    const seen = new Set([from])
    for (const here of seen) for (const step of steps) if (step.from === here && through(step)) seen.add(step.to)
    return seen
  }
  if (kind === 'recovers') {
    return froms.every(from =>
      [...reach(from, ({ row }) => by?.includes(actorOf(row)) ?? true)].some(name => goals.has(name)),
    )
  }
  // A path that never comes to a goal ends up going round among states that reach each other without one.
  const within = (step: { from: string; to: string }) => !goals.has(step.from) && !goals.has(step.to)
  const avoiding = new Set(froms.filter(from => !goals.has(from)).flatMap(from => [...reach(from, within)]))
  const reaches = new Map([...avoiding].map(name => [name, reach(name, within)]))
  return ![...avoiding].some(home => {
    const round = [...(reaches.get(home) ?? [])].filter(other => reaches.get(other)?.has(home))
    const actors = new Set(flat.rows.flatMap(row => (row.owed ? [row.rule.actor] : [])))
    return [...actors].every(actor => {
      const idle = round.some(name => !owedBy(states.get(name) as State).has(actor))
      const acts = steps.some(
        ({ from, row, to: next }) =>
          flat.rows[row]?.owed === true && actorOf(row) === actor && round.includes(from) && round.includes(next),
      )
      return idle || acts
    })
  })
}

/** A few patterns over the variables of a system, as the numbers say. */
function patternsOf(flat: Flat, numbers: readonly number[]): Pattern[] {
  return numbers.map(number => {
    const { name, values } = flat.variables[number % flat.variables.length] ?? { name: '', values: [] }
    const value = values[Math.floor(number / 7) % values.length] ?? ''
    return { [name]: number % 3 === 0 ? `!${value}` : value }
  })
}

describe('on random systems', () => {
  const some = fc.array(fc.nat({ max: 10_000 }), { minLength: 1, maxLength: 2 })
  const found = new Map<string, number>()

  test.each(['never', 'sometimes', 'rests', 'recovers', 'leadsTo'] as const)('%s is what a naive search says', kind => {
    fc.assert(
      fc.property(randomSystem, some, some, fc.boolean(), (of, where, to, anybody) => {
        const flat = flatten(of, RANDOM_VERSION)
        fc.pre(walked(flat).states.size <= 60)
        const [first] = flat.actors
        const by = kind === 'recovers' && !anybody && first !== undefined ? { by: [first] } : {}
        const about: Claim = { ...claim(kind, patternsOf(flat, where)), to: patternsOf(flat, to), ...by }
        const verdict = judge(of, about, RANDOM_VERSION)
        expect(verdict.holds).toBe(naively(flat, about))
        found.set(`${kind} ${verdict.holds}`, (found.get(`${kind} ${verdict.holds}`) ?? 0) + 1)
        if (verdict.witness === undefined) return
        const states = replay(verdict.witness)
        const last = states[states.length - 1] as State
        const fits = (state: State, patterns: readonly Pattern[]) =>
          patterns.some(pattern => holds(flat, state, cellsOf(flat, pattern)))
        if (kind !== 'leadsTo') expect(fits(last, about.where)).toBe(true)
        else {
          // From the last place that is p on, no q; and nobody who owes a step is put off in the loop.
          const begin = states.findLastIndex(
            (state, i) => fits(state, about.where) && !states.slice(i).some(s => fits(s, about.to)),
          )
          expect(begin).toBeGreaterThanOrEqual(0)
          expect(begin === -1 ? [] : states.slice(begin).filter(state => fits(state, about.to))).toEqual([])
          expect(putOff(verdict.witness, states)).toEqual([])
        }
      }),
      { numRuns: 250 },
    )
    // Both verdicts came up often enough to mean something.
    expect(Math.min(found.get(`${kind} true`) ?? 0, found.get(`${kind} false`) ?? 0)).toBeGreaterThan(5)
  })
})

/** The actors that could act all along the loop of a witness and never do. */
function putOff({ graph, steps, loop = 0 }: Witness, states: readonly State[]): string[] {
  const { flat } = graph.packed
  const round = states.slice(loop)
  const acted = new Set(
    steps.slice(loop).flatMap(({ row }) => {
      const { owed, rule } = flat.rows[row] ?? { owed: false, rule: undefined }
      return owed && rule !== undefined ? [rule.actor] : []
    }),
  )
  const owing = (state: State) => new Set(enabled(flat, state).flatMap(row => (row.owed ? [row.rule.actor] : [])))
  return flat.actors.filter(actor => !acted.has(actor) && round.every(state => owing(state).has(actor)))
}

test('a state owes a step as its rows do', () => {
  const graph = new Judge().graph(circle, VERSION)
  const owed = Array.from({ length: graph.size.states }, (_, n) => owes(graph, n))
  expect(owed.filter(one => !one)).toHaveLength(1)
})
