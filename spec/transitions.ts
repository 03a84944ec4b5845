/**
 * Every pair of run states that `runstate_set()` allows: `runstate_transitions_def[]` of each release.
 *
 * A pair that is not here ends the process: `runstate_set()` says "invalid
 * runstate transition" and calls `abort()`.  That a pair is here does not mean
 * that anything takes it: `why` says for those that no rule takes what stands in the way,
 * and a test sees to it that each pair has either a rule or a `why`.
 * Where that changed with a release, a pair stands here once for each time.
 *
 * Reverse debugging of a recorded run allows `shutdown` to `running` besides.
 */
import type { runStates } from './run-state.ts'

type RunState = (typeof runStates)[number]

/** One allowed pair, in one span of releases. */
export interface Transition {
  readonly from: RunState
  readonly to: RunState
  /** The first release that allows it, or of which the rest is true; none where that is older than 7.2. */
  readonly since?: string
  /** The last release of which `why` is true. */
  readonly until?: string
  /** Why no rule takes it. */
  readonly why?: string
  /** How it comes about, and with which events: what was asked in 2018 of the pairs around `colo`. */
  readonly answer?: string
}

const pair = (from: RunState, to: RunState, more: Omit<Transition, 'from' | 'to'> = {}): Transition => ({
  from,
  to,
  ...more,
})

const accelerator = 'Only an accelerator other than TCG, or a damaged recording, leads to internal-error.'
const debuggers = 'Only a debugger leads to debug, and the rules of migration leave debuggers out.'
const woken = 'The source wakes a suspended guest before it stops it, so that it finds it running.'
const untold = 'A source never says that its guest was in this state, for a migration of one is refused.'

