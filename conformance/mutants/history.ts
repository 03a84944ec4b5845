/** The bugs of the past on trial: who notices each, in each release that is without it. */

import { claims } from '../../spec/claims.ts'
import { bugs } from '../../spec/history.ts'
import type { Bug } from '../../spec/past.ts'
import { versions } from '../../spec/versions.ts'
import { broken, touchedBy, tryEdits } from './trial.ts'

/** What came of one bug in one release. */
export interface Told {
  readonly id: number
  readonly version: string
  readonly noticed: boolean
  /** The claim whose verdict changes. */
  readonly claim?: string
  /** What the unedited rules said of a run of the edited ones. */
  readonly run?: string
}

/** Holds the claims, all or those that are expected to notice, and the unedited rules against a bug. */
export function tellBug(bug: Bug, version: string, seed: number): Told {
  const { id, edits, expect } = bug
  // A bug that the rules of every release have is a claim that every release breaks.
  if (edits.length === 0) {
    const known = claims.find(({ name, broken: by }) => expect.includes(name) && by[version] !== undefined)
    return { id, version, noticed: known !== undefined, ...(known && { claim: known.name }) }
  }
  let claim: string | undefined
  for (const { system, changedTo } of touchedBy(edits)) {
    if (!claims.some(one => one.system === system.name && expect.includes(one.name))) continue
    claim = broken(system, changedTo, version, expect)
    if (claim !== undefined) break
  }
  const { verdict, what } = tryEdits(edits, version, { runs: 6, systems: 2, seed, claims: false })
  const run = verdict === 'noticed' ? what.split('\n')[0] : undefined
  return {
    id,
    version,
    noticed: claim !== undefined || run !== undefined,
    ...(claim !== undefined && { claim }),
    ...(run !== undefined && { run }),
  }
}

/** Every bug in every release that is without it. */
export const tellHistory = (only: readonly string[] = versions, seed = 1): Told[] =>
  bugs.flatMap(bug => bug.in.filter(version => only.includes(version)).map(version => tellBug(bug, version, seed)))
