/**
 * Snapshots (`snapshot-save`, `snapshot-load`) and dumps: what stops the guest
 * to save it, or to put another in its place.
 *
 * A snapshot is a job whose work is one bottom half: while it lasts, the
 * monitor waits.  A dump may go on beside the monitor, in a thread of its own.
 * `snapshot-delete` moves nothing and is left out, as are the events of jobs.
 */
import { command, each, event, fails, machine, not, present, returns } from './lang.ts'
import { announces, dispatched, halted, handled, listeners, migrationStatuses, running, shared } from './run-state.ts'

/** `migration_is_running()` is false in these. */
const idle = ['none', 'completed', 'failed', 'cancelled'] as const

/** No vCPU runs, and nothing is saved, loaded or checkpointed just now. */
const still = [...halted, 'inmigrate', 'finish-migrate'] as const

/** The main loop is in the middle of a snapshot. */
const inSnapshot = { bql: 'free', mainLoop: 'snapshot' } as const

/** `migration_in_incoming_postcopy()` holds; the two last, until the thread stores POSTCOPY_INCOMING_END. */
const loading = ['listening', 'suspended', 'recovering', 'told', 'failed', 'drained'] as const

/** Since 11.1 a guest in postcopy is not dumped either. */
const memory = [
  { name: '', where: {}, version: { until: '11.0' } },
  {
    name: ' whose memory is here',
    where: { listen: ['none', 'failed', 'drained', 'over'] },
    version: { since: '11.1' },
  },
] as const

const jobThere = "Job ID 'snapshot' already in use"

