/** Systems as they are, which edited ones are held against. */
import { explore, type Graph } from '../../impl/explore.ts'
import type { Flat } from '../../impl/flat.ts'
import { flatten } from '../../impl/flatten.ts'
import { type Packed, pack } from '../../impl/pack.ts'
import type { System } from '../../spec/lang.ts'

/** A system of a release as it is. */
export interface Known {
  readonly system: System
  readonly version: string
  readonly flat: Flat
  readonly packed: Packed
  readonly graph: Graph
}

const known = new Map<string, Known>()

/** A system as it is, explored when first asked for; few are kept. */
export function knownOf(system: System, version: string): Known {
  const key = `${version} ${system.name}`
  const found = known.get(key)
  if (found !== undefined) return found
  const flat = flatten(system, version)
  const packed = pack(flat)
  const one = { system, version, flat, packed, graph: explore(packed) }
  if (known.size > 20) known.delete([...known.keys()][0] ?? '')
  known.set(key, one)
  return one
}
