/**
 * The cases of the conformance suite: what is done to a pair of QEMUs, until when.
 *
 * A case says what to do and not what is right: rules and claims say that, of
 * whatever came.  A guest here has no disk and no network device, and it is held
 * in a place by what anybody can set: `max-bandwidth` keeps a migration
 * `active`, `x-checkpoint-delay` keeps COLO between checkpoints.
 */

import { alone } from './cases/alone.ts'
import { colo } from './cases/colo.ts'
import { guests } from './cases/guest.ts'
import { multifd } from './cases/multifd.ts'
import { postcopy } from './cases/postcopy.ts'
import { precopy } from './cases/precopy.ts'
import { rare } from './cases/rare.ts'
import { recovery } from './cases/recovery.ts'
import { settings } from './cases/settings.ts'
import { snapshot } from './cases/snapshot.ts'
import { stoppedGuests } from './cases/stopped.ts'
import { switchover as pausing } from './cases/switchover.ts'
import { stopped } from './run-state.ts'
import type { Case, Hold } from './script.ts'

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
    `pause-before-the-switchover-of-a-guest-in-${was}-without-the-lock`,
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
  'have-a-vcpu-wait-for-a-page-with-the-lock',
  'connect-to-where-nobody-answers',
  'take-the-lock-unawares-by-waiting-for-a-vcpu',
  'fail-to-send-the-memory-and-take-the-lock-unawares',
  'abort-on-waiting-for-a-vcpu-without-the-lock',
  'abort-on-a-lock-that-was-taken-unawares',
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

/**
 * What `--quick` runs besides the cases that say so of themselves: each notices something that
 * the others do not, as bugs that were put into a QEMU have shown (docs/seeded.md).
 */
export const alsoQuick: readonly string[] = [
  'precopy/again/1',
  'precopy/bad-address/6',
  'precopy/capability-refused/2',
  'precopy/retry/5',
  'switchover/continue/3',
  'switchover/cancel/3',
  'switchover/stop/1',
  'switchover/reset/1',
  'switchover/yank/1',
  'multifd/cut/2',
  'multifd/once-it-listens/1',
  'postcopy/refused/2',
  'postcopy/switchover/2',
  'postcopy/stays/1',
  'postcopy/paused/12',
  'recovery/bad-address/3',
  'recovery/broken/2',
  'snapshot/complete/4',
  'alone/snapshot/1',
  'alone/turn/2',
  'stopped/complete/3',
  'stopped/complete/4',
  'colo/bare-failover/4',
  'colo/without-return-path/1',
  'command/cont-in-pre-switchover/1',
  'command/yank-in-none/1',
  'command/yank-in-completed/1',
  'fault/stray-in-setup/1',
]

/** A case as `--quick` has it. */
export const asQuick = (one: Case): Case => (alsoQuick.includes(one.id) ? { ...one, quick: true } : one)

const all: readonly Case[] = [
  ...precopy,
  ...pausing,
  ...multifd,
  ...postcopy,
  ...recovery,
  ...snapshot,
  ...guests,
  ...alone,
  ...settings,
  ...stoppedGuests,
  ...rare,
  ...colo,
]

/** Every case, in the order in which they are run. */
export const cases: readonly Case[] = all.map(asQuick)
