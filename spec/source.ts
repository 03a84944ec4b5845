/**
 * Outgoing migration: MigrationStatus on the source.
 *
 * The main loop accepts the command and connects; from then on a thread of its
 * own drives the migration and takes the big lock only to stop the guest, to
 * save what must be saved with the guest stopped, and at the end.  A cancel
 * comes from the main loop at any moment in between: it stores `cancelling`
 * and shuts the channel, and the thread finds out by itself.
 *
 * Several places test `s->state` and then store to it without a lock; where a
 * cancel fits between the two, the rules here are two.
 */
import {
  command,
  each,
  event,
  exits,
  fails,
  hangup,
  machine,
  not,
  present,
  receives,
  returns,
  sends,
  unlike,
} from './lang.ts'
import { announces, dispatched, handled, migrationStatuses, readable, running, shared } from './run-state.ts'

const fresh = command('migrate', { uri: not(unlike(readable)), resume: not(true) })

/** `migrate_init()` lets a new migration begin from these. */
const ended = ['none', 'completed', 'failed', 'cancelled'] as const
const stopped = ['prelaunch', 'paused'] as const
const cancellable = ['setup', 'active', 'pre-switchover', 'device', 'failing', 'colo'] as const

/** `MigrationState` and the place of the threads that move it. */
export const source = machine(
  'source',
  {
    ...shared,
    /** `MigrationState.state`. */
    migration: migrationStatuses,
    /** The outgoing socket as both ends see it: not there, connected, or shut by somebody. */
    link: ['down', 'up', 'cut'],
    /** Whether the source opens a return path on this connection: `MigrationState.rp_state`. */
    path: ['shut', 'open'],
    /** Where the migration is: connecting in the main loop, then `migration_thread()`, then `migration_cleanup_bh()`. */
    thread: [
      'none',
      'connecting',
      'starting',
      'iterating',
      'stopping',
      'paused',
      'saving',
      'sent',
      'checked',
      'failing',
      'announcing',
      'finishing',
      'colo',
      'cleaning',
    ],
    /** `MigrationState.vm_old_state`: what the guest did before the switchover stopped it. */
    was: ['none', 'running', 'prelaunch', 'paused'],
    /** A status that the thread has stored and not yet announced: `migrate_set_state()` does one after the other. */
    saying: ['nothing', 'active', 'failing', 'colo'],
    /** `MigrationState.pause_event`, as `migrate-continue` sets it. */
    go: ['no', 'yes'],
    /** Where `colo_process_checkpoint()` is; see `colo-primary.ts`. */
    colo: [
      'none',
      'entering',
      'checked',
      'awaiting',
      'looping',
      'waiting',
      'asked',
      'replied',
      'stopping',
      'stopped',
      'saving',
      'sent',
      'received',
      'loaded',
      'leaving',
      'exiting',
    ],
  },
  {
    monitor: [
      {
        name: 'accept a migration',
        cite: 'migration/migration.c:qmp_migrate, migration/migration.c:migrate_init',
        on: fresh,
        where: { ...handled, vm: ['running', 'prelaunch', 'paused', 'colo'], migration: ended },
        does: { thread: 'none -> connecting', migration: '-> setup', was: '-> none', go: '-> no' },
        says: [announces('setup'), returns()],
      },
      {
        name: 'abort on a migration begun before the last one is cleaned up',
        cite: 'migration/migration.c:migrate_prepare, util/yank.c:yank_register_instance',
        on: fresh,
        where: {
          ...handled,
          vm: ['running', 'prelaunch', 'paused', 'finish-migrate', 'colo'],
          migration: ended,
          thread: '!none',
        },
        does: { link: 'up ~> cut' },
        says: [announces('setup'), exits(null)],
      },
      {
        name: 'refuse an address that cannot be read',
        cite: 'migration/channel.c:migration_channel_parse_input',
        on: command('migrate', { uri: unlike(readable) }),
        where: handled,
        does: {},
        says: [fails('unknown migration protocol')],
      },
      {
        name: 'refuse a second migration',
        cite: 'migration/migration.c:migrate_prepare',
        on: fresh,
        where: { ...handled, migration: running },
        does: {},
        says: [fails("There's a migration process in progress")],
      },
      {
        name: 'refuse to migrate a guest that is still coming in',
        cite: 'migration/migration.c:migrate_prepare',
        on: fresh,
        where: { ...handled, vm: 'inmigrate', migration: ended },
        does: {},
        says: [fails('Guest is waiting for an incoming migration')],
      },
      {
        name: 'refuse to migrate a guest that has left',
        cite: 'migration/migration.c:migrate_prepare',
        on: fresh,
        where: { ...handled, vm: 'postmigrate', migration: ended },
        does: {},
        says: [fails("Can't migrate the vm that was paused due to previous migration")],
      },
      {
        name: 'refuse to resume what is not paused',
        cite: 'migration/migration.c:migrate_prepare',
        on: command('migrate', { uri: not(unlike(readable)), resume: true }),
        where: handled,
        does: {},
        says: [fails('Cannot resume if there is no paused migration')],
      },
      {
        name: 'cancel the migration',
        cite: 'migration/migration.c:migration_cancel',
        on: command('migrate_cancel'),
        where: { ...handled, migration: cancellable },
        does: { migration: '-> cancelling', link: 'up ~> cut' },
        says: [announces('cancelling'), returns()],
      },
      {
        name: 'shut the return path to cancel',
        cite: 'migration/migration.c:migration_cancel',
        on: command('migrate_cancel'),
        where: { ...handled, migration: cancellable, path: 'open' },
        does: { mainLoop: '-> cancelling', link: 'up -> cut' },
        says: [returns()],
      },
      {
        name: 'cancel once more',
        cite: 'migration/migration.c:migration_cancel',
        on: command('migrate_cancel'),
        where: { ...handled, migration: 'cancelling' },
        does: { link: 'up ~> cut' },
        says: [announces('cancelling'), returns()],
      },
      {
        name: 'find nothing to cancel',
        cite: 'migration/migration.c:migration_cancel',
        on: command('migrate_cancel'),
        where: { ...handled, migration: ended },
        does: {},
        says: [returns()],
      },
      {
        name: 'continue to the switchover',
        cite: 'migration/migration.c:qmp_migrate_continue',
        on: command('migrate-continue', { state: 'pre-switchover' }),
        where: { ...handled, migration: 'pre-switchover' },
        does: { go: '-> yes' },
        says: [returns()],
      },
      ...each(migrationStatuses, status => ({
        name: `refuse to continue from another state than ${status}`,
        cite: 'migration/migration.c:qmp_migrate_continue',
        on: command('migrate-continue', { state: not(status) }),
        where: { ...handled, migration: status },
        does: {},
        says: [fails(`Migration not in expected state: ${status}`)],
      })),
      ...each(
        migrationStatuses.filter(status => status !== 'pre-switchover'),
        status =>
          ({
            name: `take it that ${status} continues`,
            cite: 'migration/migration.c:qmp_migrate_continue',
            on: command('migrate-continue', { state: status }),
            where: { ...handled, migration: status },
            does: { go: '-> yes' },
            says: [returns()],
          }) as const,
      ),
    ],
    'main loop': [
      {
        name: 'cancel once the return path is shut',
        cite: 'migration/migration.c:migration_cancel',
        where: { bql: 'free', migration: running },
        does: { mainLoop: 'cancelling -> free', migration: '-> cancelling' },
        says: [announces('cancelling')],
      },
      {
        name: 'find the migration over once the return path is shut',
        cite: 'migration/migration.c:migration_cancel',
        where: { bql: 'free', migration: ended },
        does: { mainLoop: 'cancelling -> free' },
      },
      {
        name: 'fail to connect',
        cite: 'migration/migration.c:migration_connect_error_propagate, migration/migration.c:migration_cleanup',
        where: dispatched,
        does: { thread: 'connecting -> none', migration: 'setup -> failed' },
        says: [announces('failing'), announces('failed')],
      },
      {
        name: 'fail to connect after a cancel',
        cite: 'migration/migration.c:migration_connect_error_propagate, migration/migration.c:migration_cleanup',
        where: dispatched,
        does: { thread: 'connecting -> none', migration: 'cancelling -> cancelled' },
        says: [announces('cancelled')],
      },
      {
        name: 'clean up after a cancel',
        cite: 'migration/migration.c:migration_cleanup',
        where: dispatched,
        does: { thread: 'cleaning -> none', migration: 'cancelling -> cancelled', link: 'up ~> cut' },
        says: [announces('cancelled')],
      },
      {
        name: 'clean up after a failure',
        cite: 'migration/migration.c:migration_cleanup',
        where: dispatched,
        does: { thread: 'cleaning -> none', migration: 'failing -> failed', link: 'up ~> cut' },
        says: [announces('failed')],
      },
      {
        name: 'clean up after the end',
        cite: 'migration/migration.c:migration_cleanup',
        where: { ...dispatched, migration: ['completed', 'cancelled', 'failed'] },
        does: { thread: 'cleaning -> none', link: 'up ~> cut' },
      },
    ],
    'migration thread': [
      {
        name: 'become active',
        cite: 'migration/migration.c:qemu_savevm_wait_unplug',
        does: { thread: 'starting -> iterating', migration: 'setup -> active', saying: '-> active' },
      },
      ...each(
        ['active', 'failing', 'colo'] as const,
        status =>
          ({
            name: `announce ${status}`,
            cite: 'migration/migration.c:migrate_set_state, migration/migration.c:migrate_generate_event',
            does: { saying: `${status} -> nothing` },
            says: [announces(status)],
          }) as const,
      ),
      {
        name: 'start though cancelled',
        cite: 'migration/migration.c:migration_thread',
        does: { thread: 'starting -> finishing', migration: 'cancelling' },
      },
      {
        name: 'count a pass over the memory',
        cite: 'migration/migration.c:migration_iteration_go_next',
        where: { events: 'on', thread: 'iterating', saying: 'nothing' },
        does: {},
        says: [event('MIGRATION_PASS', { pass: present(2) })],
        may: true,
      },
      {
        name: 'stop the guest for the switchover',
        cite: 'migration/migration.c:migration_stop_vm, system/cpus.c:do_vm_stop',
        where: { bql: 'free', saying: 'nothing', migration: ['active', 'cancelling'] },
        does: { thread: 'iterating -> stopping', vm: 'running -> finish-migrate', was: '-> running' },
        may: true,
      },
      {
        name: 'hand over the stopped guest',
        cite: 'migration/migration.c:migration_completion_precopy, migration/migration.c:migration_switchover_prepare',
        where: { 'pause-before-switchover': 'off' },
        does: { thread: 'stopping -> saving', migration: 'active -> device', bql: 'free -> migration' },
        says: [event('STOP'), announces('device')],
      },
      {
        name: 'pause before the switchover',
        cite: 'migration/migration.c:migration_completion_precopy, migration/migration.c:migration_switchover_prepare',
        where: { 'pause-before-switchover': 'on', bql: 'free' },
        does: { thread: 'stopping -> paused', migration: 'active -> pre-switchover', go: '-> no' },
        says: [event('STOP'), announces('pre-switchover')],
      },
      {
        name: 'find a cancel once the guest is stopped',
        cite: 'migration/migration.c:migration_completion_precopy, migration/migration.c:migration_switchover_prepare',
        where: { bql: 'free' },
        does: { thread: 'stopping -> finishing', migration: 'cancelling' },
        says: [event('STOP')],
      },
      ...each(
        stopped,
        was =>
          ({
            name: `hand over a guest in ${was}`,
            cite: 'migration/migration.c:migration_completion_precopy, migration/migration.c:migration_switchover_prepare',
            where: { 'pause-before-switchover': 'off', saying: 'nothing' },
            does: {
              thread: 'iterating -> saving',
              migration: 'active -> device',
              vm: `${was} -> finish-migrate`,
              was: `-> ${was}`,
              bql: 'free -> migration',
            },
            says: [announces('device')],
            may: true,
          }) as const,
      ),
      ...each(
        stopped,
        was =>
          ({
            name: `pause before the switchover of a guest in ${was}`,
            cite: 'migration/migration.c:migration_completion_precopy, migration/migration.c:migration_switchover_prepare',
            where: { 'pause-before-switchover': 'on', bql: 'free', saying: 'nothing' },
            does: {
              thread: 'iterating -> paused',
              migration: 'active -> pre-switchover',
              vm: `${was} -> finish-migrate`,
              was: `-> ${was}`,
              go: '-> no',
            },
            says: [announces('pre-switchover')],
            may: true,
          }) as const,
      ),
      {
        name: 'leave the pause for the switchover',
        cite: 'migration/migration.c:migration_switchover_prepare',
        does: {
          thread: 'paused -> saving',
          go: 'yes -> no',
          migration: 'pre-switchover -> device',
          bql: 'free -> migration',
        },
        says: [announces('device')],
      },
      {
        name: 'leave the pause cancelled',
        cite: 'migration/migration.c:migration_switchover_prepare',
        where: { bql: 'free' },
        does: { thread: 'paused -> finishing', migration: 'cancelling' },
      },
      ...each(
        stopped,
        was =>
          ({
            name: `hand over a guest in ${was}, then find a cancel`,
            cite: 'migration/migration.c:migration_completion_precopy, migration/migration.c:migration_switchover_prepare',
            where: { bql: 'free', saying: 'nothing' },
            does: {
              thread: 'iterating -> finishing',
              migration: 'cancelling',
              vm: `${was} -> finish-migrate`,
              was: `-> ${was}`,
            },
            may: true,
          }) as const,
      ),
      {
        name: 'find a cancel',
        cite: 'migration/migration.c:migration_detect_error',
        where: { saying: 'nothing' },
        does: { thread: 'iterating -> finishing', migration: 'cancelling' },
      },
      {
        name: 'find the channel broken',
        cite: 'migration/migration.c:migration_detect_error',
        where: { link: 'cut', saying: 'nothing' },
        does: { thread: 'iterating -> finishing', migration: 'active -> failing', saying: '-> failing' },
      },
      ...each(
        ['running', ...stopped],
        was =>
          ({
            name: `send the last of a guest in ${was}`,
            cite: 'migration/savevm.c:qemu_savevm_state_complete_precopy, migration/global_state.c:global_state_store',
            where: { was, link: 'up' },
            does: { thread: 'saving -> sent', bql: 'migration -> free' },
            says: [sends(`end ${was}`)],
          }) as const,
      ),
      {
        name: 'fail to send the last of it',
        cite: 'migration/savevm.c:qemu_savevm_state_complete_precopy',
        where: { link: 'cut' },
        does: { thread: 'saving -> failing', bql: 'migration -> free' },
      },
      {
        name: 'need no word from the destination',
        cite: 'migration/migration.c:migration_completion',
        where: { 'return-path': 'off', migration: 'device' },
        does: { thread: 'sent -> checked' },
      },
      {
        name: 'hear that the destination is done',
        cite: 'migration/migration.c:stop_return_path_thread_on_source',
        on: receives('shut'),
        where: { 'return-path': 'on', migration: 'device' },
        does: { thread: 'sent -> checked' },
      },
      {
        name: 'lose the return path',
        cite: 'migration/migration.c:stop_return_path_thread_on_source',
        on: hangup,
        where: { 'return-path': 'on' },
        does: { thread: 'sent -> failing' },
      },
      {
        name: 'find a cancel after sending',
        cite: 'migration/migration.c:migration_completion',
        where: { migration: 'cancelling' },
        does: { thread: 'sent -> failing' },
      },
      {
        name: 'complete',
        cite: 'migration/migration.c:migration_completion_end',
        where: { bql: 'free', 'x-colo': 'off' },
        does: { thread: 'checked -> finishing', migration: 'device -> completed' },
        says: [announces('completed')],
      },
      {
        name: 'complete over a cancel',
        cite: 'migration/migration.c:migration_completion_end',
        where: { bql: 'free' },
        does: { thread: 'checked -> finishing', migration: 'cancelling -> completed' },
        says: [announces('completed')],
      },
      {
        name: 'enter COLO',
        cite: 'migration/migration.c:migration_completion',
        where: { 'x-colo': 'on' },
        does: { thread: 'checked -> finishing', migration: 'device -> colo', saying: '-> colo' },
      },
      {
        name: 'see no cancel before failing',
        cite: 'migration/migration.c:migration_completion',
        where: { migration: '!cancelling' },
        does: { thread: 'failing -> announcing' },
      },
      {
        name: 'see a cancel before failing',
        cite: 'migration/migration.c:migration_completion',
        where: { migration: 'cancelling' },
        does: { thread: 'failing -> finishing' },
      },
      {
        name: 'fail after the switchover',
        cite: 'migration/migration.c:migration_completion',
        does: { thread: 'announcing -> finishing', migration: '-> failing', saying: '-> failing' },
      },
      {
        name: 'leave the guest to the destination',
        cite: 'migration/migration.c:migration_iteration_finish',
        where: { bql: 'free', migration: 'completed', saying: 'nothing' },
        does: { thread: 'finishing -> cleaning', vm: '-> postmigrate' },
      },
      {
        name: 'give the guest back, running',
        cite: 'migration/migration.c:migration_iteration_finish',
        where: {
          bql: 'free',
          saying: 'nothing',
          migration: ['failing', 'cancelling'],
          was: 'running',
          vm: '!shutdown',
        },
        does: { thread: 'finishing -> cleaning', vm: '-> running' },
        says: [event('RESUME', {}, { vm: '!running' })],
      },
      ...each(
        stopped,
        was =>
          ({
            name: `give the guest back, in ${was}`,
            cite: 'migration/migration.c:migration_iteration_finish',
            where: { bql: 'free', saying: 'nothing', migration: ['failing', 'cancelling'], was },
            does: { thread: 'finishing -> cleaning', vm: `finish-migrate ~> ${was}` },
          }) as const,
      ),
      {
        name: 'leave the guest as it is',
        cite: 'migration/migration.c:migration_iteration_finish',
        where: { bql: 'free', saying: 'nothing', migration: ['failing', 'cancelling'], was: 'none' },
        does: { thread: 'finishing -> cleaning' },
      },
      {
        name: 'go on to checkpoints',
        cite: 'migration/colo.c:migrate_start_colo_process',
        where: { bql: 'free', saying: 'nothing', migration: 'colo' },
        does: { thread: 'finishing -> colo', colo: '-> entering' },
      },
    ],
  },
)
