/**
 * Incoming migration: MigrationStatus on the destination.
 *
 * One coroutine in the main loop reads the stream; when all has come, a bottom
 * half starts the guest and announces `completed`, in this order.  The
 * destination never says `device`, `cancelling` or `failing`: what ends the
 * stream early is `failed`, and, unless told otherwise, the end of the process.
 */
import { command, each, event, exits, fails, hangup, machine, not, receives, returns, sends, unlike } from './lang.ts'
import { announces, dispatched, handled, readable, shared } from './run-state.ts'

const ways = ['exit', 'stay'] as const
/** `exit-on-error` is true unless the command says false. */
const listening = (way: (typeof ways)[number]) =>
  command('migrate-incoming', { uri: not(unlike(readable)), 'exit-on-error': way === 'exit' ? not(false) : false })

/** `enum MigrationStatus` as `MigrationIncomingState.state` has it, those values that the rules here lead to. */
export const incomingStatuses = ['none', 'setup', 'active', 'completed', 'failed', 'colo'] as const

/** `MigrationIncomingState` and the place of the coroutine that moves it. */
export const destination = machine(
  'destination',
  {
    ...shared,
    /** `MigrationIncomingState.state`. */
    incoming: incomingStatuses,
    /** The migration socket as both ends see it; see `source.ts`. */
    link: ['down', 'up', 'cut'],
    /** Whether the source opens a return path on this connection: `MigrationIncomingState.to_src_file`. */
    path: ['shut', 'open'],
    /** Whether `migrate-incoming` has succeeded: it may only once. */
    listening: ['no', 'yes'],
    /** `MigrationIncomingState.exit_on_error`. */
    onError: ways,
    /** Where `process_incoming_migration_co()` is, then its bottom half. */
    coroutine: ['none', 'loading', 'colo', 'joining', 'loaded', 'done'],
    /** What the source's guest did, as the stream has it: `global_state_get_runstate()`. */
    source: ['running', 'prelaunch', 'paused'],
    /** Where `colo_process_incoming_thread()` is; see `colo-secondary.ts`. */
    secondary: [
      'none',
      'starting',
      'entered',
      'cleared',
      'said',
      'started',
      'serving',
      'asked',
      'stopping',
      'stopped',
      'replied',
      'receiving',
      'buffered',
      'whole',
      'loading',
      'loaded',
      'looking',
      'leaving',
      'exiting',
      'gone',
    ],
  },
  {
    monitor: [
      ...each(
        ways,
        way =>
          ({
            name: way === 'exit' ? 'listen' : 'listen, to stay after an error',
            cite: 'migration/migration.c:qmp_migrate_incoming, migration/migration.c:migration_incoming_state_setup',
            on: listening(way),
            where: { ...handled, vm: 'inmigrate' },
            does: { listening: 'no -> yes', incoming: 'none -> setup', onError: `-> ${way}` },
            says: [announces('setup'), returns()],
          }) as const,
      ),
      ...each(
        ways,
        way =>
          ({
            name: way === 'exit' ? 'fail to listen' : 'fail to listen, to stay after an error',
            cite: 'migration/migration.c:qmp_migrate_incoming, migration/socket.c:socket_connect_incoming',
            on: listening(way),
            where: { ...handled, vm: 'inmigrate', listening: 'no' },
            does: { incoming: 'none -> setup', onError: `-> ${way}` },
            says: [announces('setup'), fails('Failed to bind socket')],
            despite: 'The status is stored before the socket is bound, and nobody takes it back.',
          }) as const,
      ),
      {
        name: 'refuse to listen where it cannot be read',
        cite: 'migration/channel.c:migration_channel_parse_input',
        on: command('migrate-incoming', { uri: unlike(readable) }),
        where: { ...handled, vm: 'inmigrate', listening: 'no' },
        does: {},
        says: [fails('unknown migration protocol')],
      },
      {
        name: 'refuse to listen after a failure to listen',
        cite: 'migration/migration.c:migration_incoming_state_setup',
        on: command('migrate-incoming'),
        where: { ...handled, vm: 'inmigrate', listening: 'no', incoming: '!none' },
        does: {},
        says: [fails('Illegal migration incoming state: setup')],
      },
      {
        name: 'refuse to listen twice',
        cite: 'migration/migration.c:qmp_migrate_incoming',
        on: command('migrate-incoming'),
        where: { ...handled, listening: 'yes' },
        does: {},
        says: [fails('The incoming migration has already been started')],
      },
      {
        name: 'refuse to listen without -incoming',
        cite: 'migration/migration.c:qmp_migrate_incoming',
        on: command('migrate-incoming'),
        where: { ...handled, listening: 'no', vm: '!inmigrate' },
        does: {},
        says: [fails("'-incoming' was not specified on the command line")],
      },
    ],
    'main loop': [
      {
        name: 'take the connection',
        cite: 'migration/migration.c:process_incoming_migration_co',
        where: { ...dispatched, link: ['up', 'cut'], listening: 'yes' },
        does: { coroutine: 'none -> loading', incoming: 'setup -> active' },
        says: [announces('active')],
      },
      {
        name: 'lose the connection before the stream',
        cite: 'migration/channel.c:migration_channel_process_incoming',
        on: hangup,
        where: { ...dispatched, link: 'cut', listening: 'yes', onError: 'stay' },
        does: { coroutine: 'none -> done', incoming: 'setup -> failed' },
        says: [announces('failed')],
      },
      {
        name: 'lose the connection before the stream and exit',
        cite: 'migration/channel.c:migration_channel_process_incoming',
        on: hangup,
        where: { ...dispatched, link: 'cut', listening: 'yes', onError: 'exit' },
        does: { coroutine: 'none -> done', incoming: 'setup -> failed' },
        says: [announces('failed'), exits(1)],
      },
      {
        name: 'lose the stream',
        cite: 'migration/migration.c:process_incoming_migration_co',
        on: hangup,
        where: { ...dispatched, onError: 'stay' },
        does: { coroutine: 'loading -> done', incoming: 'active -> failed' },
        says: [announces('failed')],
      },
      {
        name: 'lose the stream and exit',
        cite: 'migration/migration.c:process_incoming_migration_co',
        on: hangup,
        where: { ...dispatched, onError: 'exit' },
        does: { coroutine: 'loading -> done', incoming: 'active -> failed' },
        says: [announces('failed'), exits(1)],
      },
      ...each(
        ['running', 'prelaunch', 'paused'] as const,
        was =>
          ({
            name: `load the last of a guest in ${was}`,
            cite: 'migration/savevm.c:qemu_loadvm_state, migration/migration.c:process_incoming_migration_co',
            on: receives(`end ${was}`),
            where: { ...dispatched, 'x-colo': 'off' },
            does: { coroutine: 'loading -> loaded', source: `-> ${was}` },
          }) as const,
      ),
      {
        name: 'start the guest and complete',
        cite: 'migration/migration.c:process_incoming_migration_bh',
        where: { ...dispatched, source: 'running', autostart: 'yes' },
        does: {
          coroutine: 'loaded -> done',
          vm: 'inmigrate -> running',
          incoming: 'active -> completed',
          link: 'up ~> cut',
        },
        says: [event('RESUME'), announces('completed'), sends('shut')],
      },
      {
        name: 'keep the guest paused and complete',
        cite: 'migration/migration.c:process_incoming_migration_bh',
        where: { ...dispatched, source: 'running', autostart: 'no' },
        does: {
          coroutine: 'loaded -> done',
          vm: 'inmigrate -> paused',
          incoming: 'active -> completed',
          link: 'up ~> cut',
        },
        says: [announces('completed'), sends('shut')],
      },
      ...each(
        ['prelaunch', 'paused'] as const,
        was =>
          ({
            name: `keep the guest in ${was} as it came and complete`,
            cite: 'migration/migration.c:process_incoming_migration_bh',
            where: { ...dispatched, source: was, 'x-colo': 'off' },
            does: {
              coroutine: 'loaded -> done',
              vm: `inmigrate -> ${was}`,
              incoming: 'active -> completed',
              link: 'up ~> cut',
            },
            says: [announces('completed'), sends('shut')],
          }) as const,
      ),
    ],
  },
)
