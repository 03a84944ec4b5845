/**
 * Capabilities and parameters: what `migrate-set-capabilities` and
 * `migrate-set-parameters` take and refuse, which go together in which
 * release, and when they can be set at all.
 *
 * The capabilities that other rules ask about are variables.  The others are
 * known within one command only: what two commands make of them together is
 * remembered as one variable, `others`, which says that something is set that
 * may stand in the way.
 *
 * QEMU names the first thing that is wrong; where the rules here let two
 * refusals answer one command, both are true of it.  Left out is what depends
 * on how QEMU was built (`x-colo` without replication, `block` before 9.1),
 * on RDMA, and on parameters (`zero-copy-send` and `mapped-ram` go with neither
 * TLS nor compression).  No guest here has KVM's dirty ring.
 */
import { destination } from './destination.ts'
import {
  absent,
  command,
  each,
  fails,
  like,
  type Match,
  machine,
  not,
  oneOf,
  present,
  returns,
  setting,
  type Trigger,
} from './lang.ts'
import { capabilities, handled, migrationStatuses, shared } from './run-state.ts'

/** What bounds a rule in releases. */
interface Bounds {
  readonly since?: string
  readonly until?: string
}

/** `enum MigrationCapability` of every release from 7.2 on, with the releases that have it. */
export const everyCapability: { readonly [capability: string]: Bounds } = {
  xbzrle: {},
  'rdma-pin-all': {},
  'auto-converge': {},
  'zero-blocks': { until: '10.2' },
  compress: { until: '9.0' },
  events: {},
  'postcopy-ram': {},
  'x-colo': {},
  'release-ram': {},
  block: { until: '9.0' },
  'return-path': {},
  'pause-before-switchover': {},
  multifd: {},
  'dirty-bitmaps': {},
  'postcopy-blocktime': {},
  'late-block-activate': {},
  'x-ignore-shared': {},
  'validate-uuid': {},
  'background-snapshot': {},
  'zero-copy-send': {},
  'postcopy-preempt': {},
  'switchover-ack': { since: '8.1' },
  'dirty-limit': { since: '8.1' },
  'mapped-ram': { since: '9.0' },
}

/** `check_caps_background_snapshot`, in its order. */
export const notWithSnapshot: readonly string[] = [
  'postcopy-ram',
  'dirty-bitmaps',
  'postcopy-blocktime',
  'late-block-activate',
  'return-path',
  'multifd',
  'pause-before-switchover',
  'auto-converge',
  'release-ram',
  'rdma-pin-all',
  'compress',
  'xbzrle',
  'x-colo',
  'validate-uuid',
  'zero-copy-send',
]

type Followed = (typeof capabilities)[number]
type Cube = { readonly [K in Followed]?: 'off' | 'on' }
const isFollowed = (name: string): name is Followed => (capabilities as readonly string[]).includes(name)

/** Capabilities that are no variables here and yet exclude, or need, others. */
const others = [
  ...notWithSnapshot.filter(name => !isFollowed(name)),
  'x-ignore-shared',
  'postcopy-preempt',
  'switchover-ack',
  'mapped-ram',
]

const all = (...matches: Match[]): Match => not(oneOf(...matches.map(not)))
const sets = (...names: string[]): Match => ({ capabilities: [{ capability: oneOf(...names), state: true }] })
const names = (...known: string[]): Match => ({ capabilities: [{ capability: oneOf(...known) }] })

/** One thing that is checked of the capabilities as they would be. */
interface Check extends Bounds {
  readonly name: string
  readonly text: string
  /** What the variables would have to be for it to fail. */
  readonly would?: Cube
  /** What the command would have to say. */
  readonly says?: Match
}

const zeroCopy: Check = {
  name: 'refuse zero copy without plain multifd',
  text: 'Zero copy only available for non-compressed non-TLS multifd migration',
  would: { 'background-snapshot': 'off' },
  says: all(sets('zero-copy-send'), oneOf(not(sets('multifd')), sets('xbzrle', 'compress'))),
}

