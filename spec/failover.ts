/**
 * Failover: a lost heartbeat, the status it moves, and the bottom half it schedules.
 *
 * `x-colo-lost-heartbeat` only stores `require` and schedules a bottom half;
 * the main loop runs it when it next comes round, and holds the big lock
 * throughout.  The COLO threads read the failover status without that lock, so
 * every store in the bottom half is a step of its own.
 *
 * How each side leaves COLO is told where its thread is: the primary's half in
 * `colo-primary.ts`.  A secondary between its own state and the primary's puts
 * the failover off (`relaunch`), and its thread asks for it again.
 */

import { coroutines, incomingStatuses } from './destination.ts'
import { absent, command, each, event, fails, machine, present, returns } from './lang.ts'
import { announces, dispatched, handled, migrationStatuses, shared } from './run-state.ts'

const lostHeartbeat = command('x-colo-lost-heartbeat')
const replicate = (what: Parameters<typeof command>[1]) => command('xen-set-replication', what)
const mode = { primary: { migration: 'colo' }, secondary: { incoming: 'colo', migration: '!colo' } } as const

/** `failover_state` and the bottom half; `get_colo_mode()` looks at the outgoing status first, then at the incoming one. */
export const failover = machine(
  'failover',
  {
    ...shared,
    migration: migrationStatuses,
    incoming: incomingStatuses,
    link: ['down', 'up', 'cut'],
    /** `failover_state`, `enum FailoverStatus`. */
    failover: ['none', 'require', 'active', 'completed', 'relaunch'],
    /** Where `colo_failover_bh()` is. */
    half: ['idle', 'scheduled', 'entered', 'stopped', 'left', 'completed'],
    /** `last_colo_mode`. */
    lastMode: ['none', 'primary', 'secondary'],
    /** `vmstate_loading`: the secondary is between its own state and the primary's. */
    loading: ['no', 'yes'],
    /** `MigrationState.colo_exit_event` on the primary, `MigrationIncomingState.colo_incoming_event` on the secondary. */
    released: ['no', 'yes'],
    coroutine: coroutines,
    /** `CONFIG_REPLICATION`: whether this QEMU was built to replicate, which COLO takes for granted. */
    replication: ['built', 'left out'],
  },
  {
    monitor: [
      {
        name: 'accept a lost heartbeat on the primary',
        cite: 'migration/colo-failover.c:failover_request_active',
        on: lostHeartbeat,
        where: { ...handled, ...mode.primary },
        does: { failover: 'none -> require', half: '-> scheduled' },
        says: [returns()],
      },
      {
        name: 'accept a lost heartbeat on the secondary',
        cite: 'migration/colo-failover.c:failover_request_active',
        on: lostHeartbeat,
        where: { ...handled, ...mode.secondary },
        does: { failover: 'none -> require', half: '-> scheduled' },
        says: [returns()],
      },
      {
        name: 'refuse a second lost heartbeat on the primary',
        cite: 'migration/colo-failover.c:failover_request_active',
        on: lostHeartbeat,
        where: { ...handled, ...mode.primary, failover: '!none' },
        does: {},
        says: [fails('COLO failover is already activated')],
      },
      {
        name: 'refuse a second lost heartbeat on the secondary',
        cite: 'migration/colo-failover.c:failover_request_active',
        on: lostHeartbeat,
        where: { ...handled, ...mode.secondary, failover: '!none' },
        does: {},
        says: [fails('COLO failover is already activated')],
      },
      {
        name: 'refuse a lost heartbeat outside COLO',
        cite: 'migration/colo-failover.c:qmp_x_colo_lost_heartbeat',
        on: lostHeartbeat,
        where: { ...handled, migration: '!colo', incoming: '!colo', replication: 'built' },
        does: {},
        says: [fails('VM is not in COLO mode')],
        // The text changed after 7.2 and not after 10.0.
        since: '10.0',
      },
      {
        name: 'refuse a lost heartbeat for want of a feature',
        cite: 'migration/colo-failover.c:qmp_x_colo_lost_heartbeat',
        on: lostHeartbeat,
        where: { ...handled, migration: '!colo', incoming: '!colo' },
        does: {},
        says: [fails("The feature 'colo' is not enabled")],
        until: '9.2',
      },
      {
        name: 'have a checkpoint taken for Xen',
        cite: 'migration/colo.c:qmp_xen_colo_do_checkpoint, replication.c:replication_do_checkpoint_all',
        on: command('xen-colo-do-checkpoint'),
        // Without a replicated disk or a network filter there is nothing to do, and nothing to refuse.
        where: { ...handled, replication: 'built' },
        does: {},
        says: [returns()],
      },
      {
        name: 'start the replication for Xen',
        cite: 'migration/colo.c:qmp_xen_set_replication, replication.c:replication_start_all',
        on: replicate({ enable: true, failover: absent }),
        where: { ...handled, replication: 'built' },
        does: {},
        says: [returns()],
      },
      {
        name: 'stop the replication for Xen',
        cite: 'migration/colo.c:qmp_xen_set_replication, replication.c:replication_stop_all',
        on: replicate({ enable: false }),
        where: { ...handled, replication: 'built' },
        does: {},
        says: [returns()],
      },
      {
        name: 'refuse to start the replication for Xen by a failover',
        cite: 'migration/colo.c:qmp_xen_set_replication',
        on: replicate({ enable: true, failover: present(true) }),
        where: { ...handled, replication: 'built' },
        does: {},
        says: [fails("Parameter 'failover' is only for stopping replication")],
      },
      {
        name: 'tell Xen how the replication fares',
        cite: 'migration/colo.c:qmp_query_xen_replication_status, replication.c:replication_get_error_all',
        on: command('query-xen-replication-status'),
        where: { ...handled, replication: 'built' },
        does: {},
        says: [returns({ error: false })],
      },
      ...each(['xen-colo-do-checkpoint', 'xen-set-replication', 'query-xen-replication-status'], name => ({
        name: `have no ${name}`,
        cite: 'qapi/qmp-dispatch.c:qmp_dispatch',
        on: command(name),
        where: { ...handled, replication: 'left out' } as const,
        does: {},
        says: [fails(`The command ${name} has not been found`, 'CommandNotFound')],
      })),
      ...each(['x-colo-lost-heartbeat', 'query-colo-status'], name => ({
        name: `have no ${name}`,
        cite: 'qapi/qmp-dispatch.c:qmp_dispatch',
        on: command(name),
        where: { ...handled, replication: 'left out' } as const,
        does: {},
        says: [fails(`The command ${name} has not been found`, 'CommandNotFound')],
        // Before, COLO was built all the same, and could not be switched on.
        since: '8.1',
      })),
    ],
    'main loop': [
      {
        name: 'enter the bottom half',
        cite: 'migration/colo-failover.c:colo_failover_bh',
        where: { mainLoop: 'free', quitting: ['no', 'asked', 'signalled'] },
        does: { half: 'scheduled -> entered', bql: 'free -> failover', failover: 'require -> active' },
      },
      {
        name: 'find the request gone',
        cite: 'migration/colo-failover.c:colo_failover_bh',
        where: { ...dispatched, failover: '!require' },
        does: { half: 'scheduled -> idle' },
      },
      {
        name: 'stop the guest for the failover',
        cite: 'migration/colo.c:colo_do_failover',
        does: { half: 'entered -> stopped', vm: 'running -> colo' },
        says: [event('STOP')],
      },
      {
        name: 'find the guest stopped',
        cite: 'migration/colo.c:colo_do_failover',
        does: { half: 'entered -> stopped', vm: '!running' },
      },
      {
        name: 'put off the failover while loading',
        cite: 'migration/colo.c:secondary_vm_do_failover',
        where: { ...mode.secondary, loading: 'yes' },
        does: {
          half: 'stopped -> idle',
          failover: 'active -> relaunch',
          lastMode: '-> secondary',
          bql: 'failover -> free',
        },
      },
      {
        name: 'leave COLO on the secondary',
        cite: 'migration/colo.c:secondary_vm_do_failover',
        where: { migration: '!colo', loading: 'no' },
        does: {
          half: 'stopped -> left',
          incoming: 'colo -> completed',
          lastMode: '-> secondary',
          autostart: '-> yes',
          link: 'up ~> cut',
        },
        says: [announces('completed')],
      },
      {
        name: 'find no COLO to leave',
        cite: 'migration/colo.c:colo_do_failover',
        where: { migration: '!colo', incoming: '!colo' },
        does: { half: 'stopped -> idle', lastMode: '-> none', bql: 'failover -> free' },
      },
      {
        name: 'complete the failover',
        cite: 'migration/colo.c:primary_vm_do_failover, migration/colo.c:secondary_vm_do_failover',
        does: { half: 'left -> completed', failover: 'active -> completed' },
      },
      {
        name: 'find the failover forgotten',
        cite: 'migration/colo.c:primary_vm_do_failover, migration/colo.c:secondary_vm_do_failover',
        where: { failover: '!active' },
        does: { half: 'left -> idle', bql: 'failover -> free' },
      },
      {
        name: 'release the primary and the lock',
        cite: 'migration/colo.c:primary_vm_do_failover',
        where: { lastMode: 'primary' },
        does: { half: 'completed -> idle', released: '-> yes', bql: 'failover -> free' },
      },
      {
        name: 'release the secondary and wait for its thread',
        cite: 'migration/colo.c:secondary_vm_do_failover, migration/colo.c:colo_incoming_co',
        where: { lastMode: 'secondary' },
        does: {
          half: 'completed -> idle',
          released: '-> yes',
          coroutine: 'colo -> joining',
          mainLoop: '-> joining',
          bql: 'failover -> free',
        },
      },
    ],
  },
)
