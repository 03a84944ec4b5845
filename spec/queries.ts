/**
 * What the queries answer, as first-match tables, as the C switches are.
 *
 * A query is handled in the main loop under the big lock, like any other
 * in-band command.
 */

import { failover } from './failover.ts'
import { absent, each, machine, present } from './lang.ts'
import { handled, runStates } from './run-state.ts'
import { source } from './source.ts'

const ram = present({ transferred: 0, remaining: 0, total: 0 })
const time = present(1)

/** What one QEMU answers when asked. */
export const queries = machine('queries', { ...source.variables, ...failover.variables }, {}, [
  {
    command: 'query-status',
    cite: 'system/runstate.c:qmp_query_status',
    where: handled,
    tables: [each(runStates, status => [{ vm: status }, { status, running: status === 'running' }] as const)],
  },
  {
    command: 'query-migrate',
    cite: 'migration/migration.c:fill_source_migration_info, migration/migration.c:fill_destination_migration_info',
    where: handled,
    tables: [
      [
        ...each(
          ['active', 'pre-switchover', 'device', 'failing', 'cancelling', 'completed'] as const,
          status => [{ migration: status }, { status, ram, 'total-time': time }] as const,
        ),
        [{ migration: 'failed' }, { status: 'failed', 'error-desc': present('the channel broke'), ram: absent }],
        ...each(
          ['setup', 'cancelled', 'colo'] as const,
          status => [{ migration: status }, { status, ram: absent }] as const,
        ),
        [{ incoming: 'none' }, { status: absent }],
        ...each(
          ['setup', 'active', 'completed', 'failed', 'colo'] as const,
          status => [{ incoming: status }, { status, ram: absent }] as const,
        ),
      ],
    ],
  },
  {
    command: 'query-colo-status',
    cite: 'migration/colo.c:qmp_query_colo_status, migration/colo.c:get_colo_mode',
    where: handled,
    tables: [
      [
        [{ migration: 'colo' }, { mode: 'primary' }],
        [{ incoming: 'colo' }, { mode: 'secondary' }],
        [{}, { mode: 'none' }],
      ],
      each(['none', 'primary', 'secondary'] as const, mode => [{ lastMode: mode }, { 'last-mode': mode }] as const),
      [
        [{ failover: 'none' }, { reason: 'none' }],
        [{ failover: 'completed' }, { reason: 'request' }],
        [{ migration: 'colo' }, { reason: 'processing' }],
        [{}, { reason: 'error' }],
      ],
    ],
  },
])