/** `migrate_caps_check()`, in its order. */
const checks: readonly Check[] = [
  {
    name: 'refuse COLO without a return path',
    text: "Capability 'x-colo' requires capability 'return-path'",
    would: { 'x-colo': 'on', 'return-path': 'off' },
    since: '11.0',
  },
  {
    name: 'refuse postcopy with x-ignore-shared',
    text: 'Postcopy is not compatible with ignore-shared',
    would: { 'postcopy-ram': 'on' },
    says: sets('x-ignore-shared'),
  },
  {
    // Not in 7.2; some 8.x brought it.
    name: 'refuse postcopy with multifd',
    text: 'Postcopy is not yet compatible with multifd',
    would: { 'postcopy-ram': 'on' },
    says: sets('multifd'),
    since: '10.0',
    until: '10.0',
  },
  ...notWithSnapshot.map(
    (name, i): Check => ({
      name: `refuse a background snapshot with ${name}`,
      text: `Background-snapshot is not compatible with ${name}`,
      // Those that come before it in the list would have been named instead.
      would: {
        'background-snapshot': 'on',
        ...Object.fromEntries(notWithSnapshot.slice(0, i).flatMap(n => (isFollowed(n) ? [[n, 'off']] : []))),
        ...(isFollowed(name) ? { [name]: 'on' } : {}),
      },
      ...(isFollowed(name) ? {} : { says: sets(name) }),
      ...(everyCapability[name] ?? {}),
      // From 11.0 on it lacks its return path, which is said first.
      ...(name === 'x-colo' ? { until: '10.2' } : {}),
    }),
  ),
  zeroCopy,
  {
    name: 'refuse postcopy-preempt without postcopy',
    text: 'Postcopy preempt requires postcopy-ram',
    would: { 'postcopy-ram': 'off' },
    says: sets('postcopy-preempt'),
  },
  {
    name: 'refuse postcopy-preempt with compress',
    text: 'Postcopy preempt not compatible with compress',
    would: { 'postcopy-ram': 'on' },
    says: all(sets('postcopy-preempt'), sets('compress')),
    until: '9.0',
  },
  {
    name: 'refuse multifd with compress',
    text: 'Multifd is not compatible with compress',
    would: { 'background-snapshot': 'off' },
    says: all(sets('multifd'), sets('compress')),
    until: '9.0',
  },
  {
    name: 'refuse switchover-ack without a return path',
    text: "Capability 'switchover-ack' requires capability 'return-path'",
    would: { 'return-path': 'off' },
    says: sets('switchover-ack'),
    since: '8.1',
  },
  {
    name: 'refuse dirty-limit with auto-converge',
    text: 'dirty-limit conflicts with auto-converge either of then available currently',
    would: { 'background-snapshot': 'off' },
    says: all(sets('dirty-limit'), sets('auto-converge')),
    since: '8.1',
  },
  {
    name: 'refuse dirty-limit without a dirty ring',
    text: "dirty-limit requires KVM with accelerator property 'dirty-ring-size' set",
    says: sets('dirty-limit'),
    since: '8.1',
  },
  {
    // Not in 7.2; some release before 10.0 brought it.
    name: 'refuse multifd with xbzrle',
    text: 'Multifd is not compatible with xbzrle',
    would: { 'background-snapshot': 'off' },
    says: all(sets('multifd'), sets('xbzrle')),
    since: '10.0',
  },
  {
    name: 'refuse mapped-ram with xbzrle',
    text: 'Mapped-ram migration is incompatible with xbzrle',
    would: { 'background-snapshot': 'off' },
    says: all(sets('mapped-ram'), sets('xbzrle')),
    since: '9.0',
  },
  {
    name: 'refuse mapped-ram with postcopy',
    text: 'Mapped-ram migration is incompatible with postcopy',
    would: { 'postcopy-ram': 'on' },
    says: sets('mapped-ram'),
    since: '9.0',
  },
]

