/**
 * Incoming migration: MigrationStatus on the destination.
 *
 * One coroutine in the main loop reads the stream; when all has come, a bottom
 * half starts the guest and announces `completed`, in this order.  The
 * destination never says `device`, `cancelling` or `failing`: what ends the
 * stream early is `failed`, and, unless told otherwise, the end of the process.
 *
 * Until 8.1 `setup` was only announced and never stored; since 10.1 whoever
 * connects is first asked for four bytes, and the main loop waits for them.
 */
import {
  command,
  each,
  event,
  exits,
  fails,
  fault,
  hangup,
  like,
  machine,
  not,
  receives,
  returns,
  sends,
  unlike,
} from './lang.ts'
import {
  announces,
  deadly,
  dispatched,
  handled,
  migrationStatuses,
  readable,
  shared,
  stopped,
  unreadable,
} from './run-state.ts'

const ways = ['exit', 'stay'] as const
/** With multifd the first four bytes of a connection said already which channel it is. */
const several = { others: 'set', incoming: ['none', 'setup'] } as const
/** Who listens and first looks at four bytes of whoever connects: anybody since 10.1, and stores a failure as a source until 10.2. */
const peeking = [
  { name: '', where: { incoming: 'setup' }, version: { since: '10.1', until: '10.2' } },
  { name: ' to one of several channels', where: several, version: { since: '8.0', until: '10.0' } },
] as const
/** `exit-on-error` is true unless the command says false. */
const listening = (way: (typeof ways)[number]) =>
  command('migrate-incoming', { uri: not(unlike(readable)), 'exit-on-error': way === 'exit' ? not(false) : false })

/** `enum MigrationStatus` as `MigrationIncomingState.state` has it, those values that the rules here lead to. */
export const incomingStatuses = [
  'none',
  'setup',
  'active',
  'postcopy-device',
  'postcopy-active',
  'postcopy-paused',
  'postcopy-recover',
  'completed',
  'failed',
  'colo',
] as const

/** Where `process_incoming_migration_co()` is, then its bottom half, or that of postcopy. */
export const coroutines = [
  'none',
  'loading',
  'colo',
  'joining',
  'loaded',
  'done',
  'unpacking',
  'unpacked',
  'starting',
] as const

