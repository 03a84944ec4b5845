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
