/**
 * RunState, the guest's own chart, as far as live migration and COLO touch it.
 *
 * Everything a monitor command does happens in the main loop under the big
 * QEMU lock (`bql`).  A thread that holds the lock for long, or a main loop
 * that waits for a thread, is a monitor that does not answer; a command
 * therefore has to find `bql` free and the main loop at home.
 */
import { command, event, exits, fails, fault, machine, type Pattern, returns, setting } from './lang.ts'

/** `enum RunState`, those values that the rules here lead to. */
export const runStates = [
  'running',
  'prelaunch',
  'inmigrate',
  'paused',
  'finish-migrate',
  'postmigrate',
  'colo',
  'shutdown',
] as const

/** The migration capabilities that the rules speak of, by their QAPI names. */
export const capabilities = ['events', 'return-path', 'x-colo', 'pause-before-switchover'] as const

const offOn = ['off', 'on'] as const

/** What every part of one QEMU process shares. */
export const shared = {
  /** `current_run_state`. */
  vm: runStates,
  /** Who holds the big QEMU lock beyond one step. */
  bql: ['free', 'migration', 'failover', 'checkpoint'],
  /** What the main loop does besides handling commands: nothing, `qemu_thread_join()`, or the second half of a cancel. */
  mainLoop: ['free', 'joining', 'cancelling'],
  /** How far `quit` has come: `qemu_system_shutdown_request()`, the event, the two halves of `migration_shutdown()`, `vm_shutdown()`, the rest. */
  quitting: ['no', 'asked', 'signalled', 'announced', 'shut', 'cancelled', 'stopping', 'leaving'],
  /** `autostart`: whether an incoming guest is started; `-S`, `stop` and `cont` change it while in `inmigrate`. */
  autostart: ['yes', 'no'],
  /** `MigrationState.capabilities[]`. */
  events: offOn,
  'return-path': offOn,
  'x-colo': offOn,
  'pause-before-switchover': offOn,
} as const

/** `enum MigrationStatus`, those values that the rules here lead to. */
export const migrationStatuses = [
  'none',
  'setup',
  'active',
  'pre-switchover',
  'device',
  'completed',
  'failing',
  'failed',
  'cancelling',
  'cancelled',
  'colo',
] as const

/** What makes `migration_is_running()` true, of the statuses above. */
export const running = ['setup', 'active', 'pre-switchover', 'device', 'failing', 'cancelling', 'colo'] as const

/** An in-band command is handled only when this holds. */
export const handled = { bql: 'free', mainLoop: 'free', quitting: 'no' } as const satisfies Pattern<typeof shared>

/** A bottom half or a coroutine of the main loop runs only when this holds; after the shutdown it does no more rounds. */
export const dispatched = {
  bql: 'free',
  mainLoop: 'free',
  quitting: ['no', 'asked', 'signalled'],
} as const satisfies Pattern<typeof shared>

/** URIs that `migration_channel_parse_input()` can read; `channels` is checked by the QAPI layer. */
export const readable = '^(unix:.+|tcp:.*:[0-9]+.*|vsock:.+|fd:.+|exec:.+|file:.+|rdma:.+)$'

/** `migrate_generate_event()`: the event comes only where the capability `events` is set. */
export const announces = (status: (typeof migrationStatuses)[number], when: Pattern = {}) =>
  event('MIGRATION', { status }, { events: 'on', ...when })

