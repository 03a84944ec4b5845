/** Bugs that QEMU had, for a reference endpoint that is to have them too. */
import { slug } from '../impl/flat.ts'
import { beyond, bugs } from '../spec/history.ts'
import type { Edit } from '../spec/lang.ts'
import type { Bug } from '../spec/past.ts'

/** There is no such bug, or it cannot be had. */
export class BugError extends Error {
  override readonly name = 'BugError'
}

/** A bug with what makes it. */
export interface FoundBug {
  readonly bug: Bug
  /** None where the release has it anyway. */
  readonly edits: readonly Edit[]
}

const line = ({ id, name }: { readonly id: number; readonly name: string }): string => `  ${id}  ${name}`

/**
 * The bug of this number, or of a name that these words are found in.
 *
 * @throws BugError
 */
export function findBug(wanted: string, version: string): FoundBug {
  const isNumber = /^\d+$/.test(wanted)
  const named = bugs.filter(({ id, name }) => (isNumber ? id === Number(wanted) : slug(name).includes(slug(wanted))))
  // One row of history may be another edit in other releases.
  const here = named.filter(bug => (bug.in as readonly string[]).includes(version))
  const found = here.length > 0 ? here : named
  const lost = beyond.find(({ id }) => isNumber && id === Number(wanted))
  if (lost !== undefined) throw new BugError(`bug ${wanted} is no edit of rules: ${lost.why}`)
  const [bug] = found
  if (bug === undefined || slug(wanted) === '')
    throw new BugError(`there is no bug "${wanted}"; there are\n${bugs.map(line).join('\n')}`)
  if (found.some(({ id }) => id !== bug.id))
    throw new BugError(`"${wanted}" is more than one bug:\n${found.map(line).join('\n')}`)
  return { bug, edits: here.flatMap(({ edits }) => edits) }
}
