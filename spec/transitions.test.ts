import { describe, expect, test } from 'vitest'
import { explore } from '../impl/explore.ts'
import { compareVersions, type Flat, isIn } from '../impl/flat.ts'
import { flatten } from '../impl/flatten.ts'
import { namesOf } from '../impl/move.ts'
import { pack, read } from '../impl/pack.ts'
import { unanswered } from '../impl/silence.ts'
import { guest } from './guest.ts'
import { jobs } from './jobs.ts'
import { type System, system } from './lang.ts'
import { handled, runState, runStates } from './run-state.ts'
import { systems } from './systems.ts'
import { transitions } from './transitions.ts'
import { versions } from './versions.ts'

const shared = { link: ['down', 'up', 'cut'], path: ['shut', 'open'] } as const

/** One QEMU that does not migrate. */
const alone = system('guest', {
  about: 'One QEMU that does not migrate.',
  sides: { src: [runState, guest] },
  shared,
  start: { 'src.vm': ['running', 'prelaunch', 'inmigrate'], 'src.events': 'on' },
})

/** Of what the guest does, only what matters to a snapshot or a dump. */
const namesIn = (rules: { readonly [actor: string]: readonly { readonly name: string }[] }, ...actors: string[]) =>
  actors.flatMap(actor => (rules[actor] ?? []).map(rule => rule.name))
const kept = ['suspend to memory', 'reset the machine', 'wake the guest by itself']
const saved = system('jobs', {
  about: 'One QEMU that saves, loads and dumps.',
  sides: { src: [runState, guest, jobs] },
  shared,
  start: {
    'src.vm': ['running', 'prelaunch', 'inmigrate', 'postmigrate', 'io-error'],
    'src.migration': ['none', 'active'],
    'src.events': 'on',
  },
  without: [
    ...namesIn(guest.rules, 'guest', 'device', 'debugger').filter(name => !kept.includes(name)),
    ...namesIn(guest.rules, 'monitor').filter(name => name.startsWith('set the actions')),
    'ask for a powerdown',
    'ask to quit',
    'be told to end by a signal',
    'be killed',
  ],
})

const own = [alone, saved] as unknown as readonly System[]
const all = [...(systems as unknown as readonly System[]), ...own]

const print = (from: string, to: string): string => `${from} -> ${to}`
const allowed = (version: string) => transitions.filter(transition => isIn(version, transition))

/**
 * Pairs of which the source has been read, and which no rule takes as yet: a
 * background snapshot of a guest that has shut down.
 */
const unwritten: readonly { readonly pair: string; readonly since?: string }[] = [{ pair: print('shutdown', 'paused') }]

/** The pairs that rows may take: those whose both ends a row names, and those that it leads to from several. */
function pairsOf(flat: Flat): { named: Map<string, string>; possible: Set<string> } {
  const named = new Map<string, string>()
  const possible = new Set<string>()
  for (const { cells, outputs, rule } of flat.rows) {
    if (outputs.some(output => output.kind === 'exits')) continue
    for (const { variable, from, to } of cells) {
      const { name, values } = flat.variables[variable] ?? { name: '', values: [] }
      if (to < 0 || !name.endsWith('.vm')) continue
      const starts = namesOf(from & ~(1 << to), values).map(start => print(start, values[to] ?? ''))
      for (const start of starts) possible.add(start)
      if (starts.length === 1) named.set(starts[0] ?? '', rule.id)
    }
  }
  return { named, possible }
}

/** The pairs that steps from reachable states take. */
function taken(of: System, version: string): string[] {
  const { packed, states, size } = explore(pack(flatten(of, version)))
  const at = packed.flat.index.get('src.vm') ?? -1
  const field = packed.fields[at]
  if (field === undefined) throw new Error('no run state')
  const next = new Int32Array(packed.words)
  const found = new Set<string>()
  for (let n = 0; n < size.states; n++) {
    const from = read(states, n * packed.words, field)
    packed.step(states, n * packed.words, next, () => {
      const to = read(next, 0, field)
      if (to !== from) found.add(print(runStates[from] ?? '', runStates[to] ?? ''))
    })
  }
  return [...found].sort()
}

describe.each([...versions])('the run states of QEMU %s', version => {
  const legal = allowed(version).map(({ from, to }) => print(from, to))
  const flats = all.map(of => flatten(of, version))
  const pairs = flats.map(pairsOf)
  const named = new Map(pairs.flatMap(pair => [...pair.named]))
  const possible = new Set(pairs.flatMap(pair => [...pair.possible]))

  test('have as many pairs as the source', () => {
    expect(legal.length).toBe(compareVersions(version, '8.1') < 0 ? 71 : 85)
    expect(new Set(legal).size).toBe(legal.length)
  })

  test('are each led to by a rule, or it is said why not', () => {
    const idle = allowed(version).filter(({ why }) => why !== undefined)
    const rest = allowed(version).filter(({ why }) => why === undefined)
    const missing = rest.map(({ from, to }) => print(from, to)).filter(pair => !possible.has(pair))
    expect(missing.sort()).toEqual(
      unwritten
        .filter(entry => isIn(version, entry))
        .map(({ pair }) => pair)
        .sort(),
    )
    expect(idle.map(({ from, to }) => print(from, to)).flatMap(pair => named.get(pair) ?? [])).toEqual([])
  })

  test('are never led to in a way that ends the process', () => {
    expect([...named].filter(([pair]) => !legal.includes(pair))).toEqual([])
    for (const of of own) expect(taken(of, version).filter(pair => !legal.includes(pair))).toEqual([])
  })

  test('answer every command', () => {
    for (const of of own) {
      const silent = unanswered(explore(pack(flatten(of, version))), { where: handled, limit: 1 })
      expect(silent.map(({ command, asked, count }) => ({ command, asked, count }))).toEqual([])
    }
  })
})

test('every rule of the guest and of its jobs is taken in some version', () => {
  const used = new Set(
    versions.flatMap(version =>
      own.flatMap(of => {
        const graph = explore(pack(flatten(of, version)))
        return graph.packed.flat.rules.filter(rule => !graph.unused.includes(rule.id)).map(rule => rule.rule.name)
      }),
    ),
  )
  const names = [guest, jobs].flatMap(({ rules }) => namesIn(rules, ...Object.keys(rules)))
  // No system that is explored has both dumps and postcopy.
  expect(names.filter(name => !used.has(name))).toEqual([
    'refuse to dump a guest whose memory still comes in behind it',
  ])
})

test('the questions of 2018 are answered', () => {
  const asked = ['inmigrate', 'paused', 'finish-migrate', 'suspended', 'watchdog', 'running'].map(from =>
    print(from, 'colo'),
  )
  const answered = transitions.filter(({ answer }) => answer !== undefined).map(({ from, to }) => print(from, to))
  expect([...asked, print('colo', 'running')].filter(pair => !answered.includes(pair))).toEqual([])
})
