/**
 * The secondary in COLO: it is stopped, fed the primary's state, and started, again and again.
 *
 * Its thread reads the checkpoint protocol; the main loop runs the failover.
 * When the failover comes, the main loop shuts the channel, wakes the thread
 * and waits for its end: until then this monitor does not answer.
 *
 * The state is buffered whole before the guest's own is thrown away, in every
 * release.  Until 10.2 the memory was received under the big lock, so that a
 * primary that falls silent while it sends takes this monitor with it.
 *
 * Who makes a destination a secondary differs: until 8.0 the stream alone, then
 * the stream and its own x-colo together, since 11.0 its own x-colo alone.
 */

import { stoppable, unstoppable } from './colo-primary.ts'
import { destination } from './destination.ts'
import { failover } from './failover.ts'
import { each, event, exits, hangup, machine, receives, sends } from './lang.ts'
import { announces, dispatched, stopped } from './run-state.ts'

const exit = (reason: string) => event('COLO_EXIT', { mode: 'secondary', reason })
const thread = 'migration/colo.c:colo_process_incoming_thread'
const checkpoint = 'migration/colo.c:colo_incoming_process_checkpoint'
const beginnings = ['running', ...stopped, 'suspended'] as const

/** What comes with the end of a stream that goes on to COLO; a guest comes suspended since 9.0. */
const onToColo = <W extends (typeof beginnings)[number]>(was: W) =>
  ({
    coroutine: 'loading -> colo',
    source: `-> ${was}`,
    secondary: '-> starting',
    ...(was === 'suspended' ? ({ suspended: '-> yes' } as const) : {}),
  }) as const