/** Snapshots and dumps. */
export const jobs = machine(
  'jobs',
  {
    ...shared,
    /** `MigrationState.state`: saving a snapshot moves it. */
    migration: migrationStatuses,
    /** Where `postcopy_listen_thread()` is; see `postcopy.ts`. */
    listen: listeners,
    /** `wakeup_reason`; see `guest.ts`. */
    waking: ['no', 'yes'],
    /** A snapshot: asked for, and how far its bottom half has come. */
    job: ['none', 'save', 'load', 'saving', 'writing', 'written', 'loading', 'loading suspended', 'waking'],
  },
  {
    monitor: [
      {
        name: 'take up a snapshot to save',
        cite: 'migration/savevm.c:qmp_snapshot_save',
        on: command('snapshot-save'),
        where: handled,
        does: { job: 'none -> save' },
        says: [returns()],
      },
      {
        name: 'take up a snapshot to load',
        cite: 'migration/savevm.c:qmp_snapshot_load',
        on: command('snapshot-load'),
        where: handled,
        does: { job: 'none -> load' },
        says: [returns()],
      },
      ...each(['save', 'load'] as const, what => ({
        name: `refuse to ${what} a snapshot under the name of another job`,
        cite: 'job.c:job_create',
        on: command(`snapshot-${what}`),
        where: handled,
        does: {},
        says: [fails(jobThere)],
      })),
      ...each(
        memory,
        ({ where, name, version }) =>
          ({
            name: `dump the running guest beside the monitor${name}`,
            cite: 'dump/dump.c:qmp_dump_guest_memory, dump/dump.c:dump_init',
            on: command('dump-guest-memory', { detach: true }),
            where: { ...handled, ...where, migration: idle },
            does: { vm: 'running -> save-vm', dump: 'none -> resumes' },
            says: [event('STOP'), returns()],
            ...version,
          }) as const,
      ),
      ...each(
        memory,
        ({ where, name, version }) =>
          ({
            name: `dump a guest that does not run beside the monitor${name}`,
            cite: 'dump/dump.c:qmp_dump_guest_memory, dump/dump.c:dump_init',
            on: command('dump-guest-memory', { detach: true }),
            where: { ...handled, ...where, migration: idle, vm: [...halted, 'suspended', 'finish-migrate', 'colo'] },
            does: { dump: 'none -> leaves' },
            says: [returns()],
            ...version,
          }) as const,
      ),
      ...each(
        memory,
        ({ where, name, version }) =>
          ({
            name: `dump the running guest${name}`,
            cite: 'dump/dump.c:dump_process, dump/dump.c:dump_cleanup',
            on: command('dump-guest-memory', { detach: not(true) }),
            where: { ...handled, ...where, migration: idle, dump: 'none', vm: 'running' },
            does: {},
            says: [event('STOP'), event('DUMP_COMPLETED'), event('RESUME'), returns()],
            ...version,
          }) as const,
      ),
      ...each(
        memory,
        ({ where, name, version }) =>
          ({
            name: `dump a guest that does not run${name}`,
            cite: 'dump/dump.c:dump_process',
            on: command('dump-guest-memory', { detach: not(true) }),
            where: {
              ...handled,
              ...where,
              migration: idle,
              dump: 'none',
              vm: [...halted, 'suspended', 'finish-migrate', 'colo'],
            },
            does: {},
            says: [event('DUMP_COMPLETED'), returns()],
            ...version,
          }) as const,
      ),
      {
        name: 'refuse a second dump',
        cite: 'dump/dump.c:qmp_dump_guest_memory',
        on: command('dump-guest-memory'),
        where: { ...handled, dump: '!none', vm: '!inmigrate' },
        does: {},
        says: [fails('There is a dump in process, please wait.')],
      },
      {
        name: 'refuse to dump a guest that is still coming in',
        cite: 'dump/dump.c:qmp_dump_guest_memory',
        on: command('dump-guest-memory'),
        where: { ...handled, vm: 'inmigrate' },
        does: {},
        says: [fails('Dump not allowed during incoming migration.')],
        until: '11.0',
      },
      {
        name: 'refuse to dump a guest whose memory is coming in',
        cite: 'migration/migration.c:migration_guest_ram_loading, dump/dump.c:qmp_dump_guest_memory',
        on: command('dump-guest-memory'),
        where: { ...handled, vm: 'inmigrate' },
        does: {},
        says: [fails('Dump not allowed during migration.')],
        since: '11.1',
      },
      {
        name: 'refuse to dump a guest whose memory still comes in behind it',
        cite: 'migration/migration.c:migration_guest_ram_loading, dump/dump.c:qmp_dump_guest_memory',
        on: command('dump-guest-memory'),
        where: { ...handled, listen: loading, vm: '!inmigrate' },
        does: {},
        says: [fails('Dump not allowed during migration.')],
        since: '11.1',
      },
      {
        name: 'refuse to dump while migrating',
        cite: 'migration/migration.c:is_busy',
        on: command('dump-guest-memory'),
        where: { ...handled, dump: 'none', migration: running, vm: '!inmigrate' },
        does: {},
        says: [
          fails(
            'disallowing migration blocker (migration/snapshot in progress) for: Live migration disabled: dump-guest-memory in progress',
          ),
        ],
      },
    ],

    snapshot: [
      {
        name: 'find that it cannot save a snapshot',
        cite: 'migration/savevm.c:save_snapshot',
        where: dispatched,
        does: { job: 'save -> none' },
      },
      {
        name: 'stop the running guest to save it',
        cite: 'migration/savevm.c:save_snapshot, system/cpus.c:do_vm_stop',
        where: { ...dispatched, dump: 'none' },
        does: { job: 'save -> saving', mainLoop: '-> snapshot', vm: 'running -> save-vm' },
        says: [event('STOP')],
      },
      {
        name: 'stop the suspended guest to save it',
        cite: 'migration/savevm.c:save_snapshot, system/cpus.c:do_vm_stop',
        where: { ...dispatched, dump: 'none' },
        does: { job: 'save -> saving', mainLoop: '-> snapshot', vm: 'suspended -> save-vm', suspended: '-> yes' },
        says: [event('STOP')],
        since: '9.0',
      },
      {
        name: 'find the guest stopped that is to be saved',
        cite: 'migration/savevm.c:save_snapshot',
        where: { ...dispatched, dump: 'none', vm: still },
        does: { job: 'save -> saving', mainLoop: '-> snapshot' },
      },
      {
        name: 'find the guest suspended that is to be saved',
        cite: 'migration/savevm.c:save_snapshot',
        where: { ...dispatched, dump: 'none', vm: 'suspended' },
        does: { job: 'save -> saving', mainLoop: '-> snapshot' },
        until: '8.2',
      },
      {
        name: 'begin to write the snapshot',
        cite: 'migration/savevm.c:qemu_savevm_state, migration/migration.c:migrate_init',
        where: { ...inSnapshot, migration: idle },
        does: { job: 'saving -> writing', migration: '-> setup', reason: '-> known' },
        says: [announces('setup')],
      },
      {
        name: 'find a migration in the way of the snapshot',
        cite: 'migration/savevm.c:qemu_savevm_state',
        where: { ...inSnapshot, migration: running },
        does: { job: 'saving -> written' },
      },
      {
        name: 'count a pass over the memory for the snapshot',
        cite: 'migration/ram.c:migration_bitmap_sync',
        where: { ...inSnapshot, job: 'writing', events: 'on' },
        does: {},
        says: [event('MIGRATION_PASS', { pass: present(1) })],
        until: '11.0',
        may: true,
      },
      {
        name: 'complete the snapshot',
        cite: 'migration/savevm.c:qemu_savevm_state',
        where: inSnapshot,
        does: { job: 'writing -> written', migration: 'setup -> completed' },
        says: [announces('completed')],
      },
      {
        name: 'fail to write the snapshot',
        cite: 'migration/savevm.c:qemu_savevm_state',
        where: inSnapshot,
        does: { job: 'writing -> written', migration: 'setup -> failed', reason: '-> unknown' },
        says: [announces('failed')],
      },
      {
        name: 'continue the guest that was saved',
        cite: 'migration/savevm.c:save_snapshot, system/cpus.c:vm_resume',
        where: { ...inSnapshot, suspended: 'no' },
        does: { job: 'written -> none', mainLoop: '-> free', vm: 'save-vm -> running' },
        says: [event('RESUME')],
      },
      {
        name: 'have the guest that was saved suspended again',
        cite: 'migration/savevm.c:save_snapshot, system/cpus.c:vm_resume',
        where: inSnapshot,
        does: { job: 'written -> none', mainLoop: '-> free', vm: 'save-vm -> suspended', suspended: 'yes -> no' },
        says: [event('RESUME')],
        since: '9.0',
      },
      {
        name: 'leave the guest that was saved as it was',
        cite: 'migration/savevm.c:save_snapshot, system/cpus.c:vm_resume',
        where: { ...inSnapshot, vm: '!save-vm' },
        does: { job: 'written -> none', mainLoop: '-> free' },
      },
      {
        name: 'stop the running guest to load a snapshot',
        cite: 'migration/savevm.c:snapshot_load_job_bh, system/cpus.c:do_vm_stop',
        where: dispatched,
        does: { job: 'load -> loading', mainLoop: '-> snapshot', vm: 'running -> restore-vm' },
        says: [event('STOP')],
      },
      {
        name: 'stop the suspended guest to load a snapshot',
        cite: 'migration/savevm.c:snapshot_load_job_bh, system/cpus.c:do_vm_stop',
        where: dispatched,
        does: {
          job: 'load -> loading suspended',
          mainLoop: '-> snapshot',
          vm: 'suspended -> restore-vm',
          suspended: '-> yes',
        },
        says: [event('STOP')],
        since: '9.0',
      },
      {
        name: 'load a snapshot into a guest that does not run',
        cite: 'migration/savevm.c:snapshot_load_job_bh, migration/savevm.c:load_snapshot',
        where: { ...dispatched, migration: idle, vm: still },
        does: { job: 'load -> none', suspended: '-> no' },
      },
      {
        name: 'load a snapshot of a suspended guest into one that does not run',
        cite: 'migration/savevm.c:snapshot_load_job_bh, migration/global_state.c:global_state_post_load',
        where: { ...dispatched, migration: idle, vm: still },
        does: { job: 'load -> none', suspended: '-> yes' },
        since: '9.0',
      },
      {
        name: 'load a snapshot into a suspended guest',
        cite: 'migration/savevm.c:snapshot_load_job_bh, migration/savevm.c:load_snapshot',
        where: { ...dispatched, migration: idle, vm: 'suspended' },
        does: { job: 'load -> none' },
        until: '8.2',
      },
      {
        name: 'fail to load a snapshot into a guest that does not run',
        cite: 'migration/savevm.c:snapshot_load_job_bh, migration/savevm.c:load_snapshot',
        where: { ...dispatched, vm: [...still, 'save-vm', 'colo'] },
        does: { job: 'load -> none' },
      },
      {
        name: 'fail to load a snapshot into a suspended guest',
        cite: 'migration/savevm.c:snapshot_load_job_bh, migration/savevm.c:load_snapshot',
        where: { ...dispatched, vm: 'suspended' },
        does: { job: 'load -> none' },
        until: '8.2',
      },
      {
        name: 'load the snapshot and continue',
        cite: 'migration/savevm.c:snapshot_load_job_bh, migration/savevm.c:load_snapshot_resume',
        where: inSnapshot,
        does: { job: 'loading -> none', mainLoop: '-> free', vm: 'restore-vm -> running' },
        says: [event('RESUME')],
      },
      {
        name: 'load the snapshot of a suspended guest',
        cite: 'migration/savevm.c:load_snapshot_resume, system/cpus.c:vm_prepare_start',
        where: inSnapshot,
        does: { job: 'loading -> waking', vm: 'restore-vm -> suspended' },
        says: [event('RESUME')],
        since: '9.0',
      },
      {
        name: 'wake the guest of the snapshot',
        cite: 'migration/savevm.c:load_snapshot_resume, system/runstate.c:qemu_system_wakeup_request',
        where: inSnapshot,
        does: { job: 'waking -> none', mainLoop: '-> free', vm: 'suspended -> running', waking: '-> yes' },
        since: '9.0',
      },
      {
        name: 'load the snapshot of a running guest over a suspended one',
        cite: 'migration/savevm.c:load_snapshot_resume, system/cpus.c:vm_prepare_start',
        where: inSnapshot,
        does: {
          job: 'loading suspended -> none',
          mainLoop: '-> free',
          vm: 'restore-vm -> running',
          suspended: '-> no',
        },
        says: [event('RESUME')],
        since: '9.0',
      },
      {
        name: 'load the snapshot of a suspended guest over a suspended one',
        cite: 'migration/savevm.c:load_snapshot_resume, system/cpus.c:vm_prepare_start',
        where: inSnapshot,
        does: {
          job: 'loading suspended -> none',
          mainLoop: '-> free',
          vm: 'restore-vm -> suspended',
          suspended: '-> no',
        },
        says: [event('RESUME')],
        since: '9.0',
      },
      {
        // The guest stays stopped; nobody is told but by query-jobs.
        name: 'fail to load the snapshot and leave the guest stopped',
        cite: 'migration/savevm.c:snapshot_load_job_bh, migration/savevm.c:load_snapshot',
        where: inSnapshot,
        does: { job: 'loading -> none', mainLoop: '-> free', vm: 'restore-vm' },
      },
      {
        name: 'fail to load the snapshot and leave the suspended guest stopped',
        cite: 'migration/savevm.c:snapshot_load_job_bh, migration/savevm.c:load_snapshot',
        where: inSnapshot,
        does: { job: 'loading suspended -> none', mainLoop: '-> free', vm: 'restore-vm' },
        since: '9.0',
      },
    ],

    'dump thread': [
      {
        name: 'complete the dump of a guest that ran',
        cite: 'dump/dump.c:dump_process',
        does: { dump: 'resumes -> completed' },
        says: [event('DUMP_COMPLETED')],
      },
      {
        name: 'complete the dump and continue the guest',
        cite: 'dump/dump.c:dump_cleanup, system/cpus.c:vm_start',
        where: { bql: 'free' },
        does: { dump: 'completed -> none', vm: 'save-vm -> running' },
        says: [event('RESUME')],
      },
      {
        name: 'complete the dump of a guest that does not run',
        cite: 'dump/dump.c:dump_process',
        does: { dump: 'leaves -> none' },
        says: [event('DUMP_COMPLETED')],
      },
    ],
  },
)
