/** Variables that follow what is said, for claims that need a memory. */
import type { Observer } from './lang.ts'

/** Follows the MIGRATION events of one side; `again` is an event that announced no change. */
export const announcing = (side: string, name: string, statuses: readonly string[]): Observer => ({
  name,
  values: [...statuses, 'again'],
  follows: statuses
    .filter(status => status !== 'none')
    .map(status => ({
      side,
      event: 'MIGRATION',
      data: { status },
      moves: [
        `${status} -> again`,
        ...[...statuses, 'again'].filter(other => other !== status).map(other => `${other} -> ${status}`),
      ],
    })),
})

/** Follows the MIGRATION events of one side: only the last one counts. */
export const lastSaid = (side: string, name: string, statuses: readonly string[]): Observer => ({
  name,
  values: statuses,
  follows: statuses
    .filter(status => status !== 'none')
    .map(status => ({ side, event: 'MIGRATION', data: { status }, moves: [`-> ${status}`] })),
})
