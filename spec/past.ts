/** The words in which `history.ts` tells of bugs that QEMU had. */
import type { Edit } from './lang.ts'
import type { versions } from './versions.ts'

type Version = (typeof versions)[number]

/** A bug that QEMU had, or has, as an edit of the rules: the rules as they were before it was fixed. */
export interface Bug {
  /** The number of its row in the collection; `--bug N`.  Two entries of one row are the bug in different releases. */
  readonly id: number
  /** In a sentence: what a client of QMP sees. */
  readonly name: string
  /** The commit, the mail or the run that tells of it. */
  readonly cite: string
  /** The releases of QEMU that had it, as the row says: the first and the last, where known. */
  readonly affected: { readonly since?: string; readonly until?: string }
  /** The releases whose rules are edited: those that have been without it since. */
  readonly in: readonly Version[]
  /** What makes of those rules the rules with the bug.  Where a system lacks a rule, that edit says nothing of it. */
  readonly edits: readonly Edit[]
  /** What has to notice: claims by their names, whose verdict changes; or `transcript`, where only what is said does. */
  readonly expect: readonly string[]
}

/** A row that no edit of rules can be, and why. */
export interface Beyond {
  readonly id: number
  readonly name: string
  readonly cite: string
  readonly why: string
}

/** A rule that some release has or had is in force in all that follow. */
export const back = (...names: readonly string[]): Edit[] =>
  names.map(change => ({ change, to: { since: undefined, until: undefined } }))

/** A rule is not there. */
export const gone = (...names: readonly string[]): Edit[] => names.map(drop => ({ drop }))
