/** Every command has an answer in every state in which the main loop handles one. */
import { expect, test } from 'vitest'
import { explore } from '../impl/explore.ts'
import { flatten } from '../impl/flatten.ts'
import { pack } from '../impl/pack.ts'
import { unanswered } from '../impl/silence.ts'
import type { System } from './lang.ts'
import { handled } from './run-state.ts'
import { systems } from './systems.ts'
import { versions } from './versions.ts'

const all = systems as unknown as readonly System[]
const newest = versions[versions.length - 1] ?? ''
/** Larger than the others, and made of the same machines: what they answer is seen in those. */
const large = ['any guest', 'COLO of a guest that stops', 'COLO on one side', 'quit', 'COLO pair']
const explored = all.filter(system => system.explored && !large.includes(system.name))

const asking = (system: System) =>
  Object.values(system.sides).some(machines => machines.some(({ name }) => name === 'status as proposed'))

/** Whether every machine that speaks of a command is on that side; half of what is answered is no silence. */
const isWhole = (system: System, side: string, command: string): boolean => {
  const here = new Set((system.sides[side] ?? []).map(({ name }) => name))
  const whole = all.find(one => !one.explored)?.sides[side] ?? []
  return whole
    .filter(
      ({ rules, queries }) =>
        queries.some(query => query.command === command) ||
        Object.values(rules).some(list =>
          list.some(({ on }) => on !== undefined && 'command' in on && on.command === command),
        ),
    )
    .every(({ name }) => here.has(name))
}

test.each(explored.filter(system => !asking(system)).map(system => [system.name, system] as const))(
  'in %s every command that it does not leave out is answered in every state',
  { timeout: 60_000 },
  (_name, system) => {
    const left = system.without.flatMap(name =>
      Object.values(system.sides)
        .flat()
        .flatMap(machine => Object.values(machine.rules).flat())
        .filter(rule => name === rule.name || name.endsWith(`: ${rule.name}`))
        .flatMap(({ on }) => (on !== undefined && 'command' in on ? [on.command] : [])),
    )
    const graph = explore(pack(flatten(system, newest)))
    const silent = unanswered(graph, { where: handled, limit: 1 }).filter(
      ({ side, command }) => !left.includes(command) && isWhole(system, side, command),
    )
    expect(silent.map(({ side, command, asked, count }) => ({ side, command, asked, count }))).toEqual([])
  },
)
