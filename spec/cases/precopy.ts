/** Precopy: a guest moves, or does not, and what an operator can do meanwhile. */
import {
  announced,
  asks,
  awaits,
  burst,
  type Case,
  freeze,
  kill,
  link,
  pause,
  refused,
  send,
  slow,
  stray,
  thaw,
  tries,
  wait,
} from '../script.ts'
import {
  busyActive,
  cancel,
  completed,
  dials,
  diskOn,
  fast,
  heldActive,
  listen,
  listenToStay,
  lone,
  migrate,
  migrateNowhere,
  opens,
  pair,
  proceed,
  races,
  runs,
  save,
  set,
  slowly,
  snapshot,
  wide,
  withPause,
  withReturnPath,
} from './common.ts'

const failed = announced('src', 'failed')
const cancelled = announced('src', 'cancelled')
const gone = 'The source announces failing and failed, says why, and its guest has never stopped.'
const moved = 'The source completes and stops its guest; the destination completes and runs it.'
const keepsQuiet = 'It is refused with GenericError, nothing is announced, and the guest runs on.'

/** Connections wait to be accepted by a process that stands still: who comes next waits to be connected. */
const crowd = [freeze('dst'), stray('dst'), stray('dst'), stray('dst')]
const inSetup = [listen, ...crowd, migrate, announced('src', 'setup')]

const channelsSince = { since: '8.2', why: '`channels` came with 8.2' } as const
const staysSince = { since: '9.1', why: '`exit-on-error` came with 9.1' } as const
const fileSince = { since: '8.2', why: '`file:` came with 8.2' } as const

