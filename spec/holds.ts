/**
 * How each MigrationStatus is held long enough to do something in it: what is
 * done to a pair of real QEMUs until it is there, and what keeps it there.
 *
 * A status that ends a migration stays by itself.  The others are held by what
 * anybody can set (a bandwidth, a pause, a delay), by a guest that writes faster
 * than is sent, or by a network or a process that stands still.
 */
import { absent } from './lang.ts'
import {
  type Act,
  announced,
  awaits,
  type Case,
  cut,
  freeze,
  outOfBand,
  type Side,
  type Span,
  send,
  stallAt,
  stray,
  wait,
} from './script.ts'

/** A way to have a status and to keep it. */
export interface Stand extends Span, Pick<Case, 'capabilities' | 'script' | 'guest'> {
  readonly at: Side
  readonly status: string
  /** What keeps it, in a sentence. */
  readonly by: string
  /** The function that waits there. */
  readonly cite: string
  /** The releases that announce it, and do not tell when asked. */
  readonly untold?: Span
}

/** A status that cannot be had, or not kept. */
export interface Fleeting extends Span {
  readonly at: Side
  readonly status: string
  /** Whether it is announced on some way that TCG can go, though not kept. */
  readonly reached: boolean
  readonly reason: string
}

const set = (at: Side, values: Parameters<typeof send>[2] & object): Act => send(at, 'migrate-set-parameters', values)
const listen = send('dst', 'migrate-incoming', { uri: '{uri}' })
const migrate = send('src', 'migrate', { uri: '{uri}' })
const plain = ['events'] as const
const postcopy = ['events', 'postcopy-ram'] as const
const colo = ['events', 'x-colo', { name: 'return-path', since: '11.0' }] as const

/** A guest writes 512 KiB a hundred times a second, and a switchover wants no more left than is sent in 1 ms. */
const narrow = set('src', { 'max-bandwidth': 100_000, 'downtime-limit': 1 })
const active = [listen, narrow, migrate, announced('src', 'active'), announced('dst', 'active')]

/** Of the 512 pages of firmware that the guest never looks at, ten a second are sent; those that are zero count for nothing. */
const trickle = set('src', { 'max-postcopy-bandwidth': 4096 })
const inPostcopy = [
  trickle,
  ...active,
  send('src', 'migrate-start-postcopy'),
  announced('src', 'postcopy-active'),
  announced('dst', 'postcopy-active'),
  awaits('dst', 'RESUME'),
  // A vCPU of TCG that waits for the page with its stack has the main loop wait too; by then it is there.
  wait(0.3),
]
const paused = [
  ...inPostcopy,
  outOfBand('src', 'migrate-pause'),
  announced('src', 'postcopy-paused'),
  announced('dst', 'postcopy-paused'),
]
const recover = outOfBand('dst', 'migrate-recover', { uri: '{uri}' })
const again = send('src', 'migrate', { uri: '{uri}', resume: true })

/** As many as are let wait to be accepted; who comes next waits to be connected. */
const crowd = [freeze('dst'), stray('dst'), stray('dst'), stray('dst')]

const atSwitchover = [listen, migrate, announced('src', 'pre-switchover')]
const proceed = send('src', 'migrate-continue', { state: 'pre-switchover' })
const inColo = [
  set('src', { 'x-checkpoint-delay': 60_000 }),
  listen,
  migrate,
  announced('dst', 'colo'),
  announced('src', 'colo'),
  awaits('src', 'RESUME'),
]
const completed = [listen, migrate, announced('src', 'completed'), announced('dst', 'completed')]

const waiting = 'migration/migration.c:migration_rate_limit'
const nothing = 'migration/migration.c:fill_source_migration_info'

