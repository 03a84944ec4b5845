/**
 * What the queries answer, as first-match tables, as the C switches are.
 *
 * A query is handled in the main loop under the big lock, like any other
 * in-band command.
 */

import { incomingStatuses } from './destination.ts'
import { failover } from './failover.ts'
import { absent, each, machine, present } from './lang.ts'
import { handled, listeners, runStates } from './run-state.ts'
import { source } from './source.ts'

const ram = present({ transferred: 0, remaining: 0, total: 0 })
const time = present(1)

const migrationInfo =
  'migration/migration.c:fill_source_migration_info, migration/migration.c:fill_destination_migration_info'

/** A source whose migration has begun tells of memory, until it has ended in another way than by completing. */
const underWay = each(
  [
    'active',
    'pre-switchover',
    'device',
    'postcopy-device',
    'postcopy-active',
    'postcopy-paused',
    'postcopy-recover-setup',
    'postcopy-recover',
    'failing',
    'cancelling',
    'completed',
  ] as const,
  status => [{ migration: status }, { status, ram, 'total-time': time }] as const,
)

/**
 * `migrate_init()` has let go of what went wrong the last time.  While the connection is sound there is no new
 * error to tell; once it is not, who reads the return path may tell before the status does.
 */
const withoutError = [
  ...each(
    ['active', 'pre-switchover', 'device'] as const,
    status =>
      [
        { migration: status, link: 'up' },
        { status, ram, 'total-time': time, 'error-desc': absent },
      ] as const,
  ),
  [
    { migration: 'completed', others: 'unset' },
    { status: 'completed', ram, 'total-time': time, 'error-desc': absent },
  ],
] as const

/** The other statuses of a source, then those of a destination. */
const others = [
  ...each(
    ['setup', 'wait-unplug', 'cancelled', 'colo'] as const,
    status => [{ migration: status }, { status, ram: absent }] as const,
  ),
  [{ incoming: 'none' }, { status: absent }] as const,
  ...each(
    incomingStatuses.filter(status => status !== 'none'),
    status => [{ incoming: status }, { status, ram: absent }] as const,
  ),
]

/** A destination that failed as a source (until 10.2) does not say why. */
const asSource = [
  [
    { migration: 'failed', incoming: '!none' },
    { status: 'failed', ram: absent },
  ],
] as const

const coloInfo = 'migration/colo.c:qmp_query_colo_status, migration/colo.c:get_colo_mode'

/** The mode now, the mode before, and why it ended; the reason is that of the failover, whatever COLO_EXIT has said. */
const coloStatus = [
  [
    [{ migration: 'colo' }, { mode: 'primary' }],
    [{ incoming: 'colo' }, { mode: 'secondary' }],
    [{}, { mode: 'none' }],
  ],
  each(['none', 'primary', 'secondary'] as const, mode => [{ lastMode: mode }, { 'last-mode': mode }] as const),
  [
    [{ failover: 'none' }, { reason: 'none' }],
    [{ failover: 'completed' }, { reason: 'request' }],
    // Of a failover that is going on, only a primary says so: a secondary's is an error, relaunch included.
    [{ migration: 'colo' }, { reason: 'processing' }],
    [{}, { reason: 'error' }],
  ],
] as const

/** What one QEMU answers when asked. */
export const queries = machine('queries', { ...source.variables, ...failover.variables, listen: listeners }, {}, [
  {
    command: 'query-status',
    cite: 'system/runstate.c:qmp_query_status',
    where: handled,
    tables: [each(runStates, status => [{ vm: status }, { status, running: status === 'running' }] as const)],
  },
  {
    command: 'query-migrate',
    cite: migrationInfo,
    where: handled,
    tables: [[...underWay, [{ migration: 'failed' }, { status: 'failed', ram: absent }], ...others]],
    // Whoever read the return path told nobody why it ended.
    until: '8.1',
  },
  {
    command: 'query-migrate',
    cite: migrationInfo,
    where: handled,
    tables: [
      [
        ...underWay,
        ...asSource,
        [
          { migration: 'failed', reason: 'unknown' },
          { status: 'failed', 'error-desc': absent, ram: absent },
        ],
        [{ migration: 'failed' }, { status: 'failed', 'error-desc': present('the channel broke'), ram: absent }],
        ...others,
      ],
    ],
    since: '8.2',
    until: '9.2',
  },
  {
    command: 'query-migrate',
    cite: `${migrationInfo}, migration/migration.c:process_incoming_migration_co, migration/migration.c:migrate_init`,
    where: handled,
    tables: [
      [
        ...withoutError,
        ...underWay,
        ...asSource,
        [
          { migration: 'failed', reason: 'unknown' },
          { status: 'failed', 'error-desc': absent, ram: absent },
        ],
        [{ migration: 'failed' }, { status: 'failed', 'error-desc': present('the channel broke'), ram: absent }],
        // A destination that failed over the stream says why; one that failed before there was any, or in postcopy, may not.
        [
          { incoming: 'failed', coroutine: 'done', listen: 'none' },
          { status: 'failed', 'error-desc': present('the stream broke'), ram: absent },
        ],
        ...others,
      ],
    ],
    since: '10.0',
  },
  {
    command: 'query-colo-status',
    cite: coloInfo,
    where: handled,
    tables: coloStatus,
    until: '8.0',
  },
  {
    command: 'query-colo-status',
    cite: coloInfo,
    // Since 8.1 it is not there at all without replication; see `failover.ts`.
    where: { ...handled, replication: 'built' },
    tables: coloStatus,
    since: '8.1',
  },
])
