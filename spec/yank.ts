/**
 * `yank`: shut the migration sockets from a monitor that need not wait for the main loop.
 *
 * The instance exists from the moment a migration is accepted, or listened
 * for, until its sockets are closed.
 */

import { destination } from './destination.ts'
import { fails, machine, outOfBand, returns } from './lang.ts'
import { source } from './source.ts'

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
        where: { thread: 'none', incoming: ['setup', 'active', 'colo'] },
        does: { link: 'up ~> cut' },
        says: [returns()],
      },
      {
        name: 'find nothing to yank',
        cite: 'util/yank.c:qmp_yank',
        on: yank,
        where: { thread: 'none', incoming: ['none', 'completed', 'failed'] },
        does: {},
        says: [fails('Instance not found', 'DeviceNotFound')],
      },
    ],
  },
)
