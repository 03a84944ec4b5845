/**
 * The cases of the conformance suite: what is done to a pair of QEMUs, until when.
 *
 * A case says what to do and not what is right: rules and claims say that, of
 * whatever came.  A guest here has no disk and no network device, and it is held
 * in a place by what anybody can set: `max-bandwidth` keeps a migration
 * `active`, `x-checkpoint-delay` keeps COLO between checkpoints.
 */
import { stopped } from './run-state.ts'
import {
  type Act,
  announced,
  asks,
  awaits,
  type Capability,
  type Case,
  type Hold,
  kill,
  outOfBand,
  pause,
  refused,
  type Side,
  send,
} from './script.ts'

const both = ['src', 'dst'] as const

/** How the source comes to its switchover, whatever the guest does, in any release. */
const switchover = [
  'stop-the-guest-for-the-switchover',
  'stop-a-suspended-guest-for-the-switchover',
  'wake-a-suspended-guest-for-the-switchover',
  ...stopped.flatMap(was => [
    `hand-over-a-guest-in-${was}`,
    `hand-over-a-guest-in-${was}-cancelled-or-not`,
    `hand-over-a-guest-in-${was}-then-find-a-cancel`,
    `pause-before-the-switchover-of-a-guest-in-${was}`,
  ]),
]

/** How parameters hold a reference endpoint, which has no bandwidth and no clock; what it owes is never held. */
export const holds: readonly Hold[] = [
  { parameter: 'max-bandwidth', least: 1, most: 1_000_000, rules: switchover },
  {
    parameter: 'x-checkpoint-delay',
    least: 10_000,
    most: Number.MAX_SAFE_INTEGER,
    rules: ['let-the-checkpoint-delay-pass'],
  },
]

/** What a sound network, a free address and a vCPU that is done in time rule out, in any release. */
export const failures = [
  'fail-to-listen',
  'fail-to-listen-to-stay-after-an-error',
  'fail-to-listen-and-have-said-setup',
  'fail-to-listen-for-the-recovery',
  'fail-to-listen-for-the-recovery-and-have-said-setup',
  'fail-to-open-what-was-named',
  'fail-at-once-to-open-what-was-named',
  'fail-to-load-the-stream',
  'fail-to-load-the-stream-and-exit',
  'fail-to-load-the-state',
  'fail-to-load-the-state-and-let-the-lock-go',
  'fail-to-start-the-replication-of-the-disks',
  'fail-to-start-the-replication-of-the-disks-on-the-primary',
  'fail-to-checkpoint-the-disks',
  'fail-to-set-up-a-snapshot',
  'wait-for-a-device-to-be-unplugged',
  'wait-for-devices-to-be-unplugged-before-a-snapshot',
  'have-a-multifd-channel-fail',
  'have-a-multifd-channel-end-the-migration',
  'have-a-vcpu-wait-for-a-page',
  'connect-to-where-nobody-answers',
  'take-the-lock-unawares-by-waiting-for-a-vcpu',
  'fail-to-send-the-memory-and-take-the-lock-unawares',
  'abort-on-waiting-for-a-vcpu-without-the-lock',
] as const

/** Where a source tries to reach its destination: which rules have it fail, where somebody listens and where nobody does. */
export const calls = {
  /** Not where somebody listens. */
  refused: [
    'fail-to-connect',
    'fail-to-connect-at-once',
    'fail-to-connect-again',
    'fail-to-connect-again-without-a-word',
  ],
  /** Only where somebody listens who is not waiting for a recovery. */
  inVain: ['connect-again-in-vain'],
} as const

const listen = send('dst', 'migrate-incoming', { uri: '{uri}' })
const migrate = send('src', 'migrate', { uri: '{uri}' })

/** An idle guest of 64 MiB is some 600 KiB to send: at this rate it takes a quarter of a minute. */
const slow = send('src', 'migrate-set-parameters', { 'max-bandwidth': 40_000 })
/** 0 is as fast as can be. */
const fast = send('src', 'migrate-set-parameters', { 'max-bandwidth': 0 })

/** A migration that stays `active`. */
const heldActive: readonly Act[] = [listen, slow, migrate, announced('src', 'active'), announced('dst', 'active')]

const everything = ['query-status', 'query-migrate', 'query-colo-status'] as const
const snapshot = (...sides: readonly Side[]): Act[] => sides.flatMap(at => everything.map(query => asks(at, query)))

/** Since COLO needs a return path at all, it needs it on both sides; before, it fails with one. */
const inColo: readonly Capability[] = ['events', 'x-colo', { name: 'return-path', since: '11.0' }]

const checkpointDelay = (ms: number): Act => send('src', 'migrate-set-parameters', { 'x-checkpoint-delay': ms })

/** A checkpoint, as the primary shows it; it takes a few milliseconds. */
const checkpoint: readonly Act[] = [awaits('src', 'STOP', {}, 5), awaits('src', 'RESUME', {}, 5)]