/** Releases between which nothing here changes for the releases that have a profile. */
const bands: readonly (Bounds & { readonly called: string })[] = [
  { until: '9.0', called: ', until 9.0' },
  { since: '9.1', until: '10.0', called: ', until 10.0' },
  { since: '10.1', until: '10.2', called: ', until 10.2' },
  { since: '11.0', called: '' },
]
const number = (release: string): number =>
  release.split('.').reduce((sum, part, i) => sum + Number(part) * (i === 0 ? 100 : 1), 0)
/** The last release of a band has what counts for it: a profile stands for the releases that follow it. */
const counts = (band: Bounds, { since, until }: Bounds): boolean => {
  const last = band.until === '9.0' ? number('7.2') : number(band.until ?? '99.0')
  return (since === undefined || number(since) <= last) && (until === undefined || last <= number(until))
}

/** Every way to set the variables that some check speaks of, so that each check holds of all of it or of none. */
const kinds: readonly { readonly called: string; readonly would: Cube }[] = [
  {
    called: 'a background snapshot',
    would: {
      'background-snapshot': 'on',
      'postcopy-ram': 'off',
      'return-path': 'off',
      'pause-before-switchover': 'off',
      'x-colo': 'off',
    },
  },
  { called: 'precopy', would: { 'background-snapshot': 'off', 'postcopy-ram': 'off', 'return-path': 'off' } },
  {
    called: 'precopy with a return path',
    would: { 'background-snapshot': 'off', 'postcopy-ram': 'off', 'return-path': 'on' },
  },
  { called: 'postcopy', would: { 'background-snapshot': 'off', 'postcopy-ram': 'on', 'return-path': 'off' } },
  {
    called: 'postcopy with a return path',
    would: { 'background-snapshot': 'off', 'postcopy-ram': 'on', 'return-path': 'on' },
  },
]
/** A snapshot goes with none of what is checked after it: that has been refused by then. */
const bare = (would: Cube = {}): Cube =>
  Object.fromEntries(Object.entries(would).filter(([name, value]) => name !== 'background-snapshot' || value === 'on'))
const within = (inner: Cube, outer: Cube): boolean =>
  Object.entries(outer).every(([name, value]) => inner[name as Followed] === value)
/** From 11.0 on there is no COLO without a return path. */
const colo = (would: Cube, band: Bounds): Cube =>
  would['return-path'] === 'off' && number(band.since ?? '0') >= number('11.0') ? { ...would, 'x-colo': 'off' } : would

const options = (followed: readonly Followed[]) =>
  ({ list: 'capabilities', key: 'capability', value: 'state', values: ['off', 'on'], names: followed }) as const
/** The command, with these words in it, seen as what it would make of these variables. */
const asking = (followed: readonly Followed[], says: Match = {}): Trigger =>
  followed.length === 0
    ? command('migrate-set-capabilities', says)
    : { ...setting('migrate-set-capabilities', options(followed)), arguments: says }

/** What makes `migration_is_running()` true; until 9.0 it does not count COLO. */
const busy = migrationStatuses.filter(status => !['none', 'completed', 'failed', 'cancelled', 'colo'].includes(status))
const idle = ['none', 'completed', 'failed', 'cancelled'] as const
const check = 'migration/options.c:migrate_caps_check'
const set = 'migration/options.c:qmp_migrate_set_capabilities'

/** Where a list is looked at; what is wrong with it is refused in COLO all the same, by another name since 9.1. */
const looked = { ...handled, migration: [...idle, 'colo'] } as const

/** Parameters with few values: those that `migrate_params_check()` refuses, and what it wants instead. */
const parameters: readonly (Bounds & { readonly name: string; readonly wants: string; readonly bad: number[] })[] = [
  { name: 'compress-level', wants: 'a value between 0 and 9', bad: above(9), until: '9.0' },
  { name: 'compress-threads', wants: 'a value between 1 and 255', bad: [0], until: '9.0' },
  { name: 'decompress-threads', wants: 'a value between 1 and 255', bad: [0], until: '9.0' },
  { name: 'throttle-trigger-threshold', wants: 'an integer in the range of 1 to 100', bad: [0, ...above(100)] },
  { name: 'cpu-throttle-initial', wants: 'an integer in the range of 1 to 99', bad: [0, ...above(99)] },
  { name: 'cpu-throttle-increment', wants: 'an integer in the range of 1 to 99', bad: [0, ...above(99)] },
  { name: 'multifd-channels', wants: 'a value between 1 and 255', bad: [0] },
]

