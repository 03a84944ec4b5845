/**
 * The primary in COLO: the checkpoint loop, and how it is left.
 *
 * The thread that migrated goes on as the COLO thread.  It holds the big lock
 * only to stop, save and start the guest, and reads the failover status and
 * its own migration status without it.  All that is surprising follows from
 * that, from `colo_exit_event`: whoever leaves the loop waits there until a
 * failover releases it, and from `colo_checkpoint_event`: between checkpoints
 * the thread sees nothing, not even a cancel, until the delay has passed.
 *
 * Until 10.2 the memory was sent without the lock.  Whoever reads the dirty log
 * of a guest that TCG runs may have to wait for its vCPU, and does so by a
 * condition that lets the lock go and takes it: on 7.2 and 10.0 the thread comes
 * back with a lock that it does not know it has and waits for itself at the end
 * of the checkpoint, and the main loop with it; on 10.2 an assertion finds out.
 */

import { failover } from './failover.ts'
import { command, each, event, exits, hangup, machine, present, receives, returns, sends } from './lang.ts'
import { announces, dispatched, handled } from './run-state.ts'
import { source } from './source.ts'

const exit = (reason: string) => event('COLO_EXIT', { mode: 'primary', reason })
const transaction = 'migration/colo.c:colo_do_checkpoint_transaction'
const loop = 'migration/colo.c:colo_process_checkpoint'
const memory = 'migration/ram.c:ram_save_complete'

/** Reading the dirty log once more is a pass, and was announced as one. */
const pass = event('MIGRATION_PASS', { pass: present(3) }, { events: 'on' })

/** Any other parameter has nothing to do with COLO. */
const delay = command('migrate-set-parameters', { 'x-checkpoint-delay': present(20_000) })

/** Where a guest can be that is taken to a checkpoint without having to be stopped: `runstate_transitions_def[]`. */
export const stoppable = ['colo', 'paused', 'finish-migrate', 'shutdown', 'watchdog'] as const

/** Where a guest can be that no transition leads from to a checkpoint. */
export const unstoppable = [
  'prelaunch',
  'postmigrate',
  'save-vm',
  'restore-vm',
  'io-error',
  'internal-error',
  'guest-panicked',
  'debug',
] as const

