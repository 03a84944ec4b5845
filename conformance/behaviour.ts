/** How a reference endpoint behaves where the rules leave it a choice: soundly, unless something else is wanted. */
import type { Line } from '../impl/director.ts'
import { editedWhere } from '../impl/edit.ts'
import { type Flat, slug } from '../impl/flat.ts'
import { flatten } from '../impl/flatten.ts'
import { isObject } from '../impl/frames.ts'
import type { Reference } from '../impl/reference.ts'
import type { ServeOptions } from '../impl/server.ts'
import { failures, holds } from '../spec/cases.ts'
import { guest } from '../spec/guest.ts'
import type { Edit, Rules, System } from '../spec/lang.ts'
import { pair } from '../spec/systems.ts'

/** What is wanted besides. */
export interface Wishes {
  /** Rules that are taken wherever they can be, though a sound world rules them out. */
  readonly wanted?: readonly string[]
  /** What is to happen on cue. */
  readonly script?: readonly Line[]
  /** Bugs that it is to have, as edits of its rules. */
  readonly edits?: readonly Edit[]
  /** Is told what became of a cue. */
  readonly note?: (text: string) => void
}

/** A pair of this release by its rules, or by its rules with a bug. */
export const flatPair = (version: string, edits: readonly Edit[] = []): Flat =>
  flatten(editedWhere(pair as unknown as System, edits) ?? pair, version)

/** What a guest, its devices and a debugger do of their own accord: nothing, in a guest that has nothing to run. */
const doings = ['guest', 'device', 'debugger'].flatMap(actor =>
  ((guest.rules as Rules)[actor] ?? []).map(rule => slug(rule.name)),
)

/** Of some parameters no rule knows the range, so one says that any value may be refused: here none is. */
const choosy = ['refuse-a-parameter-out-of-its-range']

/** Those ids that are not among others. */
export const without = (all: readonly string[], some: readonly string[]): string[] =>
  all.filter(id => !some.includes(id))

/** Parameters hold a reference where they would hold a QEMU: see `holds`. */
export function obey(reference: Reference, given: unknown): void {
  if (!isObject(given)) return
  for (const { parameter, least, most, rules } of holds) {
    const value = given[parameter]
    if (typeof value !== 'number') continue
    if (value >= least && value <= most) reference.avoid(rules)
    else reference.allow(rules)
  }
}

/** The options of a server that behaves like this. */
export function asWished({ wanted = [] }: Wishes): Pick<ServeOptions, 'prefer'> & {
  readonly avoid: readonly string[]
} {
  return {
    avoid: without([...failures, ...doings, ...choosy], wanted),
    prefer: wanted,
  }
}