/** Migrating, and being done. */
const through: readonly Case[] = [
  pair(
    'precopy/complete/1',
    'Migrates a running guest to a destination that listens, and looks at both sides on the way.',
    'The source announces setup, active, device and completed and stops its guest; the destination announces setup, active and completed and runs it.',
    [...snapshot('src', 'dst'), ...heldActive, ...snapshot('src', 'dst'), fast, ...completed],
    { quick: true },
  ),
  pair('precopy/complete/2', 'Migrates with a return path.', moved, [...heldActive, fast, ...completed, runs('dst')], {
    capabilities: withReturnPath,
    quick: true,
  }),
  pair('precopy/complete/3', 'Migrates over TCP.', moved, [...heldActive, fast, ...completed], { over: 'tcp' }),
  pair(
    'precopy/complete/4',
    'Migrates over TCP with a return path, and asks both sides all the time.',
    moved,
    [...heldActive, ...snapshot('src', 'dst', 'src', 'dst'), fast, ...completed, ...snapshot('src', 'dst')],
    { over: 'tcp', capabilities: withReturnPath },
  ),
  pair(
    'precopy/complete/5',
    'Migrates without the capability events, and asks until it is done.',
    'Nothing is announced, and both sides answer that they have completed.',
    [listen, migrate, asks('src', 'query-migrate', { status: 'completed' }), runs('dst')],
    { capabilities: [] },
  ),
  pair(
    'precopy/complete/6',
    'Migrates a guest that was stopped.',
    'Both sides complete, and the guest is paused on either.',
    [send('src', 'stop'), listen, migrate, ...completed, runs('dst', false), runs('src', false)],
  ),
  pair(
    'precopy/complete/7',
    'Migrates a guest that has never been started, and continues it on the destination.',
    'Both sides complete; the guest is not started by the migration, and runs when it is continued.',
    [listen, migrate, ...completed, send('dst', 'cont'), runs('dst')],
    { paused: true },
  ),
  pair(
    'precopy/complete/8',
    'Migrates a busy guest that converges once there is bandwidth.',
    moved,
    [...busyActive, pause(0.3), wide, ...completed, runs('dst')],
    { guest: 'busy' },
  ),
  pair(
    'precopy/channels/1',
    'Migrates with addresses given as `channels`.',
    moved,
    [
      send('dst', 'migrate-incoming', { channels: '{channels}' }),
      send('src', 'migrate', { channels: '{channels}' }),
      ...completed,
    ],
    { ...channelsSince, quick: true },
  ),
  pair(
    'precopy/channels/2',
    'Migrates with `channels` over TCP with a return path.',
    moved,
    [
      send('dst', 'migrate-incoming', { channels: '{channels}' }),
      send('src', 'migrate', { channels: '{channels}' }),
      ...completed,
    ],
    { ...channelsSince, over: 'tcp', capabilities: withReturnPath },
  ),
  lone(
    'precopy/channels/3',
    'Migrates to a dead address given as `channels`.',
    gone,
    [send('src', 'migrate', { channels: '{dead-channels}' }), failed],
    channelsSince,
  ),
  pair(
    'precopy/back/1',
    'Migrates, continues the guest on the source by hand, and looks at both sides.',
    'Both guests run, because somebody has asked for it; the statuses stay completed.',
    [
      listen,
      migrate,
      ...completed,
      asks('src', 'query-status', { status: 'postmigrate' }),
      send('src', 'cont'),
      ...snapshot('src', 'dst'),
    ],
  ),
  pair(
    'precopy/again/1',
    'Migrates, and migrates the guest that has left a second time.',
    'The second is refused or fails by its address; the first stays completed or is followed by failed.',
    [
      listen,
      migrate,
      ...completed,
      asks('src', 'query-status', { status: 'postmigrate' }),
      refused('src', 'migrate', { uri: '{dead}' }),
    ],
  ),
  pair(
    'precopy/again/2',
    'Migrates, continues the guest on the source, and migrates it to a dead address.',
    'The second migration fails, and the guest runs on.',
    [
      listen,
      migrate,
      ...completed,
      asks('src', 'query-status', { status: 'postmigrate' }),
      send('src', 'cont'),
      migrateNowhere,
      failed,
      runs('src'),
    ],
    dials,
  ),
  pair(
    'precopy/onward/1',
    'Migrates, and migrates the guest on from the destination to a dead address.',
    'The destination is a source then: it announces setup, failing and failed, and the guest runs on there.',
    [
      listen,
      migrate,
      ...completed,
      runs('dst'),
      send('dst', 'migrate', { uri: '{dead}' }),
      announced('dst', 'failed'),
      runs('dst'),
    ],
    dials,
  ),
  lone(
    'precopy/file/1',
    'Migrates into a file.',
    'The source completes and stops its guest.',
    [send('src', 'migrate', { uri: 'file:{dir}/stream' }), announced('src', 'completed'), runs('src', false)],
    { ...fileSince, ...opens },
  ),
  lone(
    'precopy/exec/1',
    'Migrates into a command.',
    'The source completes and stops its guest.',
    [send('src', 'migrate', { uri: 'exec:cat > /dev/null' }), announced('src', 'completed'), runs('src', false)],
    opens,
  ),
  lone(
    'precopy/file/2',
    'Migrates into a file in a folder that is not there.',
    'It is refused, or the migration fails; the guest runs on.',
    [tries('src', 'migrate', { uri: 'file:{dir}/no/stream' }), runs('src')],
    { ...fileSince, ...opens },
  ),
]