/** The checkpoint loop of the primary. */
export const primary = machine(
  'primary',
  {
    ...source.variables,
    ...failover.variables,
    /** `MigrationState.colo_checkpoint_event`: whether a checkpoint, or a look around, is due. */
    due: ['no', 'yes'],
    /** Who runs the guest: nobody, as with `-machine none`, or TCG, for whose vCPUs the dirty log has to wait. */
    vcpu: ['none', 'tcg'],
  },
  {
    monitor: [
      {
        name: 'ask for a checkpoint by its delay',
        cite: 'migration/colo.c:colo_checkpoint_delay_set',
        on: delay,
        where: { ...handled, migration: 'colo', thread: '!finishing' },
        does: { due: '-> yes' },
        says: [returns()],
      },
      {
        name: 'set the checkpoint delay outside COLO',
        cite: 'migration/colo.c:colo_checkpoint_delay_set',
        on: delay,
        where: { ...handled, migration: '!colo' },
        does: {},
        says: [returns()],
      },
      {
        name: 'abort on a checkpoint delay before there are checkpoints',
        cite: 'migration/colo.c:colo_checkpoint_delay_set, util/event.c:qemu_event_set',
        on: delay,
        // The status says colo before migrate_start_colo_process() has made the event and the timer.
        where: { ...handled, migration: 'colo', thread: 'finishing' },
        does: { link: 'up ~> cut' },
        says: [exits(null)],
      },
    ],
    'main loop': [
      {
        name: 'let the checkpoint delay pass',
        cite: 'migration/colo.c:colo_checkpoint_notify_timer',
        // Earlier it would be the same as now, or forgotten when the state has arrived.
        where: { ...dispatched, colo: 'waiting' },
        does: { due: 'no -> yes' },
        may: true,
      },
      {
        name: 'leave COLO on the primary',
        cite: 'migration/colo.c:primary_vm_do_failover, migration/colo.c:colo_checkpoint_notify',
        where: { thread: '!finishing' },
        does: {
          half: 'stopped -> left',
          migration: 'colo -> completed',
          lastMode: '-> primary',
          link: 'up ~> cut',
          due: '-> yes',
        },
        says: [announces('completed')],
      },
      {
        name: 'abort on a failover before there are checkpoints',
        cite: 'migration/colo.c:primary_vm_do_failover, util/event.c:qemu_event_set',
        // As above: the event that the failover sets has not been made yet.
        where: { half: 'stopped', thread: 'finishing' },
        does: { migration: 'colo -> completed', lastMode: '-> primary', link: 'up ~> cut' },
        says: [announces('completed'), exits(null)],
      },
      {
        name: 'release the COLO thread on the way out',
        cite: 'migration/colo.c:colo_shutdown',
        where: { migration: 'colo', quitting: 'announced' },
        does: { released: 'no -> yes', due: '-> yes' },
      },
    ],
    'migration thread': [
      {
        name: 'take the secondary for a broken return path',
        cite: 'migration/migration.c:source_return_path_thread',
        on: receives('checkpoint-ready'),
        // Until 10.2 the secondary spoke COLO on the return path at once; its "ready" is no message there.
        where: { path: 'open' },
        does: { thread: 'sent -> failing' },
        until: '10.2',
      },
    ],
    'COLO thread': [
      {
        name: 'find itself the primary',
        cite: loop,
        where: { migration: 'colo' },
        does: { colo: 'entering -> checked' },
      },
      {
        name: 'find COLO already left',
        cite: loop,
        where: { migration: '!colo', bql: 'free' },
        does: {
          colo: 'entering -> none',
          thread: 'colo -> cleaning',
          was: '-> running',
          vm: '-> running',
          released: '-> no',
          due: '-> no',
        },
        says: [event('RESUME', {}, { vm: '!running' })],
      },
      { name: 'forget any earlier failover', cite: loop, does: { colo: 'checked -> awaiting', failover: '-> none' } },
      {
        name: 'start the guest once the secondary is ready',
        cite: loop,
        on: receives('checkpoint-ready'),
        where: { bql: 'free', suspended: 'no' },
        does: { colo: 'awaiting -> looping', vm: '-> running' },
        says: [event('RESUME', {}, { vm: '!running' })],
      },
      {
        name: 'leave the guest suspended once the secondary is ready',
        cite: `${loop}, system/cpus.c:vm_prepare_start`,
        on: receives('checkpoint-ready'),
        where: { bql: 'free' },
        does: { colo: 'awaiting -> looping', vm: '-> suspended', suspended: 'yes -> no' },
        says: [event('RESUME')],
        since: '9.0',
      },
      {
        name: 'fail to start the replication of the disks on the primary',
        cite: `${loop}, replication.c:replication_start_all`,
        on: receives('checkpoint-ready'),
        where: { bql: 'free' },
        does: { colo: 'awaiting -> leaving' },
        may: true,
      },
      {
        name: 'wait for the next checkpoint',
        cite: loop,
        where: { failover: 'none', migration: 'colo' },
        does: { colo: 'looping -> waiting' },
      },
      {
        name: 'notice the failover between checkpoints',
        cite: loop,
        where: { failover: '!none' },
        does: { colo: 'looping -> leaving' },
      },
      {
        name: 'notice that COLO is over',
        cite: loop,
        where: { migration: '!colo' },
        does: { colo: 'looping -> leaving' },
      },
      {
        name: 'wake up after COLO',
        cite: loop,
        where: { migration: '!colo', due: 'yes' },
        does: { colo: 'waiting -> leaving' },
      },
      {
        name: 'ask for a checkpoint',
        cite: transaction,
        where: { migration: 'colo', due: 'yes' },
        does: { colo: 'waiting -> asked' },
        says: [sends('checkpoint-request')],
      },
      {
        name: 'hear that the secondary has stopped',
        cite: transaction,
        on: receives('checkpoint-reply'),
        does: { colo: 'asked -> replied' },
      },
      {
        name: 'notice the failover before stopping',
        cite: transaction,
        where: { bql: 'free', failover: '!none' },
        does: { colo: 'replied -> leaving' },
      },
      {
        name: 'begin to stop for the checkpoint',
        cite: `${transaction}, system/cpus.c:do_vm_stop`,
        where: { bql: 'free', failover: 'none' },
        does: { colo: 'replied -> stopping', vm: 'running -> colo' },
      },
      {
        name: 'stop for the checkpoint',
        cite: 'system/cpus.c:do_vm_stop',
        where: { bql: 'free' },
        does: { colo: 'stopping -> stopped' },
        says: [event('STOP')],
      },
      {
        name: 'find the guest stopped at the checkpoint',
        cite: `${transaction}, system/cpus.c:vm_stop_force_state`,
        where: { bql: 'free', failover: 'none', vm: stoppable },
        does: { colo: 'replied -> stopped', vm: '-> colo' },
      },
      {
        name: 'find the guest suspended at the checkpoint',
        cite: `${transaction}, system/cpus.c:vm_stop_force_state`,
        where: { bql: 'free', failover: 'none' },
        does: { colo: 'replied -> stopped', vm: 'suspended -> colo' },
        until: '8.2',
      },
      {
        name: 'stop the suspended guest for the checkpoint',
        cite: `${transaction}, system/cpus.c:do_vm_stop`,
        where: { bql: 'free', failover: 'none' },
        does: { colo: 'replied -> stopped', vm: 'suspended -> colo', suspended: '-> yes' },
        says: [event('STOP')],
        // Since runstate_is_live() counts a suspended guest.
        since: '9.0',
      },
      {
        name: 'abort at the checkpoint of a guest that has stopped by itself',
        cite: `${transaction}, system/runstate.c:runstate_set`,
        where: { bql: 'free', failover: 'none', colo: 'replied', vm: unstoppable },
        does: { link: 'up ~> cut' },
        says: [exits(null)],
      },
      {
        name: 'notice the failover after stopping',
        cite: transaction,
        where: { failover: '!none' },
        does: { colo: 'stopped -> leaving' },
      },
      {
        name: 'fail to checkpoint the disks',
        cite: `${transaction}, replication.c:replication_do_checkpoint_all`,
        where: { bql: 'free', failover: 'none' },
        does: { colo: 'stopped -> leaving' },
        may: true,
      },
      {
        name: 'begin to send the state',
        cite: transaction,
        where: { failover: 'none' },
        does: { colo: 'stopped -> saving', bql: 'free -> checkpoint' },
        says: [sends('vmstate-send')],
      },
      {
        name: 'send the whole state',
        cite: `${transaction}, ${memory}`,
        does: { colo: 'saving -> sent', bql: 'checkpoint -> free' },
        says: [sends('vmstate-size')],
        since: '11.0',
      },
      {
        name: 'let the lock go before the memory',
        cite: transaction,
        where: { colo: 'saving' },
        does: { bql: 'checkpoint -> free' },
        until: '10.2',
      },
      {
        name: 'send the memory without the lock',
        cite: `${transaction}, ${memory}`,
        // So does a guest that TCG runs, where the vCPU is done before anybody waits for it.
        where: { bql: '!checkpoint' },
        does: { colo: 'saving -> sent' },
        says: [pass, sends('vmstate-size')],
        until: '10.2',
      },
      {
        name: 'take the lock unawares by waiting for a vCPU',
        cite: `${memory}, system/physmem.c:tcg_log_global_after_sync, system/cpus.c:run_on_cpu`,
        where: { vcpu: 'tcg' },
        // Nobody gives it back: the next to want it is this thread, after the checkpoint.
        does: { colo: 'saving -> sent', bql: 'free -> checkpoint' },
        says: [pass, sends('vmstate-size')],
        until: '10.1',
      },
      {
        name: 'abort on a lock that was taken unawares',
        cite: `${memory}, system/physmem.c:tcg_log_global_after_sync, system/cpus.c:run_on_cpu`,
        // Whoever waits for a vCPU lets a lock go that another may have, and the C library finds two owners.
        where: { colo: ['saving', 'sent'], vcpu: 'tcg' },
        does: { link: 'up ~> cut' },
        says: [exits(null)],
        until: '10.1',
      },
      {
        name: 'abort on waiting for a vCPU without the lock',
        cite: `${memory}, system/physmem.c:tcg_log_global_after_sync, system/cpus.c:bql_update_status`,
        where: { colo: 'saving', bql: '!checkpoint', vcpu: 'tcg' },
        does: { link: 'up ~> cut' },
        says: [pass, exits(null)],
        // The assertion came after 10.0; 10.1 was not looked at.
        since: '10.2',
        until: '10.2',
      },
      {
        name: 'hear that the state has arrived',
        cite: transaction,
        on: receives('vmstate-received'),
        does: { colo: 'sent -> received', due: '-> no' },
      },
      {
        name: 'hear that the state is loaded',
        cite: transaction,
        on: receives('vmstate-loaded'),
        does: { colo: 'received -> loaded' },
      },
      {
        name: 'resume after the checkpoint',
        cite: transaction,
        where: { bql: 'free', suspended: 'no' },
        does: { colo: 'loaded -> looping', vm: '-> running' },
        says: [event('RESUME', {}, { vm: '!running' })],
      },
      {
        name: 'abort after the checkpoint of a suspended guest',
        cite: `${transaction}, system/cpus.c:vm_prepare_start, system/runstate.c:runstate_set`,
        where: { bql: 'free', suspended: 'yes', colo: 'loaded' },
        does: { link: 'up ~> cut' },
        // runstate_set() knows no way from colo to suspended.
        says: [event('RESUME'), exits(null)],
        since: '9.0',
      },
      {
        name: 'announce an exit that was asked for',
        cite: loop,
        where: { failover: 'completed' },
        does: { colo: 'leaving -> exiting' },
        says: [exit('request')],
      },
      {
        name: 'announce an exit by error',
        cite: loop,
        where: { failover: '!completed' },
        does: { colo: 'leaving -> exiting' },
        says: [exit('error')],
      },
      {
        name: 'run on alone',
        cite: 'migration/migration.c:migration_iteration_finish',
        where: { bql: 'free', vm: '!shutdown', suspended: 'no' },
        does: {
          colo: 'exiting -> none',
          thread: 'colo -> cleaning',
          released: 'yes -> no',
          due: '-> no',
          was: '-> running',
          vm: '-> running',
        },
        says: [event('RESUME', {}, { vm: '!running' })],
      },
      {
        name: 'abort on running on alone with a suspended guest',
        cite: 'migration/migration.c:migration_iteration_finish, system/cpus.c:vm_prepare_start, system/runstate.c:runstate_set',
        where: { bql: 'free', vm: 'colo', suspended: 'yes', colo: 'exiting', released: 'yes' },
        does: { link: 'up ~> cut' },
        says: [event('RESUME'), exits(null)],
        since: '9.0',
      },
      {
        name: 'leave the guest suspended when it goes on alone',
        cite: 'migration/migration.c:migration_iteration_finish, system/cpus.c:vm_prepare_start',
        where: { bql: 'free', vm: '!colo' },
        does: {
          colo: 'exiting -> none',
          thread: 'colo -> cleaning',
          released: 'yes -> no',
          due: '-> no',
          was: '-> running',
          vm: '-> suspended',
          suspended: 'yes -> no',
        },
        says: [event('RESUME')],
        since: '9.0',
      },
      {
        name: 'end alone in the shutdown',
        cite: 'migration/migration.c:migration_iteration_finish',
        where: { bql: 'free', vm: 'shutdown' },
        does: {
          colo: 'exiting -> none',
          thread: 'colo -> cleaning',
          released: 'yes -> no',
          due: '-> no',
          was: '-> running',
        },
      },
    ],
    'COLO channel': [
      ...each(
        ['awaiting', 'asked'] as const,
        at =>
          ({
            name: `lose the secondary while ${at}`,
            cite: `${at === 'awaiting' ? loop : transaction}, migration/colo.c:colo_receive_message`,
            on: hangup,
            does: { colo: `${at} -> leaving` },
          }) as const,
      ),
      // By now `ret` is 0, and stays so: the checkpoint counts as one, and the guest stays stopped until the next is due.
      ...each(
        ['sent', 'received'] as const,
        at =>
          ({
            name: `lose the secondary while ${at}`,
            cite: `${transaction}, ${loop}, migration/colo.c:colo_receive_message`,
            on: hangup,
            does: { colo: `${at} -> looping` },
          }) as const,
      ),
      {
        name: 'fail to send the size of the state',
        cite: `${transaction}, migration/colo.c:colo_send_message_value`,
        where: { link: 'cut' },
        does: { colo: 'saving -> looping', bql: 'checkpoint -> free' },
        since: '11.0',
      },
      {
        name: 'fail to send the size of the state without the lock',
        cite: `${transaction}, migration/colo.c:colo_send_message_value`,
        where: { link: 'cut', bql: '!checkpoint' },
        does: { colo: 'saving -> looping' },
        says: [pass],
        until: '10.2',
      },
      {
        name: 'fail to send the state',
        cite: transaction,
        where: { link: 'cut' },
        does: { colo: 'saving -> leaving', bql: 'checkpoint -> free' },
        since: '11.0',
      },
      {
        name: 'fail to send the memory without the lock',
        cite: `${transaction}, ${memory}`,
        where: { link: 'cut', bql: '!checkpoint' },
        does: { colo: 'saving -> leaving' },
        says: [pass],
        until: '10.2',
      },
      {
        name: 'fail to send the memory and take the lock unawares',
        cite: `${memory}, system/physmem.c:tcg_log_global_after_sync, system/cpus.c:run_on_cpu`,
        where: { link: 'cut', vcpu: 'tcg' },
        does: { colo: 'saving -> leaving', bql: 'free -> checkpoint' },
        says: [pass],
        until: '10.1',
      },
      {
        name: 'fail to begin to send the state',
        cite: `${transaction}, migration/colo.c:colo_send_message`,
        where: { link: 'cut', bql: 'free' },
        does: { colo: 'stopped -> leaving' },
      },
      {
        name: 'fail to ask for a checkpoint',
        cite: `${transaction}, migration/colo.c:colo_send_message`,
        where: { link: 'cut', migration: 'colo', due: 'yes' },
        does: { colo: 'waiting -> leaving' },
      },
    ],
  },
)