/** Every status that can be held, of either side. */
export const stands: readonly Stand[] = [
  {
    at: 'src',
    status: 'none',
    by: 'Nothing has been asked for.',
    cite: nothing,
    capabilities: plain,
    script: [],
  },
  {
    at: 'src',
    status: 'setup',
    by: 'The destination stands still and its backlog is full, so the connection is not made.',
    cite: 'migration/socket.c:socket_connect_outgoing',
    capabilities: plain,
    script: [listen, ...crowd, migrate, announced('src', 'setup')],
  },
  {
    at: 'src',
    status: 'active',
    by: 'The guest writes more than the bandwidth lets through.',
    cite: waiting,
    capabilities: plain,
    guest: 'busy',
    script: active,
  },
  {
    at: 'src',
    status: 'cancelling',
    until: '9.2',
    by: 'A cancel of a paused postcopy is waited for by nobody.',
    cite: 'migration/migration.c:postcopy_pause',
    capabilities: postcopy,
    guest: 'busy',
    script: [...paused, send('src', 'migrate_cancel'), announced('src', 'cancelling')],
  },
  {
    at: 'src',
    status: 'cancelling',
    since: '10.0',
    by: 'A cancel in COLO shuts a connection that nobody cleans up.',
    cite: 'migration/migration.c:migration_cancel',
    capabilities: colo,
    script: [...inColo, send('src', 'migrate_cancel'), announced('src', 'cancelling')],
  },
  {
    at: 'src',
    status: 'cancelled',
    by: 'It is an end.',
    cite: 'migration/migration.c:migration_cleanup',
    capabilities: plain,
    guest: 'busy',
    script: [...active, send('src', 'migrate_cancel'), announced('src', 'cancelled')],
  },
  {
    at: 'src',
    status: 'postcopy-device',
    since: '10.2',
    by: 'The package with the devices stays on its way, and the word that they are loaded is waited for.',
    cite: 'migration/migration.c:postcopy_start',
    capabilities: postcopy,
    guest: 'busy',
    script: [...active, stallAt('package'), send('src', 'migrate-start-postcopy'), announced('src', 'postcopy-device')],
  },
  {
    at: 'src',
    status: 'postcopy-active',
    by: 'Pages that nobody asks for are sent at 4 KiB a second.',
    cite: waiting,
    capabilities: postcopy,
    guest: 'busy',
    script: inPostcopy,
  },
  {
    at: 'src',
    status: 'postcopy-paused',
    by: 'It waits until somebody says how to go on.',
    cite: 'migration/migration.c:postcopy_pause',
    capabilities: postcopy,
    guest: 'busy',
    script: paused,
  },
  {
    at: 'src',
    status: 'postcopy-recover-setup',
    since: '9.1',
    by: 'The destination stands still and its backlog is full, so the connection is not made.',
    cite: 'migration/socket.c:socket_connect_outgoing',
    capabilities: postcopy,
    guest: 'busy',
    script: [...paused, recover, ...crowd, again, announced('src', 'postcopy-recover-setup')],
  },
  {
    at: 'src',
    status: 'postcopy-recover',
    by: 'The destination stands still, and its bitmap is waited for.',
    cite: 'migration/ram.c:ram_resume_prepare',
    capabilities: postcopy,
    guest: 'busy',
    script: [...paused, recover, freeze('dst'), again, announced('src', 'postcopy-recover')],
  },
  {
    at: 'src',
    status: 'completed',
    by: 'It is an end.',
    cite: 'migration/migration.c:migration_completion_end',
    capabilities: plain,
    script: completed,
  },
  {
    at: 'src',
    status: 'failed',
    by: 'It is an end.',
    cite: 'migration/migration.c:migration_cleanup',
    capabilities: plain,
    script: [send('src', 'migrate', { uri: '{dead}' }), announced('src', 'failed')],
  },
  {
    at: 'src',
    status: 'colo',
    by: 'The next checkpoint is a minute away.',
    cite: 'migration/colo.c:colo_process_checkpoint',
    capabilities: colo,
    script: inColo,
  },
  {
    at: 'src',
    status: 'pre-switchover',
    by: 'It was asked to pause there, and waits for `migrate-continue`.',
    cite: 'migration/migration.c:migration_switchover_prepare',
    capabilities: [...plain, 'pause-before-switchover'],
    script: atSwitchover,
  },
  {
    at: 'src',
    status: 'device',
    by: 'The word that the destination is done does not arrive.',
    cite: 'migration/migration.c:stop_return_path_thread_on_source',
    capabilities: [...plain, 'pause-before-switchover', 'return-path'],
    script: [...atSwitchover, stallAt('shut'), proceed, announced('src', 'device')],
  },
  {
    at: 'dst',
    status: 'none',
    by: 'Nothing has been asked for.',
    cite: 'migration/migration.c:fill_destination_migration_info',
    capabilities: plain,
    script: [],
  },
  {
    at: 'dst',
    status: 'setup',
    by: 'Nobody connects.',
    cite: 'migration/migration.c:qemu_setup_incoming_migration',
    capabilities: plain,
    script: [listen],
    untold: { until: '7.2' },
  },
  {
    at: 'dst',
    status: 'active',
    by: 'The guest of the source writes more than the bandwidth lets through.',
    cite: 'migration/savevm.c:qemu_loadvm_state_main',
    capabilities: plain,
    guest: 'busy',
    script: active,
  },
  {
    at: 'dst',
    status: 'postcopy-active',
    by: 'Pages that nobody asks for are sent at 4 KiB a second.',
    cite: 'migration/postcopy-ram.c:postcopy_listen_thread',
    capabilities: postcopy,
    guest: 'busy',
    script: inPostcopy,
  },
  {
    at: 'dst',
    status: 'postcopy-paused',
    by: 'It waits until somebody says how to go on.',
    cite: 'migration/savevm.c:postcopy_pause_incoming',
    capabilities: postcopy,
    guest: 'busy',
    script: paused,
  },
  {
    at: 'dst',
    status: 'postcopy-recover',
    by: 'The link stalls behind the question for the bitmap, and what is to follow is waited for.',
    cite: 'migration/savevm.c:qemu_loadvm_state_main',
    capabilities: postcopy,
    guest: 'busy',
    script: [...paused, recover, stallAt('bitmap-request', true), again, announced('dst', 'postcopy-recover')],
  },
  {
    at: 'dst',
    status: 'completed',
    by: 'It is an end.',
    cite: 'migration/migration.c:process_incoming_migration_bh',
    capabilities: plain,
    script: completed,
  },
  {
    at: 'dst',
    status: 'failed',
    since: '9.1',
    by: 'It is an end where it is told not to exit.',
    cite: 'migration/migration.c:process_incoming_migration_co',
    capabilities: plain,
    guest: 'busy',
    script: [
      send('dst', 'migrate-incoming', { uri: '{uri}', 'exit-on-error': false }),
      narrow,
      migrate,
      announced('dst', 'active'),
      cut,
      announced('dst', 'failed'),
    ],
  },
  {
    at: 'dst',
    status: 'colo',
    by: 'The next checkpoint of the primary is a minute away.',
    cite: 'migration/colo.c:colo_wait_handle_message',
    capabilities: colo,
    script: inColo,
  },
]