/** Addresses that are no good. */
const nowhere: readonly Case[] = [
  lone('precopy/dead-address/1', 'Migrates to an address where nobody listens.', gone, [migrateNowhere, failed], {
    quick: true,
  }),
  lone('precopy/dead-address/2', 'Migrates to a TCP port where nobody listens.', gone, [migrateNowhere, failed], {
    over: 'tcp',
  }),
  lone(
    'precopy/dead-address/3',
    'Migrates to a dead address with a return path, three times.',
    `${gone}`,
    [migrateNowhere, failed, migrateNowhere, failed, migrateNowhere, failed, runs('src')],
    { capabilities: withReturnPath },
  ),
  lone(
    'precopy/dead-address/4',
    'Migrates to a dead address at once after the last one was seen to fail.',
    'Each attempt is accepted or refused; whatever comes, the guest has never stopped.',
    [migrateNowhere, failed, tries('src', 'migrate', { uri: '{dead}' }), wait(0.3), runs('src')],
  ),
  lone('precopy/bad-address/1', 'Migrates to what is no address.', keepsQuiet, [
    refused('src', 'migrate', { uri: 'nonsense' }),
    runs('src'),
  ]),
  lone('precopy/bad-address/2', 'Migrates to a TCP address without a port.', keepsQuiet, [
    refused('src', 'migrate', { uri: 'tcp:localhost' }),
    runs('src'),
  ]),
  lone(
    'precopy/bad-address/3',
    'Migrates to an address with a slip in it, then to a dead one.',
    'The first is refused, the second fails; the guest has never stopped.',
    [refused('src', 'migrate', { uri: 'tcp;localhost:1' }), migrateNowhere, failed, runs('src')],
  ),
  lone(
    'precopy/bad-address/4',
    'Migrates to a file descriptor that nobody gave.',
    'It is refused, or fails; the guest has never stopped.',
    [tries('src', 'migrate', { uri: 'fd:nobody' }), runs('src')],
  ),
  lone(
    'precopy/bad-address/5',
    'Migrates to a TCP port that is no number.',
    'It is refused, or fails; the guest has never stopped.',
    [tries('src', 'migrate', { uri: 'tcp:127.0.0.1:99999999' }), wait(0.2), runs('src')],
  ),
  pair(
    'precopy/bad-address/6',
    'Has a destination listen where it cannot be read, then where it can, and migrates there.',
    `The first is refused; ${moved.toLowerCase()}`,
    [refused('dst', 'migrate-incoming', { uri: 'tcp;localhost:1' }), listen, migrate, ...completed],
    dials,
  ),
  pair(
    'precopy/bad-address/7',
    'Has a destination listen where it must not, then where it may, and migrates there.',
    'The first is refused; what comes of the second is what the release makes of it.',
    [
      refused('dst', 'migrate-incoming', { uri: 'unix:{dir}/no/such/folder' }),
      tries('dst', 'migrate-incoming', { uri: '{uri}' }),
      ...snapshot('dst'),
    ],
    dials,
  ),
  pair(
    'precopy/waiting/1',
    'Has the destination stop before the guest comes, and continues it there.',
    'The guest that ran is paused where it arrives, and then runs.',
    [
      send('dst', 'stop'),
      listen,
      migrate,
      ...completed,
      asks('dst', 'query-status', { status: 'paused' }),
      send('dst', 'cont'),
      runs('dst'),
    ],
    { quick: true },
  ),
  pair(
    'precopy/waiting/2',
    'Has the destination stop and go on before the guest comes.',
    moved,
    [send('dst', 'stop'), send('dst', 'cont'), listen, migrate, ...completed, runs('dst')],
    { quick: true },
  ),
  lone(
    'precopy/disk/1',
    'Migrates a guest with a disk into a command that is gone at the switchover, and saves the guest into that disk.',
    'The source has its disk back: what is saved into it is concluded, and the guest runs on.',
    [
      ...diskOn('file'),
      send('src', 'migrate', { uri: 'exec:timeout 1 cat > /dev/null' }),
      announced('src', 'pre-switchover'),
      wait(1.2),
      proceed,
      failed,
      runs('src'),
      ...save,
      runs('src'),
    ],
    { capabilities: withPause, quick: true, ...opens },
  ),
  lone(
    'precopy/disk/2',
    'Migrates a guest with a disk into a command, continues it by hand, and saves it into that disk.',
    'The source has its disk back: what is saved into it is concluded, and the guest runs on.',
    [
      ...diskOn('file'),
      send('src', 'migrate', { uri: 'exec:cat > /dev/null' }),
      announced('src', 'completed'),
      asks('src', 'query-status', { status: 'postmigrate' }),
      send('src', 'cont'),
      runs('src'),
      ...save,
      runs('src'),
    ],
    opens,
  ),
  lone('precopy/itself/1', 'Has a source listen, which was not started for that.', keepsQuiet, [
    refused('src', 'migrate-incoming', { uri: '{uri}' }),
    runs('src'),
  ]),
  pair(
    'precopy/itself/2',
    'Has a destination that waits migrate to where it listens.',
    'It is refused, and the destination takes the source that comes then.',
    [listen, refused('dst', 'migrate', { uri: '{uri}' }), migrate, ...completed],
  ),
  pair('precopy/itself/3', 'Has a destination that does not listen migrate.', 'It is refused with GenericError.', [
    refused('dst', 'migrate', { uri: '{dead}' }),
    listen,
    migrate,
    ...completed,
  ]),
  pair(
    'precopy/twice/1',
    'Migrates while a migration is active, and has the destination listen while it listens.',
    'Both are refused, and the migration completes.',
    [
      ...heldActive,
      refused('src', 'migrate', { uri: '{dead}' }),
      refused('dst', 'migrate-incoming', { uri: '{uri}' }),
      fast,
      ...completed,
    ],
  ),
]

