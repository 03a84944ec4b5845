/**
 * RunState, the guest's own chart, as far as live migration and COLO touch it.
 *
 * Everything a monitor command does happens in the main loop under the big
 * QEMU lock (`bql`).  A thread that holds the lock for long, or a main loop
 * that waits for a thread, is a monitor that does not answer; a command
 * therefore has to find `bql` free and the main loop at home.
 */
import { command, event, exits, fails, fault, machine, type Pattern, returns } from './lang.ts'

/** `enum RunState`. */
export const runStates = [
  'running',
  'prelaunch',
  'inmigrate',
  'paused',
  'finish-migrate',
  'postmigrate',
  'colo',
  'shutdown',
  'suspended',
  'save-vm',
  'restore-vm',
  'io-error',
  'internal-error',
  'guest-panicked',
  'watchdog',
  'debug',
] as const

/** `runstate_is_live()`: a suspended guest counts as one that runs, though its vCPUs do not; since 9.0. */
export const live = ['running', 'suspended'] as const satisfies readonly (typeof runStates)[number][]

/** What a guest that does not run can be doing when it is migrated, and is doing again where it arrives. */
export const stopped = [
  'prelaunch',
  'paused',
  'io-error',
  'shutdown',
  'watchdog',
  'guest-panicked',
] as const satisfies readonly (typeof runStates)[number][]

/** Every run state in which no vCPU runs and that is none of waiting, suspended or being migrated. */
export const halted = [
  'prelaunch',
  'paused',
  'postmigrate',
  'shutdown',
  'restore-vm',
  'io-error',
  'internal-error',
  'guest-panicked',
  'watchdog',
  'debug',
] as const satisfies readonly (typeof runStates)[number][]

/** The migration capabilities that the rules speak of, by their QAPI names. */
export const capabilities = [
  'events',
  'return-path',
  'x-colo',
  'pause-before-switchover',
  'postcopy-ram',
  'background-snapshot',
] as const

const offOn = ['off', 'on'] as const

/** What every part of one QEMU process shares. */
export const shared = {
  /** `current_run_state`. */
  vm: runStates,
  /** Who holds the big QEMU lock beyond one step. */
  bql: ['free', 'migration', 'failover', 'checkpoint'],
  /** What the main loop does besides handling commands: nothing, `qemu_thread_join()`, the second half of a cancel, or `migration_channel_read_peek()`, or a snapshot. */
  mainLoop: ['free', 'joining', 'cancelling', 'peeking', 'pausing', 'snapshot'],
  /** How far `quit` has come: `qemu_system_shutdown_request()`, the event, the two halves of `migration_shutdown()`, `vm_shutdown()`, the rest. */
  quitting: ['no', 'asked', 'signalled', 'announced', 'shut', 'cancelled', 'stopping', 'leaving'],
  /** `autostart`: whether an incoming guest is started; `-S`, `stop` and `cont` change it while in `inmigrate`. */
  autostart: ['yes', 'no'],
  /** `vm_was_suspended`: the stopped guest is to be suspended again, not to run, when it is continued; since 9.0. */
  suspended: ['no', 'yes'],
  /** Whether it is known why a migration failed: `MigrationState.error`, which savevm leaves alone. */
  reason: ['known', 'unknown'],
  /** `dump_state_global`: whether `dump-guest-memory` is at work beside the main loop, and whether it continues the guest. */
  dump: ['none', 'resumes', 'leaves', 'completed'],
  /** Whether a vCPU waits for a page that postcopy has not brought yet; whoever stops the guest waits for the vCPU. */
  page: ['there', 'awaited'],
  /** `MigrationState.capabilities[]`. */
  events: offOn,
  'return-path': offOn,
  'x-colo': offOn,
  'pause-before-switchover': offOn,
  'postcopy-ram': offOn,
  'background-snapshot': offOn,
} as const

/** `enum MigrationStatus`. */
export const migrationStatuses = [
  'none',
  'setup',
  'wait-unplug',
  'active',
  'pre-switchover',
  'device',
  'postcopy-device',
  'postcopy-active',
  'postcopy-paused',
  'postcopy-recover-setup',
  'postcopy-recover',
  'completed',
  'failing',
  'failed',
  'cancelling',
  'cancelled',
  'colo',
] as const

/** Where `postcopy_listen_thread()` of a destination is. */
export const listeners = ['none', 'listening', 'failed', 'suspended', 'recovering', 'told', 'drained', 'over'] as const

/** What makes `migration_is_running()` true, of the statuses above. */
export const running = [
  'setup',
  'wait-unplug',
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
  'colo',
] as const

/** An in-band command is handled only when this holds. */
export const handled = { bql: 'free', mainLoop: 'free', quitting: 'no' } as const satisfies Pattern<typeof shared>