/** Every status that cannot be held, of either side, and why. */
export const fleeting: readonly Fleeting[] = [
  {
    at: 'src',
    status: 'failing',
    since: '11.0',
    reached: true,
    reason: 'It ends as soon as the main loop cleans up, and without its main loop nobody can be asked.',
  },
  {
    at: 'src',
    status: 'wait-unplug',
    reached: false,
    reason: 'It takes a network card with a failover partner, and a guest with the driver that lets it go.',
  },
  {
    at: 'dst',
    status: 'postcopy-device',
    since: '10.2',
    reached: true,
    reason: 'The package that begins it ends it as well, and is read before anything of it is done.',
  },
  {
    at: 'dst',
    status: 'failed',
    until: '9.0',
    reached: true,
    reason: 'The process exits with it.',
  },
]

/** What `query-migrate` says in a status. */
export const told = (status: string) => ({ status: status === 'none' ? absent : status })

/** `10.0` as numbers that can be compared. */
const numbers = (version: string): number => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major * 1000 + minor
}

/** Whether a release, or a version such as `11.1.3`, is in a span. */
export const within = ({ since, until }: Span, version: string): boolean =>
  (since === undefined || numbers(since) <= numbers(version)) &&
  (until === undefined || numbers(version) <= numbers(until))