/** The checkpoint loop of the secondary. */
export const secondary = machine(
  'secondary',
  {
    ...destination.variables,
    ...failover.variables,
    /** What the secondary could run on if the primary died now: its own state, a whole new one, or neither. */
    state: ['own', 'replacing'],
    /** How much of the primary's next state is here: none, its memory in the cache, or all of it. */
    arrived: ['nothing', 'memory', 'all'],
    /** Whether the COLO thread has taken back a failover that was put off, and is about to ask for it again. */
    again: ['no', 'yes'],
    /** Who runs the guest; see `colo-primary.ts`. */
    vcpu: ['none', 'tcg'],
  },
  {
    'main loop': [
      ...each(
        beginnings,
        was =>
          ({
            name: `go on to COLO after the last of a guest in ${was}`,
            cite: 'migration/colo.c:colo_incoming_co',
            on: receives(`end ${was}`),
            where: { ...dispatched, 'x-colo': 'on' },
            does: onToColo(was),
            since: '11.0',
          }) as const,
      ),
      ...each(
        beginnings,
        was =>
          ({
            name: `go on to COLO as the source said, after the last of a guest in ${was}`,
            cite: 'migration/savevm.c:loadvm_process_enable_colo, migration/colo.c:colo_incoming_co',
            on: receives(`end ${was}`),
            where: { ...dispatched, follows: 'colo', 'x-colo': 'on' },
            does: onToColo(was),
            since: '8.1',
            until: '10.2',
          }) as const,
      ),
      ...each(
        // Until 8.2 a suspended guest is handed over as one that runs.
        ['running', ...stopped] as const,
        was =>
          ({
            name: `go on to COLO unasked after the last of a guest in ${was}`,
            cite: 'migration/savevm.c:loadvm_process_enable_colo, migration/colo.c:colo_process_incoming_thread',
            on: receives(`end ${was}`),
            where: { ...dispatched, follows: 'colo' },
            does: onToColo(was),
            until: '8.0',
          }) as const,
      ),
      {
        name: 'fail on a source that goes on to COLO',
        cite: 'migration/migration.c:migration_incoming_enable_colo, migration/migration.c:process_incoming_migration_co',
        where: { ...dispatched, follows: 'colo', 'x-colo': 'off', onError: 'stay' },
        does: { coroutine: 'loading -> done', incoming: 'active -> failed', link: 'up ~> cut' },
        says: [announces('failed')],
        // `exit-on-error` came with 9.1.
        since: '9.1',
        until: '10.2',
      },
      {
        name: 'fail on a source that goes on to COLO, and exit',
        cite: 'migration/migration.c:migration_incoming_enable_colo, migration/migration.c:process_incoming_migration_co',
        where: { ...dispatched, follows: 'colo', 'x-colo': 'off', onError: 'exit' },
        does: { coroutine: 'loading -> done', incoming: 'active -> failed', link: 'up ~> cut' },
        says: [announces('failed'), exits(1)],
        since: '8.1',
        until: '10.2',
      },
      {
        name: 'see the COLO thread end',
        cite: 'migration/colo.c:colo_incoming_co',
        where: { secondary: 'gone' },
        does: { coroutine: 'joining -> loaded', mainLoop: '-> free' },
      },
      {
        name: 'take over',
        cite: 'migration/migration.c:process_incoming_migration_bh',
        where: { ...dispatched, source: 'running', autostart: 'yes' },
        does: { coroutine: 'loaded -> done', vm: '-> running', incoming: 'completed' },
        says: [event('RESUME', {}, { vm: '!running' })],
      },
      ...each(
        [...stopped, 'suspended'] as const,
        was =>
          ({
            name: `take over a guest that came in ${was}`,
            cite: 'migration/migration.c:process_incoming_migration_bh',
            // Nobody has said completed but the failover.
            where: { ...dispatched, source: was },
            does: { coroutine: 'loaded -> done', vm: '-> running', incoming: 'completed' },
            says: [event('RESUME', {}, { vm: '!running' })],
          }) as const,
      ),
    ],
    'COLO thread': [
      {
        name: 'become the secondary',
        cite: thread,
        does: { secondary: 'starting -> entered', incoming: 'active -> colo' },
        says: [announces('colo')],
      },
      {
        name: 'abort for want of a return path',
        cite: thread,
        where: { path: 'shut' },
        does: { secondary: 'entered -> gone', link: 'up ~> cut' },
        says: [exits(null)],
        since: '11.0',
      },
      {
        name: 'forget any earlier failover on the secondary',
        cite: thread,
        where: { path: 'open' },
        does: { secondary: 'entered -> cleared', failover: '-> none' },
        since: '11.0',
      },
      {
        name: 'forget any earlier failover, whether there is a return path or not',
        cite: thread,
        does: { secondary: 'entered -> cleared', failover: '-> none' },
        until: '10.2',
      },
      {
        name: 'end the return path of the migration',
        cite: thread,
        does: { secondary: 'cleared -> said' },
        says: [sends('shut')],
        since: '11.0',
      },
      {
        name: 'open a way back of its own',
        cite: thread,
        // It takes the place of a return path that is there, and its reader at the source is told nothing.
        does: { secondary: 'cleared -> said' },
        until: '10.2',
      },
      {
        name: 'start the guest beside the primary',
        cite: thread,
        where: { bql: 'free', suspended: 'no' },
        does: { secondary: 'said -> started', vm: '-> running' },
        says: [event('RESUME', {}, { vm: '!running' })],
      },
      {
        name: 'leave the guest suspended beside the primary',
        cite: `${thread}, system/cpus.c:vm_prepare_start`,
        where: { bql: 'free' },
        does: { secondary: 'said -> started', vm: '-> suspended', suspended: 'yes -> no' },
        says: [event('RESUME')],
        since: '9.0',
      },
      {
        name: 'fail to start the replication of the disks',
        cite: `${thread}, replication.c:replication_start_all`,
        where: { bql: 'free' },
        does: { secondary: 'said -> leaving' },
        may: true,
      },
      {
        name: 'say that it is ready',
        cite: thread,
        does: { secondary: 'started -> serving' },
        says: [sends('checkpoint-ready')],
      },
      {
        name: 'hear a request for a checkpoint',
        cite: 'migration/colo.c:colo_wait_handle_message',
        on: receives('checkpoint-request'),
        does: { secondary: 'serving -> asked' },
      },
      {
        name: 'begin to stop the secondary for the checkpoint',
        cite: `${checkpoint}, system/cpus.c:do_vm_stop`,
        where: { bql: 'free' },
        does: { secondary: 'asked -> stopping', vm: 'running -> colo' },
      },
      {
        name: 'stop the secondary for the checkpoint',
        cite: 'system/cpus.c:do_vm_stop',
        where: { bql: 'free' },
        does: { secondary: 'stopping -> stopped' },
        says: [event('STOP')],
      },
      {
        name: 'find the secondary stopped at the checkpoint',
        cite: `${checkpoint}, system/cpus.c:vm_stop_force_state`,
        where: { bql: 'free', vm: stoppable },
        does: { secondary: 'asked -> stopped', vm: '-> colo' },
      },
      {
        name: 'find the secondary suspended at the checkpoint',
        cite: `${checkpoint}, system/cpus.c:vm_stop_force_state`,
        where: { bql: 'free' },
        does: { secondary: 'asked -> stopped', vm: 'suspended -> colo' },
        until: '8.2',
      },
      {
        name: 'stop the suspended secondary for the checkpoint',
        cite: `${checkpoint}, system/cpus.c:do_vm_stop`,
        where: { bql: 'free' },
        does: { secondary: 'asked -> stopped', vm: 'suspended -> colo', suspended: '-> yes' },
        says: [event('STOP')],
        since: '9.0',
      },
      {
        name: 'abort at the checkpoint of a secondary that has stopped by itself',
        cite: `${checkpoint}, system/runstate.c:runstate_set`,
        where: { bql: 'free', secondary: 'asked', vm: unstoppable },
        does: { link: 'up ~> cut' },
        says: [exits(null)],
      },
      {
        name: 'say that it has stopped',
        cite: checkpoint,
        does: { secondary: 'stopped -> replied' },
        says: [sends('checkpoint-reply')],
      },
      {
        name: 'begin to receive the state',
        cite: checkpoint,
        on: receives('vmstate-send'),
        does: { secondary: 'replied -> receiving', arrived: '-> memory' },
        since: '11.0',
      },
      {
        name: 'begin to receive the state under the lock',
        cite: checkpoint,
        on: receives('vmstate-send'),
        does: { secondary: 'replied -> receiving', arrived: '-> memory', bql: 'free -> checkpoint' },
        until: '10.2',
      },
      {
        name: 'receive the whole state',
        cite: checkpoint,
        on: receives('vmstate-size'),
        does: { secondary: 'receiving -> buffered', arrived: '-> all' },
        since: '11.0',
      },
      {
        name: 'receive the whole state and let the lock go',
        cite: checkpoint,
        on: receives('vmstate-size'),
        does: { secondary: 'receiving -> buffered', arrived: '-> all', bql: 'checkpoint -> free' },
        until: '10.2',
      },
      {
        name: 'say that the state has arrived',
        cite: checkpoint,
        does: { secondary: 'buffered -> whole' },
        says: [sends('vmstate-received')],
      },
      {
        name: 'throw its own state away and load',
        cite: `${checkpoint}, migration/ram.c:colo_flush_ram_cache, system/cpus.c:run_on_cpu`,
        // Whoever waits for a vCPU lets the lock go meanwhile, and a failover may come.
        where: { bql: 'free', vcpu: 'tcg' },
        does: { secondary: 'whole -> loading', loading: '-> yes', state: '-> replacing' },
      },
      {
        name: 'throw its own state away and load under the lock',
        cite: checkpoint,
        where: { vcpu: 'none' },
        does: { secondary: 'whole -> loading', loading: '-> yes', state: '-> replacing', bql: 'free -> checkpoint' },
      },
      {
        name: 'run on the new state',
        cite: checkpoint,
        where: { bql: 'free', vcpu: 'tcg', suspended: 'no' },
        does: {
          secondary: 'loading -> loaded',
          loading: '-> no',
          state: '-> own',
          arrived: '-> nothing',
          vm: '-> running',
        },
        says: [event('RESUME', {}, { vm: '!running' })],
      },
      {
        name: 'run on the new state and let the lock go',
        cite: checkpoint,
        where: { vcpu: 'none', suspended: 'no' },
        does: {
          secondary: 'loading -> loaded',
          loading: '-> no',
          state: '-> own',
          arrived: '-> nothing',
          vm: '-> running',
          bql: 'checkpoint -> free',
        },
        says: [event('RESUME', {}, { vm: '!running' })],
      },
      {
        name: 'abort on running on the new state of a suspended guest',
        cite: `${checkpoint}, system/cpus.c:vm_prepare_start, system/runstate.c:runstate_set`,
        where: { secondary: 'loading', suspended: 'yes' },
        does: { link: 'up ~> cut' },
        // runstate_set() knows no way from colo to suspended.
        says: [event('RESUME'), exits(null)],
        since: '9.0',
      },
      {
        name: 'fail to load the state',
        cite: `${checkpoint}, migration/savevm.c:qemu_load_device_state`,
        // A device that this side has lost since the last checkpoint is enough.
        where: { bql: 'free', vcpu: 'tcg' },
        does: { secondary: 'loading -> leaving', loading: '-> no' },
        may: true,
      },
      {
        name: 'fail to load the state and let the lock go',
        cite: `${checkpoint}, migration/savevm.c:qemu_load_device_state`,
        where: { vcpu: 'none' },
        does: { secondary: 'loading -> leaving', loading: '-> no', bql: 'checkpoint -> free' },
        may: true,
      },
      {
        name: 'see a failover put off',
        cite: checkpoint,
        does: { secondary: 'loaded -> looking', failover: 'relaunch' },
      },
      {
        name: 'say that the state is loaded',
        cite: checkpoint,
        where: { failover: '!relaunch' },
        does: { secondary: 'loaded -> looking' },
        says: [sends('vmstate-loaded')],
      },
      {
        name: 'take back the failover that was put off',
        cite: thread,
        where: { secondary: 'looking' },
        does: { failover: 'relaunch -> none', again: 'no -> yes' },
      },
      {
        name: 'ask again for the failover that was put off',
        cite: `${thread}, migration/colo-failover.c:failover_request_active`,
        does: {
          secondary: 'looking -> leaving',
          again: 'yes -> no',
          failover: 'none -> require',
          half: '-> scheduled',
        },
      },
      {
        name: 'find somebody else asking for the failover',
        cite: `${thread}, migration/colo-failover.c:failover_request_active`,
        where: { failover: '!none' },
        does: { secondary: 'looking -> leaving', again: 'yes -> no' },
      },
      {
        name: 'notice the failover on the secondary between checkpoints',
        cite: thread,
        where: { failover: ['require', 'active', 'completed'], again: 'no' },
        does: { secondary: 'looking -> leaving' },
      },
      {
        name: 'have the secondary wait for the next checkpoint',
        cite: thread,
        where: { failover: 'none', incoming: 'colo', again: 'no' },
        does: { secondary: 'looking -> serving' },
      },
      {
        name: 'announce on the secondary an exit that was asked for',
        cite: thread,
        where: { failover: 'completed' },
        does: { secondary: 'leaving -> exiting' },
        says: [exit('request')],
      },
      {
        name: 'announce on the secondary an exit by error',
        cite: thread,
        where: { failover: '!completed' },
        does: { secondary: 'leaving -> exiting' },
        says: [exit('error')],
      },
      { name: 'end the COLO thread', cite: thread, does: { secondary: 'exiting -> gone', released: 'yes -> no' } },
    ],
    'COLO channel': [
      ...each(
        ['serving', 'replied'] as const,
        at =>
          ({
            name: `lose the primary while ${at}`,
            cite: `${at === 'serving' ? thread : checkpoint}, migration/colo.c:colo_receive_message`,
            on: hangup,
            does: { secondary: `${at} -> leaving`, arrived: '-> nothing' },
          }) as const,
      ),
      {
        name: 'lose the primary while receiving',
        cite: `${checkpoint}, migration/savevm.c:qemu_loadvm_state_main`,
        on: hangup,
        does: { secondary: 'receiving -> leaving', arrived: '-> nothing' },
        since: '11.0',
      },
      {
        name: 'lose the primary while receiving and let the lock go',
        cite: `${checkpoint}, migration/savevm.c:qemu_loadvm_state_main`,
        on: hangup,
        does: { secondary: 'receiving -> leaving', arrived: '-> nothing', bql: 'checkpoint -> free' },
        until: '10.2',
      },
      ...each(
        ['started', 'stopped', 'buffered'] as const,
        at =>
          ({
            name: `fail to send while ${at}`,
            cite: `${at === 'started' ? thread : checkpoint}, migration/colo.c:colo_send_message`,
            where: { link: 'cut' },
            does: { secondary: `${at} -> leaving`, arrived: '-> nothing' },
          }) as const,
      ),
      {
        name: 'fail to send while loaded',
        cite: `${checkpoint}, migration/colo.c:colo_send_message`,
        // With a failover put off there is nothing to say.
        where: { link: 'cut', failover: '!relaunch' },
        does: { secondary: 'loaded -> leaving', arrived: '-> nothing' },
      },
    ],
  },
)