/** A bottom half or a coroutine of the main loop runs only when this holds; after the shutdown it does no more rounds. */
export const dispatched = {
  bql: 'free',
  mainLoop: 'free',
  quitting: ['no', 'asked', 'signalled'],
} as const satisfies Pattern<typeof shared>

/** URIs that `migration_channel_parse_input()` can read; `channels` is checked by the QAPI layer. */
export const readable = '^(unix:.+|tcp:.*:[0-9]+.*|vsock:.+|fd:.+|exec:.*|file:.+|rdma:.*:[0-9]+.*)$'

/** URIs that make `migrate_uri_parse()` free what it did not allocate. */
export const deadly = '^rdma:[^:]*$'

/** URIs that are refused, and nothing else comes of it. */
export const unreadable = `${readable}|${deadly}`

/** `migrate_generate_event()`: the event comes only where the capability `events` is set. */
export const announces = (status: (typeof migrationStatuses)[number], when: Pattern = {}) =>
  event('MIGRATION', { status }, { events: 'on', ...when })

/** `cont` makes these run. */
const continued = [
  'prelaunch',
  'paused',
  'postmigrate',
  'restore-vm',
  'io-error',
  'guest-panicked',
  'watchdog',
  'debug',
] as const

const dumping = 'There is a dump in process, please wait.'

/** Neither running nor suspended. */
const down = runStates.filter(state => state !== 'running' && state !== 'suspended')