/** Cancels. */
const cancels: readonly Case[] = [
  pair(
    'precopy/cancel/1',
    'Cancels a migration while it is active.',
    'The source announces cancelling and cancelled and its guest has never stopped; the destination announces failed.',
    [...heldActive, pause(0.2), cancel, cancelled],
    { quick: true },
  ),
  pair(
    'precopy/cancel/2',
    'Cancels an active migration with a return path.',
    'The source announces cancelling and cancelled and its guest has never stopped.',
    [...heldActive, pause(0.2), cancel, cancelled, runs('src')],
    { capabilities: withReturnPath, ...races },
  ),
  pair(
    'precopy/cancel/3',
    'Cancels the migration of a busy guest over TCP.',
    'The source announces cancelling and cancelled and its guest has never stopped.',
    [...busyActive, pause(0.3), cancel, cancelled, runs('src')],
    { over: 'tcp', guest: 'busy' },
  ),
  lone(
    'precopy/cancel/4',
    'Cancels where there is nothing to cancel: before any migration, and after one has failed.',
    'Each succeeds and nothing is announced.',
    [
      cancel,
      migrateNowhere,
      failed,
      asks('src', 'query-migrate', { status: 'failed' }),
      cancel,
      wait(0.2),
      asks('src', 'query-migrate', { status: 'failed' }),
    ],
  ),
  pair(
    'precopy/cancel/5',
    'Cancels after the migration has completed, on either side.',
    'Each succeeds and nothing changes.',
    [
      listen,
      migrate,
      ...completed,
      asks('src', 'query-status', { status: 'postmigrate' }),
      cancel,
      send('dst', 'migrate_cancel'),
      ...snapshot('src', 'dst'),
    ],
  ),
  pair(
    'precopy/cancel/6',
    'Cancels on a destination that listens, and then migrates to it.',
    'The cancel succeeds and does nothing: the migration completes.',
    [listen, send('dst', 'migrate_cancel'), migrate, ...completed],
  ),
  pair(
    'precopy/cancel/7',
    'Cancels twice, the second right behind the first.',
    'Both succeed; the source announces cancelled in the end.',
    [...heldActive, burst('src', 'migrate_cancel', 'migrate_cancel'), cancelled, runs('src')],
  ),
  pair(
    'precopy/cancel/8',
    'Cancels in setup, while the destination stands still and nobody is connected.',
    'The source announces cancelling and cancelled, and its guest has never stopped.',
    [...inSetup, cancel, wait(0.3), thaw('dst'), stray('dst', 'leaves'), cancelled, runs('src')],
  ),
  pair('precopy/cancel/9', 'Cancels right behind the migrate.', 'The source comes to cancelled, and its guest runs.', [
    listen,
    burst('src', ['migrate', { uri: '{uri}' }], 'migrate_cancel'),
    cancelled,
    runs('src'),
  ]),
  pair(
    'precopy/cancel/10',
    'Cancels right behind the migrate, with a return path.',
    'The source comes to cancelled, and its guest runs.',
    [listen, burst('src', ['migrate', { uri: '{uri}' }], 'migrate_cancel'), cancelled, runs('src')],
    { capabilities: withReturnPath, ...races },
  ),
  lone(
    'precopy/cancel/11',
    'Cancels right behind a migrate to a dead address.',
    'The source comes to cancelled or failed, and its guest runs.',
    [burst('src', ['migrate', { uri: '{dead}' }], 'migrate_cancel'), wait(0.5), runs('src')],
  ),
  pair(
    'precopy/cancel/12',
    'Cancels a migration whose guest was stopped before.',
    'The source announces cancelled, and the guest is paused as before.',
    [send('src', 'stop'), ...heldActive, cancel, cancelled, runs('src', false)],
  ),
]

