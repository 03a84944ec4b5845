/**
 * What a release is known to do in a case though a claim forbids it: the
 * conformance run expects it there, finds it without waiting, and says so when
 * it does not come any more.
 *
 * An entry names the claim that is broken, which says in which releases it is;
 * an entry that is not `sometimes` is seen each time, and a pass is then news:
 * somebody has fixed QEMU, or the entry is wrong.
 */

/** A deviation that is known of some cases, in some releases. */
export interface Deviation {
  /** `section-what`: names it in reports. */
  readonly id: string
  /** Ids of cases; `*` stands for anything. */
  readonly cases: readonly string[]
  readonly versions: readonly string[]
  /** How it shows: a monitor that never answers again, a process that aborts, or what was said and answered. */
  readonly shows: 'freeze' | 'abort' | 'messages'
  /** The name of the claim that it breaks. */
  readonly claim: string
  /** What happens inside, in a sentence. */
  readonly reason: string
  /** What real binaries were seen to do. */
  readonly witness: string
  /** It is a race: a pass is no news. */
  readonly sometimes?: true
}

/** Every deviation that is known of a case. */
export const deviations: readonly Deviation[] = [
  {
    id: 'colo-checkpoint-freezes',
    cases: ['colo/*'],
    versions: ['7.2', '10.0'],
    shows: 'freeze',
    claim: 'a checkpoint gives the big lock back',
    reason:
      'The primary waits for its vCPU, which takes the lock and keeps it; vm_start() then waits for the lock in the same thread, and so does the main loop.',
    witness: 'STOP and no RESUME; no answer in band, while query-yank out of band is answered',
    sometimes: true,
  },
  {
    id: 'colo-checkpoint-aborts',
    cases: ['colo/*'],
    versions: ['10.2'],
    shows: 'abort',
    claim: 'QEMU aborts at a checkpoint',
    reason: 'The same wait is an assertion there, in bql_update_status().',
    witness: 'the source dies of SIGABRT at one of its first checkpoints',
    sometimes: true,
  },
]