/** A pair in COLO with one checkpoint behind it. */
const replicating: readonly Act[] = [
  checkpointDelay(150),
  listen,
  migrate,
  announced('dst', 'colo'),
  announced('src', 'colo'),
  awaits('src', 'RESUME'),
  ...checkpoint,
]

/** No further checkpoint for a while, after the one that setting the delay makes at once. */
const noMoreCheckpoints = checkpointDelay(60_000)

const yank = (at: Side): Act => outOfBand(at, 'yank', { instances: [{ type: 'migration' }] })

/** Every case, in the order in which they are run. */
export const cases: readonly Case[] = [
  {
    id: 'precopy/complete/1',
    quick: true,
    description: 'Migrates a running guest to a destination that listens, and looks at both sides on the way.',
    expectation:
      'The source announces setup, active, device and completed and stops its guest; the destination announces setup, active and completed and runs it.',
    sides: both,
    capabilities: ['events'],
    script: [
      ...snapshot('src', 'dst'),
      ...heldActive,
      ...snapshot('src', 'dst'),
      fast,
      announced('src', 'completed'),
      announced('dst', 'completed'),
    ],
  },
  {
    id: 'precopy/dead-address/1',
    quick: true,
    description: 'Migrates to an address where nobody listens.',
    expectation: 'The source announces setup, failing and failed, says why, and its guest has never stopped.',
    sides: ['src'],
    capabilities: ['events'],
    script: [send('src', 'migrate', { uri: '{dead}' }), announced('src', 'failed')],
  },
  {
    id: 'precopy/cancel/1',
    quick: true,
    description: 'Cancels a migration while it is active.',
    expectation:
      'The source announces cancelling and cancelled and its guest has never stopped; the destination announces failed.',
    sides: both,
    capabilities: ['events'],
    script: [...heldActive, pause(0.2), send('src', 'migrate_cancel'), announced('src', 'cancelled')],
  },
  {
    id: 'precopy/destination-killed/1',
    quick: true,
    description: 'Kills the destination while the migration is active.',
    expectation: 'The source announces failing and failed, says why, and its guest has never stopped.',
    sides: both,
    capabilities: ['events'],
    script: [...heldActive, pause(0.2), kill('dst'), announced('src', 'failed')],
  },
  {
    id: 'colo/checkpoints/1',
    quick: true,
    // Quitting in the middle of COLO is a case of its own: it may hang.
    end: 'kill',
    description: 'Enters COLO, lets three checkpoints pass, and asks both sides how they are meanwhile.',
    expectation: 'Both sides stay in colo; each checkpoint is one STOP and one RESUME on each, and nothing else.',
    sides: both,
    capabilities: inColo,
    script: [
      ...replicating,
      ...snapshot('src', 'dst'),
      ...checkpoint,
      ...snapshot('dst', 'src'),
      ...checkpoint,
      noMoreCheckpoints,
    ],
  },
  {
    id: 'colo/failover-primary/1',
    quick: true,
    description: 'Kills the secondary and tells the primary that the heartbeat is lost.',
    expectation: 'The primary announces completed and one COLO_EXIT, leaves COLO, and its guest runs on.',
    sides: both,
    capabilities: inColo,
    script: [
      ...replicating,
      pause(0.3),
      kill('dst'),
      pause(0.3),
      send('src', 'x-colo-lost-heartbeat'),
      awaits('src', 'MIGRATION', { status: 'completed' }),
      asks('src', 'query-status', { running: true }),
      refused('src', 'x-colo-lost-heartbeat'),
    ],
  },
  {
    id: 'colo/failover-secondary/1',
    quick: true,
    end: 'kill',
    description:
      'Yanks the connection at the secondary and tells it that the heartbeat is lost, while the primary lives.',
    expectation: 'The secondary announces completed and one COLO_EXIT, leaves COLO, and its guest runs on.',
    sides: both,
    capabilities: inColo,
    script: [
      ...replicating,
      pause(0.3),
      yank('dst'),
      pause(0.1),
      send('dst', 'x-colo-lost-heartbeat'),
      awaits('dst', 'MIGRATION', { status: 'completed' }),
      asks('dst', 'query-status', { running: true }),
      refused('dst', 'x-colo-lost-heartbeat'),
    ],
  },
  {
    id: 'colo/heartbeat-outside/1',
    quick: true,
    description:
      'Tells both sides that the heartbeat is lost though they are not in COLO, before and during a migration.',
    expectation: 'Each refuses with GenericError, and nothing changes: the migration completes.',
    sides: both,
    capabilities: ['events'],
    script: [
      refused('src', 'x-colo-lost-heartbeat'),
      refused('dst', 'x-colo-lost-heartbeat'),
      ...heldActive,
      refused('src', 'x-colo-lost-heartbeat'),
      refused('dst', 'x-colo-lost-heartbeat'),
      fast,
      announced('src', 'completed'),
      announced('dst', 'completed'),
    ],
  },
]
