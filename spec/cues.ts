/**
 * Sentences that a reference endpoint behaves by: what goes wrong, and when.
 *
 * Each stands for lines of a smaller language, which may be written as well:
 *
 *     take RULE [once|N times]        wherever it may be taken, before others
 *     avoid RULE                      never
 *     allow RULE                      as if nothing had been said of it
 *     fault NAME [at SIDE], cut, kill SIDE
 *     send COMMAND [{ARGUMENTS}] to SIDE
 *     when VARIABLE is VALUE [for the Nth time]: any of these
 *     after RULE [for the Nth time]: any of these
 *
 * A rule is named as `lockstep list rules` has it, with its side or without.
 */

/** A sentence and what it stands for. */
export interface Sentence {
  /** As it is written; `{status}` stands for a status of the side that it speaks of. */
  readonly sentence: string
  /** What comes of it. */
  readonly about: string
  readonly lines: readonly string[]
  /** The first release that can do it. */
  readonly since?: string
  /** The last release that can do it. */
  readonly until?: string
}

/** Every sentence. */
export const sentences: readonly Sentence[] = [
  {
    sentence: 'fail the first recovery',
    about: 'The link is cut again as soon as the destination is in postcopy-recover; the next recovery is left alone.',
    lines: ['when dst.incoming is postcopy-recover for the 1st time: cut'],
  },
  {
    sentence: 'fail every recovery',
    about: 'The link is cut again each time that the destination is in postcopy-recover.',
    lines: ['when dst.incoming is postcopy-recover: cut'],
  },
  {
    sentence: 'fail to connect for the first recovery',
    about: 'The first migrate with resume reaches nobody, though somebody listens.',
    lines: ['take src/fail-to-connect-again once', 'take src/fail-to-connect-again-without-a-word once'],
  },
  {
    sentence: 'lose the heartbeat while loading',
    about:
      'A secondary that is between its own state and the next one is told that the primary is lost: the failover is put off until it has loaded.',
    lines: [
      'when dst.secondary is loading for the 1st time: avoid dst/run-on-the-new-state',
      'when dst.secondary is loading for the 1st time: send x-colo-lost-heartbeat to dst',
      'after dst/put-off-the-failover-while-loading: allow dst/run-on-the-new-state',
    ],
  },
  {
    sentence: 'lose the heartbeat between checkpoints',
    about: 'A primary that is between two checkpoints is told that the secondary is lost.',
    lines: ['when src.colo is looping for the 1st time: send x-colo-lost-heartbeat to src'],
  },
  {
    sentence: 'lose the heartbeat in a checkpoint',
    about: 'A primary that has stopped its guest for a checkpoint is told that the secondary is lost.',
    lines: ['when src.colo is stopped for the 1st time: send x-colo-lost-heartbeat to src'],
  },
  {
    sentence: 'die in {status}',
    about: 'The source is killed as soon as it is in that status.',
    lines: ['when src.migration is {status} for the 1st time: kill src'],
  },
  {
    sentence: 'kill the destination in {status}',
    about: 'The destination is killed as soon as it is in that status.',
    lines: ['when dst.incoming is {status} for the 1st time: kill dst'],
  },
  {
    sentence: 'cut the link in {status}',
    about: 'The connection breaks as soon as the source is in that status, the first time.',
    lines: ['when src.migration is {status} for the 1st time: cut'],
  },
  {
    sentence: 'cancel in {status}',
    about: 'Somebody else sends migrate_cancel to the source as soon as it is in that status, the first time.',
    lines: ['when src.migration is {status} for the 1st time: send migrate_cancel to src'],
  },
  {
    sentence: 'fail to listen',
    about: 'No migrate-incoming succeeds.',
    lines: [
      'take dst/fail-to-listen',
      'take dst/fail-to-listen-to-stay-after-an-error',
      'take dst/fail-to-listen-and-have-said-setup',
    ],
  },
  {
    sentence: 'fail to connect',
    about: 'No migrate reaches anybody, though somebody listens.',
    lines: ['take src/fail-to-connect', 'take src/fail-to-connect-at-once'],
  },
  {
    sentence: 'fail to load',
    about: 'The destination cannot read what it is sent.',
    lines: ['take dst/fail-to-load-the-stream', 'take dst/fail-to-load-the-stream-and-exit'],
  },
  {
    sentence: 'fail to load a checkpoint',
    about: 'The secondary cannot load the state of the primary.',
    lines: ['take dst/fail-to-load-the-state'],
  },
  {
    sentence: 'never switch over',
    about: 'The source stays active until somebody cancels, or switches to postcopy.',
    lines: [
      'avoid src/stop-the-guest-for-the-switchover',
      'avoid src/stop-a-suspended-guest-for-the-switchover',
      'avoid src/pause-before-the-switchover-of-a-guest-in-running',
    ],
  },
]
