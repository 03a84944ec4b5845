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
  {
    id: 'precopy-bad-address-leaves-failed',
    cases: ['precopy/bad-address/1', 'precopy/bad-address/2', 'precopy/bad-address/3'],
    versions: ['7.2'],
    shows: 'messages',
    claim: 'a migrate that is refused for its address leaves failed behind',
    reason: 'Until 8.1 setup is stored before the address is read, and failed when it cannot be.',
    witness: 'MIGRATION setup, MIGRATION failed, and only then the error; query-migrate says failed without error-desc',
  },
  {
    id: 'precopy-stopped-guest-in-postmigrate',
    cases: ['switchover/cancel/3'],
    versions: ['7.2'],
    shows: 'messages',
    claim: 'a guest that did not run is left in postmigrate by a migration that did not complete',
    reason:
      'Until 8.0 what the guest did before is forgotten at the switchover: one that did not run is left in postmigrate.',
    witness: 'stop, migrate, migrate_cancel in pre-switchover: query-status says postmigrate',
  },
  {
    id: 'switchover-two-guests',
    cases: ['switchover/cancel/4'],
    versions: ['7.2', '10.0', '10.2', '11.1'],
    shows: 'messages',
    claim: 'two guests run though nobody continued one by hand',
    reason:
      'The destination has the whole stream and starts the guest; the word of it is lost, and the source takes the guest back.',
    witness: 'both sides say running after the link was cut in device',
  },
  {
    id: 'precopy-cancel-before-connection-freezes',
    cases: ['precopy/cancel/10'],
    versions: ['10.0', '10.2', '11.1'],
    shows: 'freeze',
    claim: 'the monitor comes back after a cancel',
    reason:
      'The cancel finds no channel to shut; the clean-up then joins the thread of a return path that nobody shuts.',
    witness: 'migrate and migrate_cancel in one write: cancelling is announced, and no answer in band comes any more',
    sometimes: true,
  },
  {
    id: 'postcopy-migrate-aborts-destination',
    cases: ['postcopy/migrate/2'],
    versions: ['11.1'],
    shows: 'abort',
    claim: 'a destination in postcopy aborts when it is told to migrate',
    reason: 'migrate_prepare() registers the yank instance with error_abort, and the incoming migration has it.',
    witness: 'SIGABRT on the destination, "duplicate yank instance"; the guest is lost',
  },
  {
    id: 'postcopy-migrate-leaves-setup',
    cases: ['postcopy/migrate/2'],
    versions: ['7.2', '10.0', '10.2'],
    shows: 'messages',
    claim: 'a migrate that is refused in postcopy changes the status all the same',
    reason: 'migrate_init() stores setup before the yank instance is refused, and nobody takes it back.',
    witness: 'MIGRATION setup from the destination, and then the error',
  },
  {
    id: 'colo-last-mode',
    cases: ['colo/*'],
    versions: ['7.2', '10.0', '10.2', '11.1'],
    shows: 'messages',
    claim: 'while COLO runs, last-mode is another than mode',
    reason: 'last_colo_mode is stored by colo_do_failover() alone.',
    witness: 'query-colo-status in COLO: mode primary, last-mode none',
    sometimes: true,
  },
  {
    id: 'colo-on-one-side-aborts',
    cases: ['colo/one-side/2'],
    versions: ['11.1'],
    shows: 'abort',
    claim: 'a destination set to COLO aborts',
    reason: 'There is no return path where the source did not ask for one: assertion mis->to_src_file.',
    witness: 'the source has completed, the destination dies of SIGABRT, and both have lost the guest',
  },
  {
    id: 'snapshot-prelaunch-aborts',
    cases: ['snapshot/prelaunch/1'],
    versions: ['7.2', '10.0', '10.2', '11.1'],
    shows: 'abort',
    claim: 'a snapshot of a guest that has not been started aborts QEMU',
    reason: 'vm_stop_force_state(paused) of a guest in prelaunch is no transition that there is.',
    witness: 'SIGABRT, "invalid runstate transition: prelaunch -> paused"',
    // In 7.2 it aborts as well, and the transcript has another explanation.
    sometimes: true,
  },
  {
    id: 'snapshot-starts-stopped-guest',
    cases: ['snapshot/complete/4'],
    versions: ['7.2'],
    shows: 'messages',
    claim: 'a snapshot starts a guest that was stopped',
    reason: 'bg_migration_vm_start_bh() starts the guest whatever it did before.',
    witness: 'stop, migrate: RESUME, and query-status says running',
  },
]
