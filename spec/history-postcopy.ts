/** Bugs of postcopy and of its recovery. */
import { type Bug, back, gone } from './past.ts'
import { announces } from './run-state.ts'

const every = ['7.2', '10.0', '10.2', '11.1'] as const
const later = ['10.0', '10.2', '11.1'] as const
const pausable = ['postcopy-paused', 'postcopy-recover-setup', 'postcopy-recover'] as const

/** Rows 5, 12 and 25 to 32. */
export const postcopyBugs: readonly Bug[] = [
  {
    id: 5,
    name: 'A cancel in postcopy is accepted, and neither side has the whole guest.',
    cite: '<20250214203159.30168-14-farosas@suse.de>, "migration: Reject qmp_migrate_cancel after postcopy"',
    affected: { since: '2.5', until: '9.2' },
    in: later,
    edits: [...gone('refuse to cancel in postcopy'), ...back('cancel the postcopy')],
    expect: ['a migration is cancelled that has gone over to postcopy'],
  },
  {
    id: 12,
    name: 'A destination that is told to recover says setup and stays in postcopy-paused.',
    cite: 'commit 4dd5f7b8d568, "migration: Cleanup incoming migration setup state change"',
    affected: { until: '9.0' },
    in: later,
    edits: [
      ...gone('listen for the recovery', 'fail to listen for the recovery'),
      ...back('listen for the recovery, and say setup', 'fail to listen for the recovery, and have said setup'),
    ],
    expect: ['the destination has announced setup and is not in it'],
  },
  {
    id: 25,
    name: 'A recovery that cannot connect says nothing at all.',
    cite: 'commit 21e89f7ad526, "migration/postcopy: Add postcopy-recover-setup phase"',
    affected: { since: '3.0', until: '9.0' },
    in: later,
    edits: [
      ...gone('set out to recover', 'fail to connect again', 'take the new connection'),
      ...back(
        'set out to recover without a word',
        'set out to recover once more',
        'fail to connect again without a word',
        'take the new connection while still paused',
      ),
    ],
    expect: ['a recovery is attempted and no status says so', 'a source comes to postcopy-recover-setup'],
  },
  {
    id: 26,
    name: 'A link that dies while a recovery is agreed upon leaves the source in postcopy-recover.',
    cite: 'commit f8c543e808f2, "migration: Allow network to fail even during recovery", rhbz 2111332',
    affected: { since: '3.0', until: '8.1' },
    in: later,
    edits: [
      ...gone(
        'pause again while syncing',
        'pause again while synced',
        'pause again while asked',
        'pause again while handshaking',
        'pause the postcopy',
        'find no postcopy to pause',
      ),
      ...back(
        'ask in vain which pages have been received',
        'tell nobody to resume',
        'pause the active postcopy',
        'fail to pause what is broken already',
        'find no active postcopy to pause',
      ),
    ],
    expect: [
      'a recovery whose link is cut does not stay a recovery',
      'a postcopy that is paused on both sides can be completed',
    ],
  },
  {
    id: 28,
    name: 'A channel that breaks in postcopy with another error than EIO is a failure: the guest is lost.',
    cite: 'commit d5c8f2afe866, "migration: Enlarge postcopy recovery to capture !-EIO too"',
    affected: { since: '3.0', until: '6.2' },
    in: every,
    edits: [
      {
        change: 'find the channel broken in postcopy',
        to: {
          where: { migration: undefined },
          does: { thread: 'streaming -> finishing', migration: 'postcopy-active -> failed' },
          says: [announces('failed')],
        },
      },
    ],
    expect: ['a source can leave postcopy-active while its destination lives'],
  },
  {
    id: 31,
    name: 'A cancel of a paused postcopy, or in its recovery, is never finished.',
    cite: 'Fabiano Rosas, cover letter of 2 December 2024, "Make sure postcopy recovery doesn\'t hang when cancelling"',
    affected: { until: '9.2' },
    in: later,
    edits: [
      {
        change: 'refuse to cancel in postcopy',
        to: { where: { migration: ['postcopy-device', 'postcopy-active'] } },
      },
      { change: 'cancel the postcopy', to: { until: undefined, where: { migration: [...pausable] } } },
    ],
    expect: ['a cancel of a paused postcopy leads to cancelled'],
  },
  {
    id: 32,
    name: 'device is announced though nobody asked for a pause before the switchover.',
    cite: 'commit 48814111366b',
    affected: { since: '10.0' },
    in: ['7.2'],
    edits: [...gone('hand over the stopped guest, cancelled or not'), ...back('hand over the stopped guest')],
    expect: ['a switchover says device though nobody asked for a pause'],
  },
]