/** `MigrationIncomingState` and the place of the coroutine that moves it. */
export const destination = machine(
  'destination',
  {
    ...shared,
    /** `MigrationIncomingState.state`. */
    incoming: incomingStatuses,
    /** `MigrationState.state`, which a destination has too; see `source.ts`. */
    migration: migrationStatuses,
    /** The migration socket as both ends see it; see `source.ts`. */
    link: ['down', 'up', 'cut'],
    /** Whether the source opens a return path on this connection: `MigrationIncomingState.to_src_file`. */
    path: ['shut', 'open'],
    /** What the source has said in the stream that comes after it: `MIG_CMD_ENABLE_COLO`, until 10.2. */
    follows: ['nothing', 'colo'],
    /** Whether the source has announced on this connection that it may go over to postcopy. */
    advice: ['none', 'given'],
    /** Whether `migrate-incoming` has succeeded: it may only once. */
    listening: ['no', 'yes'],
    /** `MigrationIncomingState.exit_on_error`. */
    onError: ways,
    /** Where `process_incoming_migration_co()` is, then its bottom half. */
    coroutine: coroutines,
    /** Whether somebody who is not the source has connected to the listening socket. */
    stranger: ['none', 'in'],
    /** Whether the socket of one who left too soon is still registered with the yank instance. */
    leak: ['no', 'yes'],
    /** What the source's guest did, as the stream has it: `global_state_get_runstate()`. */
    source: ['running', ...stopped, 'suspended'],
    /** Whether a capability without a variable of its own, such as `multifd`, was ever on; see `capabilities.ts`. */
    others: ['unset', 'set'],
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
            // `exit-on-error` came with 9.1.
            since: way === 'exit' ? '8.2' : '9.1',
          }) as const,
      ),
      {
        name: 'listen, and say setup without being in it',
        cite: 'migration/migration.c:qmp_migrate_incoming, migration/migration.c:qemu_start_incoming_migration',
        on: listening('exit'),
        where: { ...handled, vm: 'inmigrate' },
        does: { listening: 'no -> yes' },
        says: [event('MIGRATION', { status: 'setup' }), returns()],
        until: '8.1',
      },
      {
        name: 'fail to listen, and have said setup',
        cite: 'migration/migration.c:qmp_migrate_incoming, migration/migration.c:qemu_start_incoming_migration',
        on: command('migrate-incoming'),
        where: { ...handled, vm: 'inmigrate', listening: 'no' },
        does: {},
        says: [event('MIGRATION', { status: 'setup' }), fails('Failed to bind socket')],
        until: '8.1',
      },
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
            since: way === 'exit' ? '8.2' : '9.1',
          }) as const,
      ),
      {
        name: 'refuse to listen where it cannot be read',
        cite: 'migration/channel.c:migration_channel_parse_input',
        on: command('migrate-incoming', { uri: unlike(unreadable) }),
        where: { ...handled, vm: 'inmigrate', listening: 'no' },
        does: {},
        says: [fails('unknown migration protocol')],
        since: '8.2',
      },
      {
        name: 'abort on an RDMA address without a port to listen on',
        cite: 'migration/channel.c:migrate_uri_parse',
        on: command('migrate-incoming', { uri: like(deadly) }),
        where: { ...handled, vm: 'inmigrate', listening: 'no' },
        does: {},
        says: [exits(null)],
        since: '8.2',
      },
      {
        name: 'refuse to listen after a failure to listen',
        cite: 'migration/migration.c:migration_incoming_state_setup',
        on: command('migrate-incoming'),
        where: { ...handled, vm: 'inmigrate', listening: 'no', incoming: '!none' },
        does: {},
        says: [fails('Illegal migration incoming state: setup')],
        since: '8.2',
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
        since: '8.2',
      },
      {
        name: 'take the connection without having been in setup',
        cite: 'migration/migration.c:process_incoming_migration_co',
        where: { ...dispatched, link: ['up', 'cut'], listening: 'yes' },
        does: { coroutine: 'none -> loading', incoming: 'none -> active' },
        says: [announces('active')],
        until: '8.1',
      },
      {
        name: 'lose the connection before the stream',
        cite: 'migration/channel.c:migration_channel_process_incoming',
        on: hangup,
        where: { ...dispatched, link: 'cut', listening: 'yes', onError: 'stay' },
        does: { leak: '-> yes', coroutine: 'none', incoming: 'setup -> failed' },
        says: [announces('failed')],
        since: '11.0',
      },
      {
        name: 'lose the connection before the stream and exit',
        cite: 'migration/channel.c:migration_channel_process_incoming',
        on: hangup,
        where: { ...dispatched, link: 'cut', listening: 'yes', onError: 'exit' },
        does: { coroutine: 'none -> done', incoming: 'setup -> failed' },
        says: [announces('failed'), exits(1)],
        since: '11.0',
      },
      {
        name: 'lose the connection before the stream, and fail as a source',
        cite: 'migration/channel.c:migration_channel_process_incoming',
        on: hangup,
        where: { ...dispatched, link: 'cut', listening: 'yes', onError: 'stay', incoming: 'setup', coroutine: 'none' },
        // The status of the outgoing migration, which there is not, and not that of the incoming one.
        does: { leak: '-> yes', migration: '-> failed' },
        says: [announces('failed')],
        since: '10.1',
        until: '10.2',
      },
      {
        name: 'lose the connection before the stream, fail as a source and exit',
        cite: 'migration/channel.c:migration_channel_process_incoming',
        on: hangup,
        where: { ...dispatched, link: 'cut', listening: 'yes', onError: 'exit', incoming: 'setup', coroutine: 'none' },
        does: { migration: '-> failed' },
        says: [announces('failed'), exits(1)],
        since: '10.1',
        until: '10.2',
      },
      {
        name: 'start a suspended guest and complete',
        cite: 'migration/migration.c:process_incoming_migration_bh, system/cpus.c:vm_prepare_start',
        where: { ...dispatched, source: 'suspended', autostart: 'yes' },
        does: {
          coroutine: 'loaded -> done',
          vm: 'inmigrate -> suspended',
          incoming: 'active -> completed',
          link: 'up ~> cut',
        },
        says: [event('RESUME'), announces('completed'), sends('shut')],
        since: '9.0',
      },
      {
        name: 'keep a suspended guest paused and complete',
        cite: 'migration/migration.c:process_incoming_migration_bh',
        where: { ...dispatched, source: 'suspended', autostart: 'no' },
        does: {
          coroutine: 'loaded -> done',
          vm: 'inmigrate -> paused',
          suspended: '-> yes',
          incoming: 'active -> completed',
          link: 'up ~> cut',
        },
        says: [announces('completed'), sends('shut')],
        since: '9.0',
      },
      {
        name: 'take the connection of a migration that is said to have failed',
        cite: 'migration/channel.c:migration_channel_process_incoming, migration/migration.c:process_incoming_migration_co',
        // The socket still listens; setup to active finds failed and is silent.
        where: { ...dispatched, link: ['up', 'cut'], listening: 'yes', incoming: 'failed', leak: 'yes' },
        does: { coroutine: 'none -> loading' },
        since: '11.0',
      },
      {
        name: 'start the guest of a migration that is said to have failed',
        cite: 'migration/migration.c:process_incoming_migration_bh',
        where: { ...dispatched, source: 'running', autostart: 'yes', incoming: 'failed' },
        does: { coroutine: 'loaded -> done', vm: 'inmigrate -> running', link: 'up ~> cut' },
        says: [event('RESUME'), sends('shut')],
        since: '11.0',
      },
      {
        name: 'keep the guest of a migration that is said to have failed paused',
        cite: 'migration/migration.c:process_incoming_migration_bh',
        where: { ...dispatched, source: 'running', autostart: 'no', incoming: 'failed' },
        does: { coroutine: 'loaded -> done', vm: 'inmigrate -> paused', link: 'up ~> cut' },
        says: [sends('shut')],
        since: '11.0',
      },
      {
        name: 'abort over the socket of one who left too soon',
        cite: 'migration/migration.c:migration_incoming_state_destroy, util/yank.c:yank_unregister_instance',
        where: { bql: 'free', leak: 'yes' },
        does: { coroutine: 'done', link: 'up ~> cut' },
        says: [exits(null)],
        since: '10.1',
      },
      {
        name: 'fail to load the stream',
        cite: 'migration/migration.c:process_incoming_migration_co',
        where: { ...dispatched, onError: 'stay' },
        does: { coroutine: 'loading -> done', incoming: 'active -> failed', link: 'up ~> cut' },
        says: [announces('failed')],
        may: true,
        since: '9.1',
      },
      {
        name: 'fail to load the stream and exit',
        cite: 'migration/migration.c:process_incoming_migration_co',
        where: { ...dispatched, onError: 'exit' },
        does: { coroutine: 'loading -> done', incoming: 'active -> failed', link: 'up ~> cut' },
        says: [announces('failed'), exits(1)],
        may: true,
      },
      {
        name: 'lose the stream',
        cite: 'migration/migration.c:process_incoming_migration_co',
        on: hangup,
        where: { ...dispatched, onError: 'stay', stranger: 'none' },
        does: { coroutine: 'loading -> done', incoming: 'active -> failed' },
        says: [announces('failed')],
        since: '9.1',
      },
      {
        name: 'lose the stream and exit',
        cite: 'migration/migration.c:process_incoming_migration_co',
        on: hangup,
        where: { ...dispatched, onError: 'exit', stranger: 'none' },
        does: { coroutine: 'loading -> done', incoming: 'active -> failed' },
        says: [announces('failed'), exits(1)],
      },
      ...each(
        ['running', ...stopped, 'suspended'] as const,
        was =>
          ({
            name: `load the last of a guest in ${was}`,
            cite: 'migration/savevm.c:qemu_loadvm_state, migration/migration.c:process_incoming_migration_co',
            on: receives(`end ${was}`),
            where: { ...dispatched, 'x-colo': 'off' },
            does: { coroutine: 'loading -> loaded', source: `-> ${was}` },
            // Whoever is set to COLO goes on to it, asked or not.
            since: '11.0',
          }) as const,
      ),
      ...each(
        ['running', ...stopped, 'suspended'] as const,
        was =>
          ({
            name: `load the last of a guest in ${was}, with nothing to follow`,
            cite: 'migration/savevm.c:qemu_loadvm_state, migration/migration.c:process_incoming_migration_co',
            on: receives(`end ${was}`),
            where: { ...dispatched, follows: 'nothing' },
            does: { coroutine: 'loading -> loaded', source: `-> ${was}` },
            until: '10.2',
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
        stopped,
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
            since: '11.0',
          }) as const,
      ),
      ...each(
        stopped,
        was =>
          ({
            name: `keep the guest in ${was} as it came and complete, with nothing to follow`,
            cite: 'migration/migration.c:process_incoming_migration_bh',
            where: { ...dispatched, source: was, follows: 'nothing' },
            does: {
              coroutine: 'loaded -> done',
              vm: `inmigrate -> ${was}`,
              incoming: 'active -> completed',
              link: 'up ~> cut',
            },
            says: [announces('completed'), sends('shut')],
            until: '10.2',
          }) as const,
      ),
    ],
    world: [
      {
        name: 'wait for what a stranger has to say',
        cite: 'migration/channel.c:migration_channel_identify, migration/channel.c:migration_channel_read_peek',
        on: fault('stray'),
        where: { ...dispatched, listening: 'yes', incoming: ['setup', 'postcopy-paused'], stranger: 'none' },
        // Not in a coroutine, so nothing else is done until four bytes have come.
        does: { mainLoop: '-> peeking', stranger: '-> in' },
        since: '10.1',
      },
      {
        name: 'wait for what a stranger has to say to one of several channels',
        cite: 'migration/migration.c:migration_ioc_process_incoming, migration/channel.c:migration_channel_read_peek',
        on: fault('stray'),
        where: { ...dispatched, ...several, listening: 'yes', stranger: 'none', coroutine: 'none' },
        does: { mainLoop: '-> peeking', stranger: '-> in' },
        since: '8.0',
        until: '10.0',
      },
      {
        name: 'fail for what a stranger has to say',
        cite: 'migration/channel.c:migration_channel_process_incoming',
        on: fault('stray garbage'),
        where: { ...dispatched, listening: 'yes', stranger: 'none', onError: 'stay' },
        does: { leak: '-> yes', incoming: 'setup -> failed' },
        says: [announces('failed')],
        since: '11.0',
      },
      {
        name: 'exit for what a stranger has to say',
        cite: 'migration/channel.c:migration_channel_process_incoming',
        on: fault('stray garbage'),
        where: { ...dispatched, listening: 'yes', stranger: 'none', onError: 'exit' },
        does: { incoming: 'setup -> failed', link: 'up ~> cut' },
        says: [announces('failed'), exits(1)],
        since: '11.0',
      },
      ...each(
        peeking,
        ({ name, where, version }) =>
          ({
            name: `fail as a source for what a stranger has to say${name}`,
            cite: 'migration/channel.c:migration_channel_process_incoming',
            on: fault('stray garbage'),
            where: { ...dispatched, ...where, listening: 'yes', stranger: 'none', onError: 'stay', coroutine: 'none' },
            does: { leak: '-> yes', migration: '-> failed' },
            says: [announces('failed')],
            ...version,
          }) as const,
      ),
      ...each(
        peeking,
        ({ name, where, version }) =>
          ({
            name: `fail as a source for what a stranger has to say${name}, and exit`,
            cite: 'migration/channel.c:migration_channel_process_incoming',
            on: fault('stray garbage'),
            where: { ...dispatched, ...where, listening: 'yes', stranger: 'none', onError: 'exit', coroutine: 'none' },
            does: { migration: '-> failed', link: 'up ~> cut' },
            says: [announces('failed'), exits(1)],
            ...version,
          }) as const,
      ),
      {
        name: 'take the nonsense of a stranger for the source',
        cite: 'migration/migration.c:migration_ioc_process_incoming, migration/migration.c:process_incoming_migration_co',
        on: fault('stray garbage'),
        where: { ...dispatched, listening: 'yes', incoming: ['none', 'setup'], vm: 'inmigrate' },
        does: { coroutine: 'none -> loading', stranger: 'none -> in', incoming: '-> active' },
        says: [announces('active')],
        until: '10.0',
      },
      {
        name: 'fail because a stranger leaves',
        cite: 'migration/channel.c:migration_channel_process_incoming',
        where: { onError: 'stay', bql: 'free' },
        does: { leak: '-> yes', mainLoop: 'peeking -> free', stranger: 'in -> none', incoming: '-> failed' },
        says: [announces('failed')],
        may: true,
        since: '11.0',
      },
      {
        name: 'exit because a stranger leaves',
        cite: 'migration/channel.c:migration_channel_process_incoming',
        where: { onError: 'exit', bql: 'free' },
        does: { mainLoop: 'peeking -> free', stranger: 'in -> none', incoming: '-> failed', link: 'up ~> cut' },
        says: [announces('failed'), exits(1)],
        may: true,
        since: '11.0',
      },
      ...each(
        peeking,
        ({ name, version }) =>
          ({
            name: `fail as a source because a stranger leaves${name}`,
            cite: 'migration/channel.c:migration_channel_process_incoming',
            where: { onError: 'stay', bql: 'free' },
            does: { leak: '-> yes', mainLoop: 'peeking -> free', stranger: 'in -> none', migration: '-> failed' },
            says: [announces('failed')],
            may: true,
            ...version,
          }) as const,
      ),
      ...each(
        peeking,
        ({ name, version }) =>
          ({
            name: `fail as a source because a stranger leaves${name}, and exit`,
            cite: 'migration/channel.c:migration_channel_process_incoming',
            where: { onError: 'exit', bql: 'free' },
            does: { mainLoop: 'peeking -> free', stranger: 'in -> none', migration: '-> failed', link: 'up ~> cut' },
            says: [announces('failed'), exits(1)],
            may: true,
            ...version,
          }) as const,
      ),
      {
        name: 'take a stranger for the source',
        cite: 'migration/migration.c:migration_ioc_process_incoming, migration/migration.c:process_incoming_migration_co',
        on: fault('stray'),
        where: { ...dispatched, listening: 'yes', incoming: ['none', 'setup'], vm: 'inmigrate' },
        does: { coroutine: 'none -> loading', stranger: 'none -> in', incoming: '-> active' },
        says: [announces('active')],
        until: '10.0',
      },
      {
        name: 'lose the stranger',
        cite: 'migration/migration.c:process_incoming_migration_co',
        where: { ...dispatched, onError: 'stay' },
        does: { coroutine: 'loading -> done', stranger: 'in -> none', incoming: 'active -> failed' },
        says: [announces('failed')],
        may: true,
        since: '9.1',
        until: '10.0',
      },
      {
        name: 'lose the stranger and exit',
        cite: 'migration/migration.c:process_incoming_migration_co',
        where: { ...dispatched, onError: 'exit' },
        does: { coroutine: 'loading -> done', stranger: 'in -> none', incoming: 'active -> failed', link: 'up ~> cut' },
        says: [announces('failed'), exits(1)],
        may: true,
        until: '10.0',
      },
    ],
  },
)