const capabilityList = {
  list: 'capabilities',
  key: 'capability',
  value: 'state',
  values: ['off', 'on'],
  names: capabilities,
} as const

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
  },
  {
    monitor: [
      {
        name: 'stop the running guest',
        cite: 'system/cpus.c:do_vm_stop',
        on: command('stop'),
        where: handled,
        does: { vm: 'running -> paused' },
        says: [event('STOP'), returns()],
      },
      {
        name: 'stop a guest that does not run',
        cite: 'system/cpus.c:do_vm_stop',
        on: command('stop'),
        where: { ...handled, vm: ['prelaunch', 'paused', 'finish-migrate', 'postmigrate', 'colo'] },
        does: {},
        says: [returns()],
      },
      {
        name: 'have an incoming guest wait',
        cite: 'monitor/qmp-cmds.c:qmp_stop',
        on: command('stop'),
        where: { ...handled, vm: 'inmigrate' },
        does: { autostart: '-> no' },
        says: [returns()],
      },
      {
        name: 'continue a stopped guest',
        cite: 'system/cpus.c:vm_prepare_start',
        on: command('cont'),
        where: { ...handled, vm: ['prelaunch', 'paused', 'postmigrate'] },
        does: { vm: '-> running' },
        says: [event('RESUME'), returns()],
      },
      {
        name: 'continue a running guest',
        cite: 'system/cpus.c:vm_prepare_start',
        on: command('cont'),
        where: { ...handled, vm: 'running' },
        does: {},
        says: [returns()],
      },
      {
        name: 'have an incoming guest start',
        cite: 'monitor/qmp-cmds.c:qmp_cont',
        on: command('cont'),
        where: { ...handled, vm: 'inmigrate' },
        does: { autostart: '-> yes' },
        says: [returns()],
      },
      {
        name: 'refuse to continue in the switchover',
        cite: 'monitor/qmp-cmds.c:qmp_cont',
        on: command('cont'),
        where: { ...handled, vm: 'finish-migrate' },
        does: {},
        says: [fails('Migration is not finalized yet')],
      },
      {
        name: 'refuse to continue in a checkpoint',
        cite: 'monitor/qmp-cmds.c:qmp_cont',
        on: command('cont'),
        where: { ...handled, vm: 'colo' },
        does: {},
        says: [fails('COLO checkpoint in progress')],
      },
      {
        name: 'set capabilities',
        cite: 'migration/options.c:qmp_migrate_set_capabilities',
        on: setting('migrate-set-capabilities', capabilityList),
        where: { ...handled, migration: ['none', 'completed', 'failed', 'cancelled'] },
        does: {},
        would: { 'x-colo': 'off' },
        says: [returns()],
      },
      {
        name: 'set capabilities with COLO',
        cite: 'migration/options.c:migrate_caps_check',
        on: setting('migrate-set-capabilities', capabilityList),
        where: { ...handled, migration: ['none', 'completed', 'failed', 'cancelled'] },
        does: {},
        would: { 'x-colo': 'on', 'return-path': 'on' },
        says: [returns()],
      },
      {
        name: 'refuse COLO without a return path',
        cite: 'migration/options.c:migrate_caps_check',
        on: setting('migrate-set-capabilities', capabilityList),
        where: { ...handled, migration: ['none', 'completed', 'failed', 'cancelled'] },
        does: {},
        would: { 'x-colo': 'on', 'return-path': 'off' },
        says: [fails("Capability 'x-colo' requires capability 'return-path'")],
      },
      {
        name: 'refuse capabilities while migrating',
        cite: 'migration/options.c:qmp_migrate_set_capabilities',
        on: command('migrate-set-capabilities'),
        where: { ...handled, migration: running },
        does: {},
        says: [fails("There's a migration process in progress")],
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
        where: { bql: 'free', migration: running },
        does: { quitting: 'shut -> cancelled', migration: '-> cancelling', link: 'up ~> cut' },
        says: [announces('cancelling')],
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
        where: { bql: 'free' },
        does: { quitting: 'cancelled -> stopping', vm: 'running -> shutdown' },
      },
      {
        name: 'find the guest stopped on the way out',
        cite: 'system/cpus.c:vm_shutdown, system/cpus.c:do_vm_stop',
        where: { bql: 'free', vm: '!running' },
        does: { quitting: 'cancelled -> leaving' },
      },
      {
        name: 'see every vCPU stopped',
        cite: 'system/cpus.c:pause_all_vcpus',
        where: { bql: 'free', vm: '!running' },
        does: { quitting: 'stopping -> leaving' },
      },
      {
        name: 'exit after quit',
        cite: 'system/runstate.c:qemu_cleanup',
        where: { quitting: 'leaving' },
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
