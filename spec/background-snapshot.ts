/**
 * A background snapshot: an outgoing migration that leaves the guest where it is.
 *
 * With the capability `background-snapshot` the thread is another:
 * `bg_migration_thread()` stops the guest for as long as it takes to put the
 * devices into a buffer and to write-protect the memory, has a bottom half
 * start the guest again, and then sends the memory as it was, followed by the
 * buffer.  Unless the set-up has failed by then, a cancel is found out only
 * after the guest was stopped: it is stopped and started again all the same.
 *
 * While it is at work, `thread` is `snapshotting`; it ends by way of `cleaning`,
 * as every other migration.
 *
 * Where a rule ends with 9.2 or begins with 10.0, some release between 7.2 and
 * 10.0 brought the change.  Guests that are suspended, shut down or in an
 * internal error are left out.
 */
import { each, event, exits, machine } from './lang.ts'
import { announces, dispatched } from './run-state.ts'
import { source } from './source.ts'

const file = 'migration/migration.c'
/** A cancel that found no channel yet has come to its end before the thread began (10.0 to 11.0). */
const over = ['cancelling', 'cancelled'] as const
const thread = `${file}:bg_migration_thread`

/** The thread of a background snapshot, and the bottom half that starts the guest again. */
export const backgroundSnapshot = machine(
  'background snapshot',
  {
    ...source.variables,
    /**
     * Where `bg_migration_thread()` is.  A status that it has stored and not
     * yet announced is a place of its own: it does one after the other.
     */
    snapshot: [
      'none',
      'ready',
      'unready',
      'waiting',
      'unplugging',
      'activated',
      'doomed',
      'refused',
      'going',
      'stopping',
      'saving',
      'broken',
      'tracking',
      'swept',
      'flushing',
      'flushed',
      'completed',
      'failed',
      'failing',
      'finishing',
    ],
    /** `bg_migration_vm_start_bh()`. */
    vmStart: ['none', 'scheduled'],
    /** Whether memory is write-protected by way of userfaultfd; `stuck`: a vCPU waits for ever to write to it. */
    ram: ['open', 'protected', 'stuck'],
  },
  {
    'snapshot thread': [
      {
        name: 'set up a snapshot',
        cite: `${thread}, migration/savevm.c:qemu_savevm_state_do_setup`,
        where: { 'background-snapshot': 'on', bql: 'free' },
        does: { thread: 'starting -> snapshotting', snapshot: 'none -> ready' },
      },
      {
        name: 'fail to set up a snapshot',
        cite: `${thread}, migration/savevm.c:qemu_savevm_state_do_setup`,
        where: { 'background-snapshot': 'on', bql: 'free', link: 'cut' },
        does: { thread: 'starting -> snapshotting', snapshot: 'none -> unready' },
        since: '10.0',
      },
      {
        name: 'wait for devices to be unplugged before a snapshot',
        cite: `${file}:qemu_savevm_wait_unplug`,
        does: { snapshot: 'ready -> waiting', migration: 'setup -> wait-unplug' },
        // Only where the guest has a device to be unplugged.
        may: true,
      },
      {
        name: 'announce that a snapshot waits for devices',
        cite: `${file}:migrate_set_state`,
        does: { snapshot: 'waiting -> unplugging' },
        says: [announces('wait-unplug')],
      },
      {
        name: 'become active once they are unplugged',
        cite: `${file}:qemu_savevm_wait_unplug`,
        does: { snapshot: 'unplugging -> activated', migration: 'wait-unplug -> active' },
      },
      {
        name: 'find a cancel once they are unplugged',
        cite: `${file}:qemu_savevm_wait_unplug`,
        where: { migration: over },
        does: { snapshot: 'unplugging -> going' },
      },
      {
        name: 'become active with a snapshot',
        cite: `${file}:qemu_savevm_wait_unplug`,
        does: { snapshot: 'ready -> activated', migration: 'setup -> active' },
      },
      {
        name: 'announce an active snapshot',
        cite: `${file}:migrate_set_state`,
        does: { snapshot: 'activated -> going' },
        says: [announces('active')],
      },
      {
        name: 'go on with a snapshot though cancelled',
        cite: `${file}:qemu_savevm_wait_unplug`,
        where: { migration: over },
        does: { snapshot: 'ready -> going' },
      },
      {
        name: 'become active with a snapshot that is to fail',
        cite: `${file}:qemu_savevm_wait_unplug`,
        does: { snapshot: 'unready -> doomed', migration: 'setup -> active' },
        since: '10.0',
      },
      {
        name: 'announce an active snapshot that is to fail',
        cite: `${file}:migrate_set_state`,
        does: { snapshot: 'doomed -> refused' },
        says: [announces('active')],
        since: '10.0',
      },
      {
        name: 'give up a snapshot that could not be set up after a cancel',
        cite: thread,
        where: { migration: over },
        does: { snapshot: 'unready -> finishing' },
        since: '10.0',
      },
      {
        name: 'find a cancel before failing for want of a set-up',
        cite: thread,
        where: { migration: over },
        does: { snapshot: 'refused -> finishing' },
        since: '10.0',
      },
      {
        name: 'be failed for want of a set-up',
        cite: thread,
        does: { snapshot: 'refused -> failed', migration: 'active -> failed' },
        since: '10.0',
        until: '10.2',
      },
      {
        name: 'fail for want of a set-up',
        cite: thread,
        does: { snapshot: 'refused -> failing', migration: 'active -> failing' },
        since: '11.0',
      },
      {
        name: 'stop the guest for a snapshot',
        cite: `${file}:migration_stop_vm, system/cpus.c:do_vm_stop`,
        where: { bql: 'free' },
        does: { snapshot: 'going -> stopping', vm: 'running -> paused', was: '-> running' },
      },
      {
        name: 'see the guest stopped for a snapshot',
        cite: 'system/cpus.c:do_vm_stop, system/cpus.c:pause_all_vcpus',
        // Where it was continued meanwhile its vCPUs are not told again to stop, and this waits for ever.
        where: { vm: '!running' },
        does: { snapshot: 'stopping -> saving', bql: 'free -> migration' },
        says: [event('STOP')],
      },
      {
        name: 'find the guest paused before a snapshot',
        cite: `${file}:migration_stop_vm, system/cpus.c:vm_stop_force_state`,
        where: { vm: 'paused' },
        does: { snapshot: 'going -> saving', bql: 'free -> migration', was: '-> paused' },
      },
      {
        name: 'abort on a snapshot of a guest that cannot be paused',
        cite: 'system/cpus.c:vm_stop_force_state, system/runstate.c:runstate_set',
        where: { bql: 'free', vm: ['prelaunch', 'io-error', 'guest-panicked', 'watchdog', 'debug'] },
        does: { snapshot: 'going -> none', link: 'up ~> cut' },
        says: [exits(null)],
      },
      {
        name: 'save the devices and protect the memory',
        cite: `${thread}, migration/ram.c:ram_write_tracking_start`,
        does: {
          snapshot: 'saving -> tracking',
          bql: 'migration -> free',
          ram: 'open -> protected',
          vmStart: 'none -> scheduled',
        },
      },
      {
        name: 'fail to save the devices, the guest staying paused',
        cite: thread,
        where: { migration: ['active', ...over] },
        does: { snapshot: 'saving -> finishing', bql: 'migration -> free', migration: 'active ~> failed' },
        says: [announces('failed', { migration: 'active' })],
        until: '10.2',
        may: true,
      },
      {
        name: 'fail to protect memory that stays protected, the guest staying paused',
        cite: 'migration/ram.c:ram_write_tracking_start',
        where: { migration: ['active', ...over], ram: 'protected' },
        does: { snapshot: 'saving -> finishing', bql: 'migration -> free', migration: 'active ~> failed' },
        says: [announces('failed', { migration: 'active' })],
        until: '9.2',
      },
      {
        name: 'let go of the devices, the guest staying paused',
        cite: thread,
        does: { snapshot: 'saving -> broken', bql: 'migration -> free' },
        since: '11.0',
        may: true,
      },
      {
        name: 'fail once the devices could not be saved',
        cite: thread,
        does: { snapshot: 'broken -> failing', migration: 'active -> failing' },
        since: '11.0',
      },
      {
        name: 'find a cancel once the devices could not be saved',
        cite: thread,
        where: { migration: over },
        does: { snapshot: 'broken -> finishing' },
        since: '11.0',
      },
      {
        name: 'find a snapshot cancelled',
        cite: `${thread}, ${file}:migration_detect_error`,
        where: { migration: over },
        does: { snapshot: 'tracking -> finishing' },
      },
      {
        name: 'be failed by a broken channel of a snapshot',
        cite: `${file}:migration_detect_error`,
        where: { link: 'cut' },
        does: { snapshot: 'tracking -> failed', migration: 'active -> failed' },
        until: '10.2',
      },
      {
        name: 'find the channel of a snapshot broken',
        cite: `${file}:migration_detect_error`,
        where: { link: 'cut' },
        does: { snapshot: 'tracking -> failing', migration: 'active -> failing' },
        since: '11.0',
      },
      {
        name: 'send the last of the memory',
        cite: `${file}:bg_migration_iteration_run`,
        where: { link: 'up', migration: 'active' },
        does: { snapshot: 'tracking -> swept' },
        // Whoever reads it may take as long as he likes.
        may: true,
      },
      {
        name: 'find a snapshot cancelled when its memory is sent',
        cite: `${file}:bg_migration_completion`,
        where: { migration: 'cancelling' },
        does: { snapshot: 'swept -> finishing' },
        since: '10.0',
      },
      {
        name: 'call a snapshot failed that is being cancelled',
        cite: `${file}:bg_migration_completion`,
        does: { snapshot: 'swept -> failed', migration: 'cancelling -> failed', ram: 'protected -> open' },
        until: '9.2',
      },
      {
        name: 'send the devices after the memory',
        cite: `${file}:bg_migration_completion`,
        where: { migration: 'active' },
        does: { snapshot: 'swept -> flushing' },
        since: '10.0',
      },
      {
        name: 'open the memory and send the devices',
        cite: `${file}:bg_migration_completion`,
        where: { migration: 'active' },
        does: { snapshot: 'swept -> flushing', ram: 'protected -> open' },
        until: '9.2',
      },
      {
        name: 'have sent the devices',
        cite: `${file}:bg_migration_completion`,
        where: { link: 'up' },
        does: { snapshot: 'flushing -> flushed' },
      },
      {
        name: 'be failed by the devices, which could not be sent',
        cite: `${file}:bg_migration_completion`,
        where: { link: 'cut' },
        does: { snapshot: 'flushing -> failed', migration: 'active -> failed' },
        until: '10.2',
      },
      {
        name: 'fail to send the devices',
        cite: `${file}:bg_migration_completion`,
        where: { link: 'cut' },
        does: { snapshot: 'flushing -> failing', migration: 'active -> failing' },
        since: '11.0',
      },
      {
        name: 'find a cancel instead of sending the devices',
        cite: `${file}:bg_migration_completion`,
        where: { migration: 'cancelling' },
        does: { snapshot: 'flushing -> finishing' },
      },
      {
        name: 'complete a snapshot',
        cite: `${file}:bg_migration_completion, ${file}:migration_completion_end`,
        where: { bql: 'free' },
        does: { snapshot: 'flushed -> finishing', migration: 'active -> completed' },
        says: [announces('completed')],
        since: '10.0',
      },
      {
        name: 'complete a snapshot over a cancel',
        cite: `${file}:bg_migration_completion, ${file}:migration_completion_end`,
        where: { bql: 'free' },
        does: { snapshot: 'flushed -> finishing', migration: 'cancelling -> completed' },
        says: [announces('completed')],
        since: '10.0',
      },
      {
        name: 'complete a snapshot without the lock',
        cite: `${file}:bg_migration_completion`,
        does: { snapshot: 'flushed -> completed', migration: 'active -> completed' },
        until: '9.2',
      },
      {
        name: 'find a cancel instead of completing a snapshot',
        cite: `${file}:bg_migration_completion`,
        where: { migration: 'cancelling' },
        does: { snapshot: 'flushed -> finishing' },
        until: '9.2',
      },
      {
        name: 'announce a completed snapshot',
        cite: `${file}:migrate_set_state`,
        does: { snapshot: 'completed -> finishing' },
        says: [announces('completed')],
        until: '9.2',
      },
      {
        name: 'announce a failed snapshot',
        cite: `${file}:migrate_set_state`,
        does: { snapshot: 'failed -> finishing' },
        says: [announces('failed')],
        until: '10.2',
      },
      {
        name: 'announce a failing snapshot',
        cite: `${file}:migrate_set_state`,
        does: { snapshot: 'failing -> finishing' },
        says: [announces('failing')],
        since: '11.0',
      },
      {
        name: 'open the memory and have the snapshot cleaned up',
        cite: `${file}:bg_migration_iteration_finish, migration/ram.c:ram_write_tracking_stop`,
        where: { bql: 'free' },
        does: { snapshot: 'finishing -> none', thread: 'snapshotting -> cleaning', ram: '-> open' },
        since: '10.0',
      },
      {
        name: 'have the snapshot cleaned up, the memory as it is',
        cite: `${file}:bg_migration_iteration_finish`,
        where: { bql: 'free' },
        does: { snapshot: 'finishing -> none', thread: 'snapshotting -> cleaning' },
        until: '9.2',
      },
    ],
    'main loop': [
      {
        name: 'start the guest after its devices are saved',
        cite: `${file}:bg_migration_vm_start_bh, system/cpus.c:vm_resume`,
        where: { ...dispatched, was: 'running' },
        does: { vmStart: 'scheduled -> none', vm: '-> running' },
        says: [event('RESUME', {}, { vm: '!running' })],
        since: '10.0',
      },
      ...each(
        ['paused', 'running'] as const,
        vm =>
          ({
            name:
              vm === 'paused'
                ? 'leave the guest paused after its devices are saved'
                : 'call a guest paused that was told to continue',
            cite: `${file}:bg_migration_vm_start_bh, system/cpus.c:vm_resume`,
            where: { ...dispatched, was: 'paused' },
            does: { vmStart: 'scheduled -> none', vm: `${vm} -> paused` },
            since: '10.0',
          }) as const,
      ),
      {
        name: 'start the guest again after its devices are saved',
        cite: `${file}:bg_migration_vm_start_bh, system/cpus.c:vm_start`,
        where: { ...dispatched, was: 'running' },
        does: { vmStart: 'scheduled -> none', vm: '-> running' },
        says: [event('RESUME', {}, { vm: '!running' })],
        until: '9.2',
      },
      {
        name: 'start the guest after its devices are saved, whether it ran before or not',
        cite: `${file}:bg_migration_vm_start_bh, system/cpus.c:vm_start`,
        where: { ...dispatched, was: '!running' },
        does: { vmStart: 'scheduled -> none', vm: '-> running' },
        says: [event('RESUME', {}, { vm: '!running' })],
        until: '9.2',
      },
    ],
    guest: [
      {
        name: 'wait for ever, with the lock, to write to memory that stays protected',
        cite: 'migration/ram.c:ram_write_tracking_stop, migration/migration.c:bg_migration_iteration_finish',
        where: { vm: 'running', snapshot: ['none', 'failed', 'finishing'] },
        does: { ram: 'protected -> stuck', bql: 'free -> migration' },
        until: '9.2',
        may: true,
      },
      {
        name: 'wait for ever, without the lock, to write to memory that stays protected',
        cite: 'migration/ram.c:ram_write_tracking_stop, migration/migration.c:bg_migration_iteration_finish',
        where: { vm: 'running', snapshot: ['none', 'failed', 'finishing'] },
        // Whoever stops the guest then waits for this vCPU.
        does: { ram: 'protected -> stuck', page: 'there -> awaited' },
        until: '9.2',
        may: true,
      },
    ],
  },
)