/** The values of a `uint8` above this one. */
function above(most: number): number[] {
  return Array.from({ length: 255 - most }, (_, i) => most + 1 + i)
}

/** Parameters whose values are too many to be named here: good or bad, the rules cannot tell. */
const untold: Match = oneOf(
  ...[
    'announce-initial',
    'announce-max',
    'announce-rounds',
    'announce-step',
    'block-bitmap-mapping',
    'direct-io',
    'downtime-limit',
    'max-cpu-throttle',
    'multifd-compression',
    'multifd-qatzip-level',
    'multifd-zlib-level',
    'multifd-zstd-level',
    'tls-creds',
    'vcpu-dirty-limit',
    'x-rdma-chunk-size',
    'x-vcpu-dirty-limit-period',
    'xbzrle-cache-size',
  ].map(name => ({ [name]: present(0) })),
)

/** Every way that the variables can be, as the list that `query-migrate-capabilities` answers with. */
const listed = capabilities.reduce<readonly (readonly [Cube, readonly Match[]])[]>(
  (ways, capability) =>
    ways.flatMap(([pattern, list]) =>
      (['off', 'on'] as const).map(
        state => [{ ...pattern, [capability]: state }, [...list, { capability, state: state === 'on' }]] as const,
      ),
    ),
  [[{}, []]],
)

