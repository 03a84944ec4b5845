/** The rules written out: arrows of QAPI's enumerations, and what each command is answered at each value. */
import {
  type Answer,
  type AnsweredAt,
  type Arrow,
  answersOf,
  arrowsOf,
  joinAnswers,
  joinArrows,
  type TakenArrow,
} from '../impl/arrows.ts'
import type { FlatRule } from '../impl/flat.ts'
import { flatten } from '../impl/flatten.ts'
import { type Reach, reach, startsOf } from '../impl/reach.ts'
import type { System } from '../spec/lang.ts'
import { held, roles } from '../spec/qapi.ts'
import { pair, systems } from '../spec/systems.ts'

/** What one release comes to, by what holds everything at once. */
export interface ReleaseRows {
  readonly version: string
  /** The rules that there are, by id. */
  readonly rules: ReadonlyMap<string, FlatRule>
  /** The ids of the rules that some state leads to, as far as can be told without exploring. */
  readonly taken: ReadonlySet<string>
  readonly arrows: ReadonlyMap<string, readonly Arrow[]>
  readonly answers: readonly Answer[]
}

/** What can be reached under a release by what holds everything at once.  Takes half a second. */
export function reachOf(version: string): Reach {
  const flat = flatten(pair as unknown as System, version)
  // What is explored may be given more than what holds everything.
  const starts = (systems as unknown as readonly System[]).filter(system => system.explored).map(system => system.start)
  return reach(flat, startsOf(flat, starts))
}

/** Writes out one release. */
export function rowsOf(version: string): ReleaseRows {
  const found = reachOf(version)
  const { flat } = found
  const rows = Map.groupBy(flat.rows, row => row.rule.id)
  const taken = new Set([...rows].flatMap(([id, some]) => (some.some(found.taken) ? [id] : [])))
  const rules = new Map(flat.rules.map(rule => [rule.id, rule]))
  return { version, rules, taken, arrows: arrowsOf(found, held), answers: answersOf(found, held) }
}

/** The rows of several releases together. */
export interface AllRows {
  readonly releases: readonly ReleaseRows[]
  readonly arrows: readonly TakenArrow[]
  readonly commands: readonly AnsweredAt[]
}

/** Writes out several releases. */
export function rowsOfAll(versions: readonly string[]): AllRows {
  const releases = versions.map(rowsOf)
  return { releases, arrows: joinArrows(releases), commands: joinAnswers(releases, roles.migration) }
}
