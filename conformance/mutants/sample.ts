/** Which mutants of rules there are, and which of them are tried. */
import { createHash } from 'node:crypto'
import { type Mutant, mutantsOf } from '../../impl/mutate.ts'
import type { Machine, System } from '../../spec/lang.ts'
import { systems } from '../../spec/systems.ts'

const all = systems as unknown as readonly System[]

/** The proposal of 2018 is in no QEMU, and queries have no rules. */
const apart = ['status as proposed', 'queries']

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

/**
 * So many of them, drawn by a seed, as evenly from the operators as from the rules.
 *
 * Each has its place by its own name: where rules come or go, the others are drawn as before, so that a score can be
 * held against an older one.
 */
export function sample<T extends { readonly id: string }>(mutants: readonly T[], count: number, seed: number): T[] {
  const place = ({ id }: T): string => createHash('sha1').update(`${seed} ${id}`).digest('hex')
  return mutants
    .map(mutant => ({ mutant, at: place(mutant) }))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .slice(0, count)
    .map(({ mutant }) => mutant)
}
