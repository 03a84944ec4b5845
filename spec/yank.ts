/**
 * `yank`: shut the migration sockets from a monitor that need not wait for the main loop.
 *
 * The instance exists from the moment a migration is accepted, or listened
 * for, until its sockets are closed.
 */

import { destination } from './destination.ts'
import { fails, machine, outOfBand, returns } from './lang.ts'
import { source } from './source.ts'

/** The statuses in which a destination in postcopy has sockets, or waits for new ones. */
const postcopy = ['postcopy-device', 'postcopy-active', 'postcopy-paused', 'postcopy-recover'] as const

const yank = outOfBand('yank', { instances: [{ type: 'migration' }] })

/** The yank instance `migration`. */
export const yanks = machine(
  'yank',
  { ...source.variables, ...destination.variables },
  {
    monitor: [
      {
        name: 'yank the migration',
        cite: 'util/yank.c:qmp_yank, migration/yank_functions.c:migration_yank_iochannel',
        on: yank,
        where: { thread: '!none' },
        does: { link: 'up ~> cut' },
        says: [returns()],
      },
      {
        name: 'yank the incoming migration',
        cite: 'util/yank.c:qmp_yank, migration/yank_functions.c:migration_yank_iochannel',
        on: yank,
        where: { thread: 'none', incoming: ['setup', 'active', ...postcopy, 'colo'] },
        does: { link: 'up ~> cut' },
        says: [returns()],
      },
      {
        name: 'yank the incoming migration before it is connected',
        cite: 'util/yank.c:qmp_yank',
        on: yank,
        // Until 8.1 a destination that listens is still in none.
        where: { thread: 'none', incoming: 'none', listening: 'yes' },
        does: {},
        says: [returns()],
        until: '8.1',
      },
      {
        name: 'find nothing to yank',
        cite: 'util/yank.c:qmp_yank',
        on: yank,
        where: { thread: 'none', incoming: ['completed', 'failed'] },
        does: {},
        says: [fails('Instance not found', 'DeviceNotFound')],
      },
      {
        name: 'find nothing to yank before any migration',
        cite: 'util/yank.c:qmp_yank',
        on: yank,
        where: { thread: 'none', incoming: 'none', listening: 'no' },
        does: {},
        says: [fails('Instance not found', 'DeviceNotFound')],
      },
    ],
  },
)
