/** Bugs of COLO and of its failover. */
import { event, exits, returns, setting } from './lang.ts'
import { type Bug, back, gone } from './past.ts'
import { dispatched } from './run-state.ts'

const every = ['7.2', '10.0', '10.2', '11.1'] as const
const later = ['10.0', '10.2', '11.1'] as const
const options = {
  list: 'capabilities',
  key: 'capability',
  value: 'state',
  values: ['off', 'on'],
  names: ['x-colo'],
} as const

/** Rows 34 to 46. */
export const coloBugs: readonly Bug[] = [
  {
    id: 34,
    name: 'A primary stops its guest and never comes to colo.',
    cite: 'commit 0b5bf4ea7620, <20251104013606.1937764-1-lizhijian@fujitsu.com>, "migration: Fix transition to COLO state from precopy"',
    affected: { since: '10.0', until: '10.1' },
    in: later,
    edits: [
      { change: 'enter COLO', to: { does: { migration: 'device', saying: undefined } } },
      {
        add: {
          name: 'end a migration in a status that nobody expects',
          cite: 'migration/migration.c:migration_iteration_finish',
          where: { bql: 'free', saying: 'nothing', migration: 'device' },
          does: { thread: 'finishing -> cleaning' },
        },
        machine: 'source',
        actor: 'migration thread',
      },
      {
        add: {
          name: 'clean up a migration in a status that nobody expects',
          cite: 'migration/migration.c:migration_cleanup',
          where: { ...dispatched, migration: 'device' },
          does: { thread: 'cleaning -> none', link: 'up ~> cut' },
        },
        machine: 'source',
        actor: 'main loop',
      },
    ],
    expect: ['a primary asks for a checkpoint'],
  },
  {
    id: 35,
    name: 'COLO dies at its first checkpoint: the capability that it sets there is refused.',
    cite: '"migration: Create migration_is_running()", 5.0-dev',
    affected: { since: '5.0', until: '5.0' },
    in: every,
    edits: [
      {
        change: 'begin to stop for the checkpoint',
        to: { does: { colo: 'replied -> leaving', vm: 'running' } },
      },
    ],
    expect: ['a primary resumes after a checkpoint'],
  },
  {
    id: 36,
    name: 'x-colo can be switched off while COLO runs.',
    cite: 'commit d70178a88fe8, <20230428194928.1426370-10-vsementsov@yandex-team.ru>, "migration: disallow change capabilities in COLO state"',
    affected: { since: '5.0', until: '8.0' },
    in: later,
    edits: [
      {
        change: 'refuse capabilities in COLO',
        to: { on: setting('migrate-set-capabilities', options), says: [returns()] },
      },
    ],
    expect: ['a capability changes in COLO'],
  },
  {
    id: 37,
    name: 'A destination without x-colo goes over to COLO.',
    cite: 'commit 121ccedc2bf0, "migration: block incoming colo when capability is disabled"',
    affected: { since: '3.1', until: '8.0' },
    in: ['10.0', '10.2'],
    edits: [
      ...gone('fail on a source that goes on to COLO', 'fail on a source that goes on to COLO, and exit'),
      {
        change: 'go on to COLO unasked after the last of a guest in running',
        to: { until: undefined, where: { 'x-colo': 'off' } },
      },
    ],
    expect: ['a destination without x-colo comes to COLO'],
  },
  {
    id: 39,
    name: 'A primary that loses its secondary in a checkpoint hangs there, and no failover helps.',
    cite: '"migration/migration.c: Fix hang in ram_save_host_page", 5.1',
    affected: { until: '5.0' },
    in: every,
    edits: [
      ...gone(
        'fail to send the state',
        'fail to send the size of the state',
        'fail to send the memory without the lock',
        'fail to send the size of the state without the lock',
        'fail to send the memory and take the lock unawares',
      ),
      ...[
        'send the whole state',
        'send the memory without the lock',
        'take the lock unawares by waiting for a vCPU',
      ].map(change => ({ change, to: { where: { link: 'up' } } })),
    ],
    expect: ['a primary whose link is cut leaves its checkpoint'],
  },
  {
    id: 40,
    name: "A secondary's monitor stops answering after x-colo-lost-heartbeat.",
    cite: 'commit 684bfd1820d4, <20211103084605.20027-7-quintela@redhat.com>, "Fixed SVM hang when do failover before PVM crash"',
    affected: { until: '6.1' },
    in: every,
    edits: [
      { change: 'release the secondary and wait for its thread', to: { does: { bql: 'failover' } } },
      { change: 'end the COLO thread', to: { where: { bql: 'free' } } },
    ],
    expect: ['a secondary that has failed over comes to run its guest'],
  },
  {
    id: 42,
    name: 'A guest that shuts down in a checkpoint aborts QEMU: "colo -> shutdown".',
    cite: 'commit aa505f8e0e04, <20220719131637.46131-22-jasowang@redhat.com>',
    affected: { until: '7.0' },
    in: every,
    edits: [
      {
        add: {
          name: 'abort on a guest that shuts down in a checkpoint',
          cite: 'system/runstate.c:runstate_set',
          where: { migration: 'colo', vm: 'colo' },
          does: { link: 'up ~> cut' },
          says: [event('SHUTDOWN', { guest: true, reason: 'guest-shutdown' }), exits(null)],
          may: true,
        },
        machine: 'primary',
        actor: 'main loop',
      },
    ],
    expect: ['a primary ends and nobody has ended it'],
  },
  {
    id: 43,
    name: 'A secondary aborts when it enters COLO.',
    cite: 'commit 2cc637f1ea08, "migration/colo: Fix bdrv_graph_rdlock_main_loop: Assertion"',
    affected: { since: '8.2', until: '9.0' },
    in: every,
    edits: [
      {
        change: 'become the secondary',
        to: { does: { secondary: 'starting', incoming: 'active', link: 'up ~> cut' }, says: [exits(null)] },
      },
    ],
    expect: ['a secondary ends in COLO and nobody has ended it'],
  },
  {
    id: 45,
    name: 'x-colo with return-path breaks COLO: "RP: Received invalid message".',
    cite: 'a run of 7.2.22',
    affected: { until: '10.2' },
    in: ['11.1'],
    edits: [
      ...gone('end the return path of the migration'),
      ...back('open a way back of its own', 'take the secondary for a broken return path'),
    ],
    expect: ['a primary asks for a checkpoint'],
  },
  {
    id: 46,
    name: 'A primary whose guest TCG runs freezes in one of its first checkpoints, its monitor with it.',
    cite: 'runs of 7.2.22 and 10.0.13',
    affected: { until: '10.2' },
    in: ['10.2', '11.1'],
    edits: [
      ...gone('send the whole state', 'abort on waiting for a vCPU without the lock'),
      ...back(
        'let the lock go before the memory',
        'send the memory without the lock',
        'take the lock unawares by waiting for a vCPU',
      ),
    ],
    expect: ['a checkpoint gives the big lock back'],
  },
]
