/**
 * Bugs that QEMU had, as edits of the rules: the rules as they were before the
 * fix, put back into the releases that have it.
 *
 * `lockstep mutants` runs each and says who notices; `lockstep serve --bug N`
 * serves a reference that has it.
 */
import { coloBugs } from './history-colo.ts'
import { postcopyBugs } from './history-postcopy.ts'
import { beyondPrecopy, precopyBugs } from './history-precopy.ts'
import type { Beyond, Bug } from './past.ts'

export type { Beyond, Bug } from './past.ts'

/** Every bug that is an edit of rules, by the number of its row. */
export const bugs: readonly Bug[] = [...precopyBugs, ...postcopyBugs, ...coloBugs].sort((a, b) => a.id - b.id)

/** Every row that is none, with the reason. */
export const beyond: readonly Beyond[] = beyondPrecopy
