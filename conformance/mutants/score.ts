/** The score: how many mutants were noticed, of those that can be. */

/** What came of one mutant, as it is kept. */
export interface Kept {
  readonly id: string
  readonly version: string
  readonly machine: string
  readonly operator: string
  readonly verdict: 'noticed' | 'equivalent' | 'survives'
  readonly by: string
  readonly system: string
  readonly what: string
}

/** What came of one change to what a monitor says. */
export interface KeptWire {
  readonly version: string
  readonly kind: string
  /** How many were made whose history no rule allows, by their place. */
  readonly made: number
  readonly noticed: number
}

/** Runs of the unedited rules, and recorded ones of real QEMUs: how many there were, and how many were rejected. */
export interface Honest {
  readonly version: string
  readonly runs: number
  readonly alarms: number
}

/** The file that is kept. */
export interface Power {
  readonly '//': string
  readonly seed: number
  readonly history: readonly { readonly id: number; readonly version: string; readonly by: string }[]
  readonly rules: readonly Kept[]
  readonly wire: readonly KeptWire[]
  readonly honest: readonly Honest[]
}

/** Noticed, of how many that could be. */
export interface Share {
  readonly noticed: number
  readonly of: number
  readonly equivalent: number
}

/** The share of some mutants. */
export const shareOf = (kept: readonly Kept[]): Share => {
  const equivalent = kept.filter(({ verdict }) => verdict === 'equivalent').length
  return {
    noticed: kept.filter(({ verdict }) => verdict === 'noticed').length,
    of: kept.length - equivalent,
    equivalent,
  }
}

/** As people read it. */
export const percent = ({ noticed, of }: { readonly noticed: number; readonly of: number }): string =>
  of === 0 ? '-' : `${((noticed / of) * 100).toFixed(1)} %`

/** Where a score that was measured now is lower than the one that is kept: mutants that were noticed, or cannot be, and survive. */
export function sunkIn(before: Power, now: Power): string[] {
  const once = new Map(before.rules.map(kept => [`${kept.version} ${kept.id}`, kept]))
  const rules = now.rules.flatMap(({ id, version, verdict }) => {
    const was = once.get(`${version} ${id}`)?.verdict
    return verdict === 'survives' && (was === 'noticed' || was === 'equivalent')
      ? [`${version}, ${id} was ${was}, and survives`]
      : []
  })
  const wire = now.wire.flatMap(({ version, kind, made, noticed }) => {
    const was = before.wire.find(one => one.version === version && one.kind === kind)
    return was !== undefined && noticed / made < was.noticed / was.made
      ? [`${version}, lies on the wire, ${kind}: ${noticed} of ${made}, and were ${was.noticed} of ${was.made}`]
      : []
  })
  return [...rules, ...wire]
}
