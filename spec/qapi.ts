/**
 * QAPI's enumerations, release by release, and which variables of the rules hold one.
 *
 * The values are what `query-qmp-schema` of a real binary of that release
 * gives, which hides the names of types but not where they are used: `found`
 * says where to look.  A value that is older than 7.2 has no `since`.
 */

/** A value of an enumeration and the releases that have it. */
export interface Value {
  readonly name: string
  /** The first release that has it. */
  readonly since?: string
  /** The last release that has it. */
  readonly until?: string
}

/** Where the schema uses an enumeration: a command's result or an event, and the members that lead to it. */
export interface Found {
  readonly command?: string
  readonly event?: string
  /** Whether the members are those of the command's arguments, not of what it returns. */
  readonly arguments?: true
  readonly members: readonly string[]
}

/** An enumeration of QAPI. */
export interface Enumeration {
  readonly name: string
  readonly values: readonly Value[]
  /** Empty for one that no command and no event shows. */
  readonly found: readonly Found[]
}

const always = (...names: readonly string[]): readonly Value[] => names.map(name => ({ name }))

/** Every enumeration that the rules speak of. */
export const enumerations: readonly Enumeration[] = [
  {
    name: 'RunState',
    values: always(
      'debug',
      'inmigrate',
      'internal-error',
      'io-error',
      'paused',
      'postmigrate',
      'prelaunch',
      'finish-migrate',
      'restore-vm',
      'running',
      'save-vm',
      'shutdown',
      'suspended',
      'watchdog',
      'guest-panicked',
      'colo',
    ),
    found: [{ command: 'query-status', members: ['status'] }],
  },
  {
    name: 'MigrationStatus',
    values: [
      ...always('none', 'setup', 'cancelling', 'cancelled', 'active'),
      { name: 'postcopy-device', since: '10.2' },
      ...always('postcopy-active', 'postcopy-paused'),
      { name: 'postcopy-recover-setup', since: '9.1' },
      ...always('postcopy-recover', 'completed'),
      { name: 'failing', since: '11.0' },
      ...always('failed', 'colo', 'pre-switchover', 'device', 'wait-unplug'),
    ],
    found: [
      { command: 'query-migrate', members: ['status'] },
      { event: 'MIGRATION', members: ['status'] },
      // What migrate-continue waits for is a status too.
      { command: 'migrate-continue', arguments: true, members: ['state'] },
    ],
  },
  {
    name: 'FailoverStatus',
    values: always('none', 'require', 'active', 'completed', 'relaunch'),
    // failover_get_state() is asked inside QEMU only.
    found: [],
  },
  {
    name: 'COLOMode',
    values: always('none', 'primary', 'secondary'),
    found: [
      { command: 'query-colo-status', members: ['mode'] },
      { command: 'query-colo-status', members: ['last-mode'] },
      { event: 'COLO_EXIT', members: ['mode'] },
    ],
  },
  {
    name: 'COLOExitReason',
    values: always('none', 'request', 'error', 'processing'),
    found: [
      { command: 'query-colo-status', members: ['reason'] },
      { event: 'COLO_EXIT', members: ['reason'] },
    ],
  },
  {
    name: 'MigrationCapability',
    values: [
      ...always('xbzrle', 'rdma-pin-all', 'auto-converge'),
      // Left behind when `block` went.
      { name: 'zero-blocks', until: '10.2' },
      { name: 'compress', until: '9.0' },
      ...always('events', 'postcopy-ram', 'x-colo', 'release-ram'),
      { name: 'block', until: '9.0' },
      ...always(
        'return-path',
        'pause-before-switchover',
        'multifd',
        'dirty-bitmaps',
        'postcopy-blocktime',
        'late-block-activate',
        'x-ignore-shared',
        'validate-uuid',
        'background-snapshot',
        'zero-copy-send',
        'postcopy-preempt',
      ),
      { name: 'switchover-ack', since: '8.1' },
      { name: 'dirty-limit', since: '8.1' },
      { name: 'mapped-ram', since: '9.0' },
    ],
    found: [
      { command: 'query-migrate-capabilities', members: ['capability'] },
      { command: 'migrate-set-capabilities', arguments: true, members: ['capabilities', 'capability'] },
    ],
  },
]

/** Who a side is to others: of a migration, or of COLO. */
export type Role = 'source' | 'destination' | 'primary' | 'secondary'

/** The names of the two sides in a migration and in COLO. */
export const roles = {
  migration: { src: 'source', dst: 'destination' },
  colo: { src: 'primary', dst: 'secondary' },
} as const satisfies { readonly [of: string]: { readonly [side: string]: Role } }

/** Machines whose sides are told apart by their part in COLO. */
export const inColo: readonly string[] = ['failover', 'primary', 'secondary']

/** A variable of the rules that holds a value of an enumeration. */
export interface Held {
  readonly enum: string
  /** Whose value it is, by the side that has the variable: QEMU keeps an outgoing and an incoming status apart. */
  readonly side: { readonly [side: string]: Role }
  readonly role: { readonly [side: string]: Role }
  /** The event that announces what is stored, and the member that has it. */
  readonly said?: { readonly event: string; readonly member: string }
}

const status = (role: 'source' | 'destination'): Held => ({
  enum: 'MigrationStatus',
  side: { src: role, dst: role },
  role: { src: role, dst: role },
  said: { event: 'MIGRATION', member: 'status' },
})

/** The variables that hold a value of an enumeration, by name. */
export const held: { readonly [variable: string]: Held } = {
  vm: { enum: 'RunState', side: roles.migration, role: roles.migration },
  migration: status('source'),
  incoming: status('destination'),
  failover: { enum: 'FailoverStatus', side: roles.migration, role: roles.colo },
  lastMode: { enum: 'COLOMode', side: roles.migration, role: roles.colo },
}
