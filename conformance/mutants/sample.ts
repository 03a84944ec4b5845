/** Which mutants of rules there are, and which of them are tried. */
import { Chance } from '../../impl/chance.ts'
import { type Mutant, mutantsOf } from '../../impl/mutate.ts'
import type { Machine, System } from '../../spec/lang.ts'
import { systems } from '../../spec/systems.ts'

const all = systems as unknown as readonly System[]

/**
 * What is looked at elsewhere: the capabilities are nine rows of ten, each the
 * same check in other words, and the proposal of 2018 is in no QEMU.
 */
const apart = ['status as proposed', 'queries', 'capabilities']

/** The machines of all systems, each once. */
export function machines(): Machine[] {
  const found = new Map<string, Machine>()
  for (const machine of all.filter(({ explored }) => explored).flatMap(({ sides }) => Object.values(sides).flat()))
    if (!apart.includes(machine.name)) found.set(machine.name, machine)
  return [...found.values()]
}

/** All mutants of a release. */
export const everyMutant = (version: string, only?: readonly string[]): Mutant[] =>
  machines()
    .filter(({ name }) => only === undefined || only.includes(name))
    .flatMap(machine => mutantsOf(machine, version))

/** So many of them, drawn by a seed, as evenly from the operators as from the rules. */
export function sample(mutants: readonly Mutant[], count: number, seed: number): Mutant[] {
  const chance = new Chance(seed)
  const left = [...mutants]
  const drawn: Mutant[] = []
  while (drawn.length < count && left.length > 0) drawn.push(...left.splice(chance.below(left.length), 1))
  return drawn
}