/** What can be done after a migration has come to nothing. */
const retries: readonly Case[] = [
  pair(
    'precopy/retry/1',
    'Migrates to a dead address, and then to a good one.',
    `The first fails; ${moved.toLowerCase()}`,
    [
      migrateNowhere,
      failed,
      asks('src', 'query-migrate', { status: 'failed' }),
      wait(0.1),
      listen,
      migrate,
      ...completed,
    ],
    { quick: true },
  ),
  pair(
    'precopy/retry/2',
    'Cancels a migration, and then migrates into a command.',
    'The first is cancelled, the second completes.',
    [
      ...heldActive,
      cancel,
      cancelled,
      asks('src', 'query-migrate', { status: 'cancelled' }),
      wait(0.1),
      fast,
      send('src', 'migrate', { uri: 'exec:cat > /dev/null' }),
      announced('src', 'completed'),
    ],
    opens,
  ),
  pair(
    'precopy/retry/3',
    'Kills the destination of an active migration, and then migrates into a command.',
    'The first fails, the second completes.',
    [
      ...heldActive,
      kill('dst'),
      failed,
      asks('src', 'query-migrate', { status: 'failed' }),
      wait(0.1),
      fast,
      send('src', 'migrate', { uri: 'exec:cat > /dev/null' }),
      announced('src', 'completed'),
    ],
    opens,
  ),
  pair(
    'precopy/retry/4',
    'Has the network refuse the connection once, and then let it be.',
    `The first migration fails; ${moved.toLowerCase()}`,
    [
      listen,
      link('refuse'),
      migrate,
      failed,
      asks('src', 'query-migrate', { status: 'failed' }),
      wait(0.1),
      link('accept'),
      migrate,
      ...completed,
    ],
  ),
  pair(
    'precopy/retry/5',
    'Cancels a migration to a destination that is told to stay, and migrates to it again.',
    'The first is cancelled and fails on the destination; what comes of the second is what the release makes of it.',
    [
      listenToStay,
      slowly,
      migrate,
      announced('dst', 'active'),
      cancel,
      cancelled,
      announced('dst', 'failed'),
      asks('dst', 'query-migrate'),
      wait(0.1),
      fast,
      migrate,
      wait(0.5),
      ...snapshot('src', 'dst'),
    ],
    { ...staysSince, ...dials },
  ),
]