/** The guest, the operator's commands to it, and the life of the process. */
export const runState = machine(
  'run state',
  {
    ...shared,
    /** `MigrationState.state`; see `source.ts`. */
    migration: migrationStatuses,
    /** `migrationState.to_dst_file` and the socket under it, seen from both ends. */
    link: ['down', 'up', 'cut'],
    /** Whether the source opens a return path on this connection. */
    path: ['shut', 'open'],
    /** `vmstop_requested`: what a vCPU or a device wants the guest to be stopped for. */
    vmstop: ['none', 'io-error', 'watchdog', 'guest-panicked', 'internal-error'],
    /** The status that the process ends with after `qemu_main_loop()`. */
    exitCode: ['success', 'failure'],
  },
  {
    monitor: [
      {
        name: 'stop the running guest',
        cite: 'system/cpus.c:do_vm_stop',
        on: command('stop'),
        where: { ...handled, dump: 'none', page: 'there' },
        does: { vm: 'running -> paused' },
        says: [event('STOP'), returns()],
      },
      {
        name: 'stop a guest that waits for a page',
        cite: 'system/cpus.c:do_vm_stop, system/cpus.c:pause_all_vcpus',
        on: command('stop'),
        where: { ...handled, dump: 'none', page: 'awaited' },
        does: { vm: 'running -> paused', mainLoop: '-> pausing' },
        says: [returns()],
      },
      {
        name: 'stop the suspended guest',
        cite: 'system/cpus.c:do_vm_stop',
        on: command('stop'),
        where: { ...handled, dump: 'none' },
        does: { vm: 'suspended -> paused', suspended: '-> yes' },
        says: [event('STOP'), returns()],
        since: '9.0',
      },
      {
        name: 'leave the suspended guest as it is when told to stop',
        cite: 'system/cpus.c:do_vm_stop',
        on: command('stop'),
        where: { ...handled, dump: 'none', vm: 'suspended' },
        does: {},
        says: [returns()],
        until: '8.2',
      },
      {
        name: 'stop a guest that does not run',
        cite: 'system/cpus.c:do_vm_stop',
        on: command('stop'),
        where: { ...handled, dump: 'none', vm: [...halted, 'finish-migrate', 'colo'] },
        does: {},
        says: [returns()],
      },
      {
        name: 'refuse to stop in a dump',
        cite: 'monitor/qmp-cmds.c:qmp_stop',
        on: command('stop'),
        where: { ...handled, dump: '!none' },
        does: {},
        says: [fails(dumping)],
      },
      {
        name: 'have an incoming guest wait',
        cite: 'monitor/qmp-cmds.c:qmp_stop',
        on: command('stop'),
        where: { ...handled, dump: 'none', vm: 'inmigrate' },
        does: { autostart: '-> no' },
        says: [returns()],
      },
      {
        name: 'continue a stopped guest',
        cite: 'system/cpus.c:vm_prepare_start',
        on: command('cont'),
        where: { ...handled, dump: 'none', vm: continued, suspended: 'no' },
        does: { vm: '-> running' },
        says: [event('RESUME'), returns()],
      },
      {
        name: 'continue a guest that was suspended',
        cite: 'system/cpus.c:vm_prepare_start',
        on: command('cont'),
        where: { ...handled, dump: 'none', vm: ['prelaunch', 'paused', 'restore-vm', 'debug'] },
        does: { vm: '-> suspended', suspended: 'yes -> no' },
        says: [event('RESUME'), returns()],
        since: '9.0',
      },
      {
        // `runstate_set()` knows no way from these to `suspended`.
        name: 'abort on continuing a guest that was suspended',
        cite: 'system/cpus.c:vm_prepare_start, system/runstate.c:runstate_set',
        on: command('cont'),
        where: {
          ...handled,
          dump: 'none',
          vm: ['postmigrate', 'io-error', 'guest-panicked', 'watchdog'],
          suspended: 'yes',
        },
        does: { link: 'up ~> cut' },
        says: [event('RESUME'), exits(null)],
        since: '9.0',
      },
      {
        name: 'continue a running guest',
        cite: 'system/cpus.c:vm_prepare_start',
        on: command('cont'),
        where: { ...handled, dump: 'none', vm: 'running', vmstop: 'none' },
        does: {},
        says: [returns()],
      },
      {
        name: 'leave a suspended guest to its own wake-up',
        cite: 'monitor/qmp-cmds.c:qmp_cont',
        on: command('cont'),
        where: { ...handled, dump: 'none', vm: 'suspended' },
        does: {},
        says: [returns()],
      },
      {
        name: 'refuse to continue a guest that has to be reset',
        cite: 'monitor/qmp-cmds.c:qmp_cont, system/runstate.c:runstate_needs_reset',
        on: command('cont'),
        where: { ...handled, dump: 'none', vm: ['shutdown', 'internal-error'] },
        does: {},
        says: [fails('Resetting the Virtual Machine is required')],
      },
      {
        name: 'refuse to continue in a dump',
        cite: 'monitor/qmp-cmds.c:qmp_cont',
        on: command('cont'),
        where: { ...handled, dump: '!none' },
        does: {},
        says: [fails(dumping)],
      },
      {
        name: 'have an incoming guest start',
        cite: 'monitor/qmp-cmds.c:qmp_cont',
        on: command('cont'),
        where: { ...handled, dump: 'none', vm: 'inmigrate' },
        does: { autostart: '-> yes' },
        says: [returns()],
      },
      {
        name: 'refuse to continue in the switchover',
        cite: 'monitor/qmp-cmds.c:qmp_cont',
        on: command('cont'),
        where: { ...handled, dump: 'none', vm: 'finish-migrate' },
        does: {},
        says: [fails('Migration is not finalized yet')],
      },
      {
        name: 'refuse to continue in a checkpoint',
        cite: 'monitor/qmp-cmds.c:qmp_cont',
        on: command('cont'),
        where: { ...handled, dump: 'none', vm: 'colo' },
        does: {},
        says: [fails('COLO checkpoint in progress')],
        since: '11.0',
      },
      {
        name: 'continue the guest in the middle of a checkpoint',
        cite: 'system/cpus.c:vm_prepare_start',
        on: command('cont'),
        where: { ...handled, dump: 'none', suspended: 'no' },
        does: { vm: 'colo -> running' },
        says: [event('RESUME'), returns()],
        until: '10.2',
      },
      {
        name: 'ask to quit',
        cite: 'monitor/qmp-cmds.c:qmp_quit',
        on: command('quit'),
        where: handled,
        does: { quitting: '-> asked' },
        says: [returns()],
      },
    ],
    'main loop': [
      {
        name: 'announce the shutdown',
        cite: 'system/runstate.c:qemu_system_shutdown',
        where: { bql: 'free', mainLoop: 'free' },
        does: { quitting: 'asked -> announced' },
        says: [event('SHUTDOWN', { guest: false, reason: 'host-qmp-quit' })],
      },
      {
        name: 'announce the shutdown by a signal',
        cite: 'system/runstate.c:qemu_system_shutdown',
        where: { bql: 'free', mainLoop: 'free' },
        does: { quitting: 'signalled -> announced' },
        says: [event('SHUTDOWN', { guest: false, reason: 'host-signal' })],
      },
      {
        name: 'shut the return path on the way out',
        cite: 'migration/migration.c:migration_shutdown, migration/migration.c:migration_cancel',
        where: { bql: 'free', path: 'open', migration: running },
        does: { quitting: 'announced -> shut', link: 'up ~> cut' },
      },
      {
        name: 'shut the way back of COLO on the way out',
        cite: 'migration/migration.c:migration_shutdown, migration/migration.c:migration_cancel',
        // The COLO thread has opened one of its own, and may notice before anything is stored.
        where: { bql: 'free', path: 'shut', migration: 'colo' },
        does: { quitting: 'announced -> shut', link: 'up ~> cut' },
        until: '10.2',
      },
      {
        name: 'find no return path on the way out',
        cite: 'migration/migration.c:migration_shutdown, migration/migration.c:migration_cancel',
        where: { bql: 'free', path: 'shut' },
        does: { quitting: 'announced -> shut' },
      },
      {
        name: 'find the return path of no migration of its own on the way out',
        cite: 'migration/migration.c:migration_shutdown, migration/migration.c:migration_cancel',
        where: { bql: 'free', path: 'open', migration: ['none', 'completed', 'failed', 'cancelled'] },
        does: { quitting: 'announced -> shut' },
      },
      {
        name: 'cancel the migration on the way out',
        cite: 'migration/migration.c:migration_shutdown, migration/migration.c:migration_cancel',
        where: { bql: 'free', migration: running.filter(status => status !== 'colo' && status !== 'setup') },
        does: { quitting: 'shut -> cancelled', migration: '-> cancelling', link: 'up ~> cut' },
        says: [announces('cancelling')],
      },
      {
        name: 'cancel COLO on the way out',
        cite: 'migration/migration.c:migration_shutdown, migration/migration.c:migration_cancel',
        where: { bql: 'free' },
        does: { quitting: 'shut -> cancelled', migration: 'colo -> cancelling', link: 'up ~> cut' },
        says: [announces('cancelling')],
        since: '9.2',
      },
      {
        name: 'cut the link of COLO on the way out',
        cite: 'migration/migration.c:migration_shutdown, migration/migration.c:migration_cancel',
        where: { bql: 'free', migration: 'colo' },
        does: { quitting: 'shut -> cancelled', link: 'up ~> cut' },
        // migration_is_running() did not count COLO.
        until: '9.1',
      },
      {
        name: 'find no migration on the way out',
        cite: 'migration/migration.c:migration_shutdown, migration/migration.c:migration_cancel',
        where: { bql: 'free', migration: ['none', 'completed', 'failed', 'cancelled'] },
        does: { quitting: 'shut -> cancelled' },
      },
      {
        name: 'stop the guest on the way out',
        cite: 'system/cpus.c:vm_shutdown, system/cpus.c:do_vm_stop',
        where: { bql: 'free', page: 'there' },
        does: { quitting: 'cancelled -> stopping', vm: 'running -> shutdown' },
      },
      {
        name: 'wait on the way out for a vCPU that waits for a page',
        cite: 'system/cpus.c:vm_shutdown, system/cpus.c:pause_all_vcpus',
        where: { bql: 'free', page: 'awaited' },
        does: { quitting: 'cancelled -> stopping', vm: 'running -> shutdown', mainLoop: '-> pausing' },
      },
      {
        name: 'find the guest stopped on the way out',
        cite: 'system/cpus.c:vm_shutdown, system/cpus.c:do_vm_stop',
        where: { bql: 'free', vm: down },
        does: { quitting: 'cancelled -> leaving' },
      },
      {
        name: 'leave the guest suspended on the way out',
        cite: 'system/cpus.c:vm_shutdown, system/cpus.c:do_vm_stop',
        where: { bql: 'free', vm: 'suspended' },
        does: { quitting: 'cancelled -> leaving' },
        until: '8.2',
      },
      {
        name: 'stop the suspended guest on the way out',
        cite: 'system/cpus.c:vm_shutdown, system/cpus.c:do_vm_stop',
        where: { bql: 'free' },
        does: { quitting: 'cancelled -> leaving', vm: 'suspended -> shutdown' },
        since: '9.0',
      },
      {
        name: 'see every vCPU stopped',
        cite: 'system/cpus.c:pause_all_vcpus',
        where: { bql: 'free', page: 'there', vm: '!running' },
        does: { quitting: 'stopping -> leaving' },
      },
      {
        name: 'see the guest stopped once its page has come',
        cite: 'system/cpus.c:do_vm_stop, system/cpus.c:pause_all_vcpus',
        where: { bql: 'free', page: 'there', quitting: 'no' },
        does: { mainLoop: 'pausing -> free' },
        says: [event('STOP')],
      },
      {
        name: 'exit after quit',
        cite: 'system/runstate.c:qemu_cleanup',
        where: { quitting: 'leaving', exitCode: 'success' },
        does: { link: 'up ~> cut' },
        says: [exits(0)],
      },
    ],
    world: [
      {
        name: 'be told to end by a signal',
        cite: 'system/runstate.c:qemu_system_killed',
        on: fault('term'),
        does: { quitting: 'no -> signalled' },
      },
      {
        name: 'be killed',
        cite: 'signal(7)',
        on: fault('kill'),
        does: { link: 'up ~> cut' },
        says: [exits(null)],
      },
    ],
  },
  [],
  { mainLoop: 'free' },
)
