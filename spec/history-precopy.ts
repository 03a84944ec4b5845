/** Bugs of precopy, of its setup, of its cancel and of its failure. */
import { command, event, exits, fails, present, returns, unlike } from './lang.ts'
import { type Bug, back, gone } from './past.ts'
import { announces, handled, running, stopped, unreadable } from './run-state.ts'

const every = ['7.2', '10.0', '10.2', '11.1'] as const
const later = ['10.0', '10.2', '11.1'] as const
const failsForAddress = [fails("Parameter 'uri' expects a valid migration protocol")] as const

/** Rows 1 to 24. */
export const precopyBugs: readonly Bug[] = [
  {
    id: 1,
    name: 'A migrate with an address that cannot be read leaves setup behind: every later one is refused.',
    cite: 'commit c950114286ea, "migration: qmp_migrate(): keep working after syntax error"',
    affected: { since: '1.6', until: '1.7' },
    in: every,
    edits: [
      {
        change: 'fail for an address that cannot be read',
        to: { does: { migration: '-> setup' }, says: [announces('setup'), ...failsForAddress] },
      },
      {
        change: 'refuse an address that cannot be read',
        to: {
          where: { migration: ['none', 'completed', 'failed', 'cancelled'] },
          does: { migration: '-> setup' },
          says: [announces('setup'), ...failsForAddress],
        },
      },
      {
        add: {
          name: 'refuse an address that cannot be read in a migration',
          cite: 'migration/migration.c:qmp_migrate',
          on: command('migrate', { uri: unlike(unreadable) }),
          where: { ...handled, migration: running },
          does: {},
          says: [...failsForAddress],
          since: '8.2',
        },
        machine: 'source',
        actor: 'monitor',
      },
    ],
    expect: ['a refused migrate leaves setup behind, though none came too early'],
  },
  {
    id: 2,
    name: 'Whether setup or active is announced first depends on a race with the thread.',
    cite: 'commit 9287ac271d83, "migration: notify migration state before starting thread"',
    affected: { until: '1.6' },
    in: every,
    edits: [{ change: 'accept a migration', to: { says: [announces('active'), returns()] } }],
    expect: ['a connection is being made and setup is not the last that was said'],
  },
  {
    id: 4,
    name: 'A cancel that meets an error ends in failed.',
    cite: '<20250214203159.30168-15-farosas@suse.de>, "migration: Don\'t set FAILED state when cancelling"',
    affected: { since: '2.12', until: '9.2' },
    in: every,
    edits: [
      {
        change: 'fail to connect after a cancel',
        to: { does: { migration: 'cancelling -> failed' }, says: [announces('failed')] },
      },
      { change: 'find a cancel', to: { does: { migration: 'cancelling -> failed', saying: 'nothing -> failed' } } },
    ],
    expect: ['without a return path, a cancel before the switchover leads to cancelled'],
  },
  {
    id: 6,
    name: 'A destination whose setup fails neither exits nor says failed.',
    cite: '<20250214203159.30168-13-farosas@suse.de>, "migration: Fix hang after error in destination setup phase", gitlab #2633',
    affected: { until: '9.2' },
    in: every,
    edits: gone('lose the stream', 'lose the stream and exit'),
    expect: ['a destination that has lost its source comes to an end'],
  },
  {
    id: 7,
    name: 'failed is announced before the migration is cleaned up.',
    cite: '<20251222114822.327623-1-ppandit@redhat.com>, "migration: introduce MIGRATION_STATUS_FAILING"',
    affected: { until: '10.2' },
    in: ['11.1'],
    edits: [
      ...gone('fail to connect', 'find the channel broken', 'fail after the switchover'),
      ...back('fail to connect at once', 'fail on a broken channel', 'fail after the switchover, over a cancel too'),
    ],
    expect: ['a failed migration says failing first'],
  },
  {
    id: 9,
    name: 'A migrate with an address that cannot be read says setup and failed, and the query does not say why.',
    cite: 'a run of 7.2.22; qmp_migrate() reads the address last',
    affected: { until: '8.1' },
    in: later,
    edits: [...gone('refuse an address that cannot be read'), ...back('fail for an address that cannot be read')],
    expect: ['a migrate that is refused for its address leaves failed behind'],
  },
  {
    id: 10,
    name: 'A migrate-incoming that fails has said setup, and the status is none.',
    cite: 'a run of 7.2.22; qemu_start_incoming_migration()',
    affected: { until: '8.1' },
    in: later,
    edits: [
      ...gone('fail to listen', 'fail to listen, to stay after an error', 'refuse to listen after a failure to listen'),
      ...back('fail to listen, and have said setup'),
    ],
    expect: ['the destination has announced setup and is not in it'],
  },
  {
    id: 13,
    name: 'Both main loops wait in a handshake: no command is answered, and the status stays setup.',
    cite: 'commit a1af605bd5, "migration/multifd: fix hangup with TLS-Multifd due to blocking handshake"',
    affected: { since: '4.0', until: '5.1' },
    in: every,
    edits: [
      {
        change: 'connect',
        to: { does: { 'src.mainLoop': '-> joining', 'dst.mainLoop': '-> joining', 'src.thread': 'connecting' } },
      },
      {
        change: 'connect and open a return path',
        to: { does: { 'src.mainLoop': '-> joining', 'dst.mainLoop': '-> joining', 'src.thread': 'connecting' } },
      },
    ],
    expect: ['the monitor waits while the connection is being made'],
  },
  {
    id: 14,
    name: 'A destination whose channel was cut completes all the same.',
    cite: '"migration: Check migration error after loadvm"',
    affected: { until: '9.2' },
    in: every,
    edits: (['lose the stream', 'lose the stream and exit'] as const).map(change => ({
      change,
      to: { does: { coroutine: 'loading -> loaded', incoming: undefined }, says: undefined },
    })),
    expect: ['a destination completes before the source has sent all'],
  },
  {
    id: 15,
    name: 'A migration with multifd breaks each time at its end: the two sides read its stream differently.',
    cite: 'gitlab #2720',
    affected: { since: '7.2', until: '9.2' },
    in: every,
    edits: [
      ...['running', ...stopped, 'suspended'].map(was => ({
        change: `send the last of a guest in ${was}`,
        to: { where: { others: 'unset' } },
      })),
      {
        add: {
          name: 'send what the destination cannot read',
          cite: 'migration/multifd.c:multifd_send_fill_packet',
          where: { others: 'set' },
          does: { thread: 'writing -> failing', bql: 'migration -> free', link: '-> cut' },
        },
        machine: 'source',
        actor: 'migration thread',
      },
    ],
    expect: ['a migration with further capabilities can complete'],
  },
  {
    id: 17,
    name: 'After a failure or a cancel a guest that did not run is in postmigrate.',
    cite: '<20230517123752.21615-6-vsementsov@yandex-team.ru>, "migration: restore vmstate on migration failure", rhbz 1355683',
    affected: { since: '2.8', until: '8.0' },
    in: later,
    edits: [
      ...gone(...stopped.map(was => `give the guest back, in ${was}`)),
      {
        change: 'leave a guest that did not run in postmigrate',
        to: { until: undefined, where: { was: [...stopped] } },
      },
    ],
    expect: ['a guest that did not run is left in postmigrate by a migration that did not complete'],
  },
  {
    id: 18,
    name: 'A suspended guest is woken by its migration, and runs where it arrives.',
    cite: '"migration: propagate suspended runstate", series v8',
    affected: { until: '8.2' },
    in: later,
    edits: [...gone('stop a suspended guest for the switchover'), ...back('wake a suspended guest for the switchover')],
    expect: ['a suspended guest is woken by its migration', 'a suspended guest arrives suspended'],
  },
  {
    id: 20,
    name: 'A reset of the guest just before the end aborts: "invalid runstate transition: prelaunch -> postmigrate".',
    cite: '<20191017101806.3644-1-lvivier@redhat.com>, "runstate: ignore exit request in finish migrate state"',
    affected: { until: '4.1' },
    in: every,
    edits: [
      {
        add: {
          name: 'abort on a reset just before the end',
          cite: 'system/runstate.c:runstate_set',
          where: { migration: 'completed', vm: 'finish-migrate', thread: 'finishing' },
          does: { link: 'up ~> cut' },
          says: [event('RESET', { guest: true, reason: 'guest-reset' }), exits(null)],
          may: true,
        },
        machine: 'source',
        actor: 'main loop',
      },
    ],
    expect: ['a source ends and nobody has ended it'],
  },
  {
    id: 23,
    name: 'Capabilities of a destination can be changed after it listens, and nobody looks at them again.',
    cite: 'discussed in January 2026, open',
    affected: {},
    in: every,
    edits: [],
    expect: ['a capability changes on a destination that listens'],
  },
  {
    id: 24,
    name: 'A destination that failed and stays does not say why.',
    cite: 'the test that was added for exit-on-error false',
    affected: { since: '9.1', until: '10.1' },
    in: ['10.0', '10.2', '11.1'],
    edits: [
      {
        query: 'query-migrate',
        where: { status: 'failed', 'error-desc': present('the stream broke') },
        to: { 'error-desc': { $absent: true } },
      },
    ],
    expect: ['transcript'],
  },
]

/** Rows that are about what no rule is about. */
export const beyondPrecopy = [
  {
    id: 21,
    name: 'wait-unplug is entered though no primary device is there.',
    cite: 'commit 9711cd0dfc3f, virtio-net failover',
    why: 'No rule knows which devices a guest has: that a source waits for one to be unplugged is allowed whatever it was started with.  A case whose guest has no such device says the same of a real QEMU: the reference never takes that rule there.',
  },
] as const