/** Capabilities and parameters that change what is sent, and not what is said. */
const ways: readonly Case[] = [
  ...(
    [
      ['xbzrle', {}],
      ['zero-blocks', { until: '9.0', why: '`zero-blocks` went with 9.1' }],
      ['compress', { until: '9.0', why: '`compress` went with 9.1' }],
      ['release-ram', {}],
      ['validate-uuid', {}],
      ['late-block-activate', {}],
      ['switchover-ack', { since: '8.1', why: '`switchover-ack` came with 8.1' }],
    ] as const
  ).map(([name, span], i) =>
    pair(
      `precopy/capability/${i + 1}`,
      `Migrates a busy guest with the capability ${name}.`,
      moved,
      [...busyActive, pause(0.3), wide, ...completed, runs('dst')],
      {
        guest: 'busy',
        capabilities: ['events', ...(name === 'switchover-ack' ? ['return-path'] : []), name],
        ...span,
      },
    ),
  ),
  pair(
    'precopy/auto-converge/1',
    'Migrates a guest that writes faster than is sent, with auto-converge.',
    'The guest is slowed down, more and more passes come, and in the end the migration completes.',
    [
      listen,
      set('src', { 'max-bandwidth': 2_000_000, 'downtime-limit': 100, 'cpu-throttle-initial': 90 }),
      migrate,
      announced('dst', 'active'),
      awaits('src', 'MIGRATION_PASS', { pass: 4 }),
      wide,
      ...completed,
    ],
    { guest: 'busy', capabilities: ['events', 'auto-converge'] },
  ),
  lone(
    'precopy/capability-refused/1',
    'Sets capabilities that do not go together, that there are none of, and that cannot be set while migrating.',
    'Each is refused.',
    [
      refused('src', 'migrate-set-capabilities', {
        capabilities: [
          { capability: 'multifd', state: true },
          { capability: 'xbzrle', state: true },
          { capability: 'background-snapshot', state: true },
        ],
      }),
      refused('src', 'migrate-set-capabilities', { capabilities: [{ capability: 'nonsense', state: true }] }),
      refused('src', 'migrate-set-parameters', { 'multifd-channels': 0 }),
      ...snapshot('src'),
    ],
  ),
  pair(
    'precopy/capability-refused/2',
    'Sets a capability on either side of an active migration.',
    'The source refuses; the migration completes.',
    [
      ...heldActive,
      refused('src', 'migrate-set-capabilities', { capabilities: [{ capability: 'xbzrle', state: true }] }),
      tries('dst', 'migrate-set-capabilities', { capabilities: [{ capability: 'xbzrle', state: true }] }),
      fast,
      ...completed,
    ],
  ),
]

/** The same with a network that is slow, or was. */
const slowNetworks: readonly Case[] = [
  pair(
    'precopy/slow-network/1',
    'Migrates over a network that lets a few hundred kilobytes a second through, and then all.',
    moved,
    [listen, migrate, announced('src', 'active'), slow(200_000), wait(0.5), link('resume'), ...completed],
  ),
  pair('precopy/stalled/1', 'Has the network stall for a while in an active migration.', moved, [
    ...heldActive,
    link('stall'),
    wait(0.5),
    link('resume'),
    fast,
    ...completed,
  ]),
  pair(
    'precopy/stalled/2',
    'Has the network stall, and cancels.',
    'The source announces cancelled, though nothing gets through.',
    [...heldActive, link('stall'), wait(0.2), cancel, cancelled, runs('src')],
  ),
  pair('precopy/frozen/1', 'Has the destination stand still for a while in an active migration.', moved, [
    ...heldActive,
    freeze('dst'),
    wait(0.5),
    thaw('dst'),
    fast,
    ...completed,
  ]),
  pair('precopy/frozen/2', 'Has the source stand still for a while in an active migration.', moved, [
    ...heldActive,
    freeze('src'),
    wait(0.5),
    thaw('src'),
    fast,
    ...completed,
  ]),
]

/** Every case of precopy. */
export const precopy: readonly Case[] = [
  ...through,
  ...nowhere,
  ...cancels,
  pair(
    'precopy/destination-killed/1',
    'Kills the destination while the migration is active.',
    gone,
    [...heldActive, pause(0.2), kill('dst'), failed],
    { quick: true },
  ),
  ...retries,
  ...ways,
  ...slowNetworks,
]