/** What `migrate-set-capabilities` and `migrate-set-parameters` take and refuse. */
export const settings = machine(
  'capabilities',
  {
    ...shared,
    /** `MigrationState.state`; see `source.ts`. */
    migration: migrationStatuses,
    /** `MigrationIncomingState.state`; see `destination.ts`. */
    incoming: destination.variables.incoming,
    /** Whether `migrate-incoming` has succeeded. */
    listening: destination.variables.listening,
    /** Whether one of the capabilities that are no variables was ever turned on and may stand in another's way. */
    others: ['unset', 'set'],
    /** Whether the kernel lets QEMU have userfaultfd and all that it needs of it. */
    host: ['able', 'unable'],
  },
  {
    'monitor, at any time': [
      ...each(busy, status => ({
        name: `refuse capabilities in ${status}`,
        cite: set,
        on: command('migrate-set-capabilities'),
        where: { ...handled, migration: status },
        does: {},
        says: [fails("There's a migration process in progress")],
      })),
      {
        name: 'refuse capabilities in COLO',
        cite: set,
        on: command('migrate-set-capabilities'),
        where: { ...handled, migration: 'colo' },
        does: {},
        says: [fails("There's a migration process in progress")],
        // 7.2 does not, 10.0 does; some release in between changed it.
        since: '9.1',
      },
    ],
    'monitor, of a list that has no such capability': [
      {
        name: 'refuse a capability that never was',
        cite: set,
        on: command('migrate-set-capabilities', {
          capabilities: [{ capability: not(oneOf(...Object.keys(everyCapability))) }],
        }),
        where: looked,
        does: {},
        says: [fails("Parameter 'capability' does not accept this value")],
      },
      ...Object.entries(everyCapability).flatMap(([capability, { since, until }]) =>
        since === undefined && until === undefined
          ? []
          : [
              {
                name: `refuse ${capability}, which is not there`,
                cite: set,
                on: command('migrate-set-capabilities', names(capability)),
                where: looked,
                does: {},
                says: [fails(`Parameter 'capability' does not accept value '${capability}'`)],
                ...(until === undefined ? { until: before(since ?? '') } : { since: after(until) }),
              },
            ],
      ),
    ],
    'monitor, of what does not go together': [
      ...checks.map(({ name, text, would = {}, says, since, until }, i) => {
        const bounds = { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) }
        // Where an earlier check would fail as well, it is the one that speaks.
        const earlier = checks
          .slice(0, i)
          .flatMap(e => (e.says !== undefined && within(would, bare(e.would)) && covers(e, bounds) ? [e.says] : []))
        const words = [...(says === undefined ? [] : [says]), ...earlier.map(not)]
        return {
          name,
          cite: check,
          on: asking(
            capabilities.filter(capability => would[capability] !== undefined),
            words.length === 0 ? undefined : all(...words),
          ),
          where: looked,
          does: {},
          ...(Object.keys(would).length === 0 ? {} : { would }),
          says: [fails(text)],
          ...bounds,
        }
      }),
      {
        name: 'refuse what does not go with a capability that was set before',
        cite: check,
        on: command('migrate-set-capabilities', names(...others, ...notWithSnapshot, 'background-snapshot')),
        where: { ...looked, others: 'set' },
        does: {},
        says: [fails('This capability and one that is set are not compatible')],
      },
      {
        name: 'refuse a background snapshot that the host cannot do',
        cite: 'migration/options.c:migrate_query_write_tracking',
        on: asking(['background-snapshot'], undefined),
        where: { ...looked, host: 'unable' },
        does: {},
        would: { 'background-snapshot': 'on' },
        says: [fails('Background-snapshot is not supported by host kernel')],
      },
    ],
    'monitor, of an incoming guest': [
      {
        name: 'refuse postcopy that the host cannot do',
        cite: 'migration/postcopy-ram.c:postcopy_ram_supported_by_host',
        on: asking(['postcopy-ram'], undefined),
        where: { ...handled, migration: idle, host: 'unable', vm: 'inmigrate', 'postcopy-ram': 'off' },
        does: {},
        would: { 'postcopy-ram': 'on' },
        says: [fails('Postcopy is not supported')],
      },
      {
        // Where it listens on a socket, and has not been set before it did; not in 7.2.
        name: 'refuse multifd once it listens',
        cite: check,
        on: asking(['background-snapshot'], sets('multifd')),
        where: { ...handled, migration: idle, listening: 'yes', incoming: ['setup', 'active'] },
        does: {},
        would: { 'background-snapshot': 'off' },
        says: [fails('Multifd must be set before incoming starts')],
        since: '10.0',
      },
      {
        // The same.
        name: 'refuse postcopy-preempt once it listens',
        cite: check,
        on: asking(['postcopy-ram'], sets('postcopy-preempt')),
        where: { ...handled, migration: idle, listening: 'yes', incoming: ['setup', 'active'] },
        does: {},
        would: { 'postcopy-ram': 'on' },
        says: [fails('Postcopy preempt must be set before incoming starts')],
        since: '10.0',
      },
    ],
    'monitor, of what goes together': bands.flatMap(band =>
      kinds.flatMap(kind => {
        const would = colo(kind.would, band)
        const gone = Object.entries(everyCapability).flatMap(([name, bounds]) => (counts(band, bounds) ? [] : [name]))
        const wrong = (besides?: Check): Match[] =>
          checks.flatMap(c =>
            c !== besides && c.says !== undefined && counts(band, c) && within(would, c.would ?? {})
              ? [not(c.says)]
              : [],
          )
        const known = [
          not(names(...gone)),
          not({ capabilities: [{ capability: not(oneOf(...Object.keys(everyCapability))) }] }),
        ]
        const { called, ...bounds } = band
        const rule = {
          cite: `${set}, ${check}`,
          where: {
            // Until some release between 7.2 and 10.0, COLO does not count as a migration in progress.
            ...(number(band.until ?? '99.0') <= number('9.0') ? looked : { ...handled, migration: idle }),
            ...(would['background-snapshot'] === 'on' ? { host: 'able' as const } : {}),
          },
          would,
          says: [returns()],
          ...bounds,
        }
        return [
          {
            ...rule,
            name: `set capabilities for ${kind.called}${called}`,
            on: asking(capabilities, all(...known, ...wrong(), not(sets(...others)))),
            does: {},
          },
          {
            ...rule,
            name: `set capabilities for ${kind.called}, others among them${called}`,
            on: asking(capabilities, all(...known, ...wrong(), sets(...others))),
            does: { others: 'unset -> set' as const },
          },
          {
            ...rule,
            name: `set capabilities for ${kind.called}, others once more${called}`,
            // What zero copy needs may have been set before.
            on: asking(capabilities, all(...known, ...wrong(zeroCopy), sets(...others))),
            does: { others: 'set' as const },
          },
        ]
      }),
    ),
    'monitor, of parameters': [
      {
        name: 'set parameters',
        cite: 'migration/options.c:qmp_migrate_set_parameters',
        on: command(
          'migrate-set-parameters',
          all({ 'x-checkpoint-delay': absent }, ...parameters.map(({ name, bad }) => not({ [name]: oneOf(...bad) }))),
        ),
        where: handled,
        does: {},
        says: [returns()],
      },
      {
        name: 'refuse a parameter out of its range',
        cite: 'migration/options.c:migrate_params_check',
        on: command('migrate-set-parameters', untold),
        where: handled,
        does: {},
        says: [fails('Parameter expects another value')],
      },
      ...parameters.flatMap(({ name, wants, bad, until }) => [
        {
          name: `refuse such a ${name}, by its name in C`,
          cite: 'migration/options.c:migrate_params_check',
          on: command('migrate-set-parameters', { [name]: oneOf(...bad) }),
          where: handled,
          does: {},
          says: [fails(`Parameter '${name.replaceAll('-', '_')}' expects ${wants}`)],
          until: until ?? '10.2',
        },
        until !== undefined
          ? {
              name: `refuse ${name}, which is not there`,
              cite: 'qapi/qobject-input-visitor.c:qobject_input_check_struct, qapi/migration.json:MigrateSetParameters',
              on: command('migrate-set-parameters', { [name]: present(1) }),
              where: handled,
              does: {},
              says: [fails(`Parameter '${name}' is unexpected`)],
              since: after(until),
            }
          : {
              name: `refuse such a ${name}`,
              cite: 'migration/options.c:migrate_params_check',
              on: command('migrate-set-parameters', { [name]: oneOf(...bad) }),
              where: handled,
              does: {},
              says: [fails(`Option ${name} expects ${wants}`)],
              since: '11.0',
            },
      ]),
    ],
  },
  [
    {
      command: 'query-migrate-capabilities',
      cite: 'migration/options.c:qmp_query_migrate_capabilities',
      where: handled,
      tables: [listed],
    },
    {
      command: 'query-migrate-parameters',
      cite: 'migration/options.c:qmp_query_migrate_parameters',
      where: handled,
      tables: [
        [
          [
            {},
            {
              'max-bandwidth': present(134217728),
              'downtime-limit': present(300),
              'multifd-channels': present(2),
              'x-checkpoint-delay': present(20000),
              'tls-creds': like(''),
            },
          ],
        ],
      ],
    },
    {
      command: 'query-migrationthreads',
      cite: 'migration/threadinfo.c:qmp_query_migrationthreads',
      where: handled,
      tables: [[[{}, []]]],
      since: '8.0',
      until: '10.2',
    },
  ],
)

/** The release before one that brought something, and the one after one that still had it. */
function before(release: string): string {
  return { '8.1': '8.0', '9.0': '8.2' }[release] ?? release
}
function after(release: string): string {
  return { '9.0': '9.1', '10.2': '11.0' }[release] ?? release
}
/** Whether a check is made in every release that another is. */
function covers(one: Bounds, other: Bounds): boolean {
  return (
    (one.since === undefined || number(one.since) <= number(other.since ?? '0')) &&
    (one.until === undefined || number(other.until ?? '99.0') <= number(one.until))
  )
}
