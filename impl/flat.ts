/**
 * What a system is once it is one list of rows: the types that every reading reads.
 */
import type { Match, Options, Rule } from '../spec/lang.ts'
import type { Step } from './move.ts'

/** A variable of the flattened system, with the values it may start at as bits. */
export interface Variable {
  readonly name: string
  readonly values: readonly string[]
  readonly start: number
}

/** What a step shows, and at which side. */
export type Output =
  | { readonly side: string; readonly kind: 'returns'; readonly match: Match }
  | { readonly side: string; readonly kind: 'fails'; readonly class: string; readonly desc: string }
  | { readonly side: string; readonly kind: 'event'; readonly name: string; readonly data: Match }
  | { readonly side: string; readonly kind: 'sends'; readonly message: string; readonly lost: boolean }
  | { readonly side: string; readonly kind: 'exits'; readonly code: number | null }

/** What sets a row off, and at which side (`''` for a rule of the whole). */
export type Cause =
  | {
      readonly side: string
      readonly kind: 'command'
      readonly oob?: true
      readonly name: string
      readonly arguments: Match
      readonly options?: Asked
    }
  | { readonly side: string; readonly kind: 'receives'; readonly name: string }
  | { readonly side: string; readonly kind: 'hangup' }
  | { readonly side: string; readonly kind: 'fault'; readonly name: string }

/** Which options a command sets, and to which value of the variable; those not named it must not mention. */
export interface Asked {
  readonly options: Options
  readonly set: { readonly [option: string]: string }
}

/** A rule as one side of a system has it. */
export interface FlatRule {
  /** `side/rule-name`, or `rule-name` for a rule of the whole. */
  readonly id: string
  readonly side: string
  /** `side: actor`. */
  readonly actor: string
  readonly machine: string
  readonly rule: Rule
}

/** One variable that a row tests, and what it becomes (-1: stays).  */
export interface Cell extends Step {
  readonly variable: number
}

/** One step with every choice taken. */
export interface Row {
  readonly id: number
  readonly rule: FlatRule
  readonly cells: readonly Cell[]
  readonly cause: Cause | undefined
  readonly outputs: readonly Output[]
  /** Weak fairness holds of it: its actor will not put it off for ever. */
  readonly owed: boolean
}

/** A query as one side answers it. */
export interface FlatQuery {
  readonly side: string
  readonly command: string
  readonly cite: string
  /** When it is answered at all. */
  readonly where: readonly Cell[]
  /** The answer matches, of each table, the first row whose cells hold. */
  readonly tables: readonly (readonly { readonly cells: readonly Cell[]; readonly match: Match }[])[]
}

/** A system under one version, ready to be read. */
export interface Flat {
  readonly name: string
  readonly version: string
  readonly variables: readonly Variable[]
  readonly rules: readonly FlatRule[]
  readonly rows: readonly Row[]
  readonly queries: readonly FlatQuery[]
  /** For each side, when an in-band answer may leave the process. */
  readonly answered: readonly (readonly Cell[])[]
  readonly sides: readonly string[]
  readonly actors: readonly string[]
  readonly index: ReadonlyMap<string, number>
}

/** Compares two releases, `9.1` and `10.0`, by number. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [a, b].map(v => v.split('.').map(Number))
  return (x?.[0] ?? 0) - (y?.[0] ?? 0) || (x?.[1] ?? 0) - (y?.[1] ?? 0)
}

/** Whether something with these bounds is in a release. */
export const isIn = (version: string, bounds: { readonly since?: string; readonly until?: string }): boolean =>
  (bounds.since === undefined || compareVersions(bounds.since, version) <= 0) &&
  (bounds.until === undefined || compareVersions(version, bounds.until) <= 0)

/** A rule's name as it stands in ids, file names and anchors. */
export const slug = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
