/**
 * Failover: a lost heartbeat, the status it moves, and the bottom half it schedules.
 *
 * `x-colo-lost-heartbeat` only stores `require` and schedules a bottom half;
 * the main loop runs it when it next comes round, and holds the big lock
 * throughout.  The COLO threads read the failover status without that lock, so
 * every store in the bottom half is a step of its own.
 */

import { incomingStatuses } from './destination.ts'
import { command, event, fails, machine, returns } from './lang.ts'
import { announces, dispatched, handled, migrationStatuses, shared } from './run-state.ts'

const lostHeartbeat = command('x-colo-lost-heartbeat')
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
    coroutine: ['none', 'loading', 'colo', 'joining', 'loaded', 'done'],
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
        where: { ...handled, migration: '!colo', incoming: '!colo' },
        does: {},
        says: [fails('VM is not in COLO mode')],
      },
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
        name: 'leave COLO on the primary',
        cite: 'migration/colo.c:primary_vm_do_failover',
        does: { half: 'stopped -> left', migration: 'colo -> completed', lastMode: '-> primary', link: 'up ~> cut' },
        says: [announces('completed')],
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