/** All of them, in the order of the source. */
export const transitions: readonly Transition[] = [
  pair('debug', 'running'),
  pair('debug', 'finish-migrate', { why: debuggers }),
  pair('debug', 'prelaunch'),
  pair('debug', 'suspended'),

  pair('inmigrate', 'internal-error', { why: accelerator }),
  pair('inmigrate', 'io-error'),
  pair('inmigrate', 'paused'),
  pair('inmigrate', 'running'),
  pair('inmigrate', 'shutdown'),
  pair('inmigrate', 'suspended', { until: '8.2', why: woken }),
  pair('inmigrate', 'suspended', { since: '9.0' }),
  pair('inmigrate', 'watchdog'),
  pair('inmigrate', 'guest-panicked'),
  pair('inmigrate', 'finish-migrate', {
    why: 'A source says so only if it begins a migration in finish-migrate, where a failed one leaves it that cannot have its disks back.',
  }),
  pair('inmigrate', 'prelaunch'),
  pair('inmigrate', 'postmigrate', { why: untold }),
  pair('inmigrate', 'colo', {
    why: 'The secondary is set running when it enters COLO, before its first checkpoint, and a failover stops only a guest that runs.',
    answer:
      'Nothing takes it: the COLO thread of the secondary calls vm_start() before it takes a checkpoint, with RESUME, so that a checkpoint finds it running.',
  }),

  pair('internal-error', 'paused', { why: accelerator }),
  pair('internal-error', 'finish-migrate', { why: accelerator }),
  pair('internal-error', 'prelaunch'),

  pair('io-error', 'running'),
  pair('io-error', 'finish-migrate'),
  pair('io-error', 'prelaunch'),

  pair('paused', 'running'),
  pair('paused', 'finish-migrate'),
  pair('paused', 'postmigrate', {
    why: 'A completed migration leaves a guest in finish-migrate until it is set to postmigrate; nothing pauses it in between.',
  }),
  pair('paused', 'prelaunch'),
  pair('paused', 'colo', {
    answer:
      'A checkpoint of either side finds its guest stopped by hand.  There is no STOP, for the guest does not run; the end of the checkpoint sets it running, with RESUME, whatever the operator wanted.',
  }),
  pair('paused', 'suspended', { since: '9.0' }),

  pair('postmigrate', 'running'),
  pair('postmigrate', 'finish-migrate', {
    why: 'A guest that was paused due to a previous migration is not migrated.',
  }),
  pair('postmigrate', 'prelaunch'),

  pair('prelaunch', 'running'),
  pair('prelaunch', 'finish-migrate'),
  pair('prelaunch', 'inmigrate', {
    why: '-incoming takes it while the options are read; there is no monitor yet to see it.',
  }),
  pair('prelaunch', 'suspended', { since: '9.0' }),

  pair('finish-migrate', 'running'),
  pair('finish-migrate', 'paused', {
    until: '8.0',
    why: 'A migration that fails or is cancelled leaves a guest that did not run in postmigrate.',
  }),
  pair('finish-migrate', 'paused', { since: '8.1' }),
  pair('finish-migrate', 'postmigrate'),
  pair('finish-migrate', 'prelaunch', {
    until: '8.0',
    why: 'A migration that fails or is cancelled leaves a guest that did not run in postmigrate, and a reset leaves finish-migrate alone.',
  }),
  pair('finish-migrate', 'prelaunch', { since: '8.1' }),
  pair('finish-migrate', 'colo', {
    why: 'The primary is set running when it enters COLO, before its first checkpoint, and a failover stops only a guest that runs.',
    answer:
      'Nothing takes it: the COLO thread of the primary calls vm_start() before it takes a checkpoint, with RESUME, which leads from finish-migrate to running.',
  }),
  pair('finish-migrate', 'internal-error', { since: '8.1', why: accelerator }),
  pair('finish-migrate', 'io-error', { since: '8.1' }),
  pair('finish-migrate', 'shutdown', { since: '8.1' }),
  pair('finish-migrate', 'suspended', { since: '8.1', until: '8.2', why: woken }),
  pair('finish-migrate', 'suspended', { since: '9.0' }),
  pair('finish-migrate', 'watchdog', { since: '8.1' }),
  pair('finish-migrate', 'guest-panicked', { since: '8.1' }),

  pair('restore-vm', 'running'),
  pair('restore-vm', 'prelaunch'),
  pair('restore-vm', 'suspended', { since: '9.0' }),

  pair('colo', 'running', {
    answer:
      'A checkpoint of either side, or a failover, ends: vm_start(), with RESUME.  Until 10.2 `cont` in a checkpoint does it too.',
  }),
  pair('colo', 'prelaunch'),
  pair('colo', 'shutdown', {
    why: 'A shutdown, and the end of the process, stop only a guest that runs; one in colo stays there.',
  }),

  pair('running', 'debug'),
  pair('running', 'internal-error'),
  pair('running', 'io-error'),
  pair('running', 'paused'),
  pair('running', 'finish-migrate'),
  pair('running', 'restore-vm'),
  pair('running', 'save-vm'),
  pair('running', 'shutdown'),
  pair('running', 'watchdog'),
  pair('running', 'guest-panicked'),
  pair('running', 'colo', {
    answer:
      'A checkpoint of either side begins (the primary by its timer or when its packets differ, the secondary when it is asked), or a failover stops the guest: vm_stop_force_state(), with STOP.',
  }),
  pair('running', 'suspended'),

  pair('save-vm', 'running'),
  pair('save-vm', 'suspended', { since: '9.0' }),

  pair('shutdown', 'paused'),
  pair('shutdown', 'finish-migrate'),
  pair('shutdown', 'prelaunch'),
  pair('shutdown', 'colo', {
    answer:
      'A checkpoint finds a guest that has shut itself down under -no-shutdown.  There is no STOP; the end of the checkpoint sets it running, with RESUME.',
  }),

  pair('suspended', 'running'),
  pair('suspended', 'finish-migrate', { until: '8.2', why: woken }),
  pair('suspended', 'finish-migrate', { since: '9.0' }),
  pair('suspended', 'prelaunch'),
  pair('suspended', 'colo', {
    answer:
      'A checkpoint finds the guest suspended.  Until 8.2 there is no STOP, and the end of the checkpoint sets it running, with RESUME, though nothing woke it; since 9.0 there is a STOP, and the end of the checkpoint, after its RESUME, aborts: it wants the guest suspended again, and runstate_set() knows no way there from colo.',
  }),
  pair('suspended', 'paused', { since: '9.0' }),
  pair('suspended', 'save-vm', { since: '9.0' }),
  pair('suspended', 'restore-vm', { since: '9.0' }),
  pair('suspended', 'shutdown', { since: '9.0' }),

  pair('watchdog', 'running'),
  pair('watchdog', 'finish-migrate'),
  pair('watchdog', 'prelaunch'),
  pair('watchdog', 'colo', {
    answer:
      'A checkpoint finds the guest stopped by its watchdog.  There is no STOP; the end of the checkpoint sets it running, with RESUME.',
  }),

  pair('guest-panicked', 'running'),
  pair('guest-panicked', 'finish-migrate'),
  pair('guest-panicked', 'prelaunch'),
]
