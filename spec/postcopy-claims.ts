/** What is claimed of postcopy, of its recovery, and of those who connect without being asked. */
import { always, between, from, upTo } from './broken.ts'
import { incomingStatuses } from './destination.ts'
import { claimsOf, each } from './lang.ts'
import { announcing } from './observers.ts'
import { migrationStatuses } from './run-state.ts'
import { cuts, postcopy, postcopyEnds, strangers } from './systems.ts'

const watched = { said: [...migrationStatuses, 'again'], heard: [...incomingStatuses, 'again'] } as const
const ofPostcopy = claimsOf(postcopy, watched)
const ofStrangers = claimsOf(strangers, watched)
const ofEnds = claimsOf(postcopyEnds)

const srcServes = { 'src.vm': 'running', 'src.process': 'alive' } as const
const dstServes = { 'dst.vm': 'running', 'dst.process': 'alive' } as const
const srcGone = { 'src.process': 'gone' } as const
const dstGone = { 'dst.process': 'gone' } as const
const settled = { 'src.thread': 'none', 'src.process': 'alive' } as const
const continued = ['src: continue a stopped guest', 'dst: continue a stopped guest'] as const
const kills = ['src: be killed', 'dst: be killed'] as const

/** What is claimed of one migration with postcopy. */
export const postcopyClaims = [
  ofPostcopy.never(
    'the source runs its guest again while the destination runs it in postcopy',
    { ...srcServes, ...dstServes, 'dst.listen': '!none' },
    {
      without: continued,
      broken: {
        '10.0':
          'A channel that breaks when the last page is sent is a failure and no pause: the source starts the guest that the destination is running.',
        '10.2':
          'The same at the end, and in postcopy-device: the word that the devices are loaded is lost, and the source takes the guest back.',
        '11.1':
          'The same at the end, and in postcopy-device: the word that the devices are loaded is lost, and the source takes the guest back.',
      },
    },
  ),
  ofPostcopy.never(
    'migrate-pause gives the guest back to the source',
    { ...srcServes, ...dstServes, 'dst.listen': '!none' },
    {
      without: [...continued, ...cuts, ...kills],
      broken: from(
        '10.0',
        'While the source waits for the destination to say that it has every page, migrate-pause shuts the channel, and that is a failure: failed, and the guest runs on both sides.',
      ),
      seen: {
        '10.0': '10.0.13: 8 of 8',
        '10.2': '10.2.2: 8 of 8',
        '11.1': '11.1.3: 8 of 8, with the destination held back by a proxy',
      },
    },
  ),
  ofPostcopy.never(
    'a broken channel alone loses the guest: the source is paused for a destination that is gone',
    {
      'src.migration': 'postcopy-paused',
      ...dstGone,
      'dst.vm': ['inmigrate', 'running'],
      'dst.coroutine': ['unpacking', 'starting', 'done'],
      'dst.listen': ['failed', 'over'],
    },
    {
      without: [
        ...kills,
        'dst: crash because the recovery breaks while recovering',
        'dst: crash because the recovery breaks while told',
      ],
      broken: {
        ...upTo(
          '10.0',
          'The source is in postcopy-active as soon as the package is sent; when the channel breaks before the destination has loaded it, the destination exits.',
        ),
        ...from(
          '10.2',
          'The destination has said that its devices are loaded and does not run yet: the source goes over to postcopy-active and pauses, the destination fails and exits. A narrow gap.',
        ),
      },
      seen: { '7.2': '7.2.22: recover-cut-after-30, each time', '10.0': '10.0.13: recover-pause-rp, each time' },
    },
  ),
  ofPostcopy.never(
    'a recovery that breaks ends a destination that was only paused',
    [
      { ...dstGone, 'dst.listen': ['suspended', 'recovering', 'told'] },
      { ...dstGone, 'dst.incoming': 'postcopy-recover' },
    ],
    {
      without: kills,
      broken: {
        '7.2':
          'postcopy_pause_incoming() only knows postcopy-active: in postcopy-recover it closes the channel, does not wait, and the next read crashes.',
        '10.2':
          'Whoever connects is asked for four bytes first; when the connection breaks before they come, the destination fails and exits.',
        '11.1':
          'Whoever connects is asked for four bytes first; when the connection breaks before they come, the destination fails and exits.',
      },
    },
  ),
  ofPostcopy.never(
    'a recovery ends the source that attempts it',
    { ...srcGone, 'src.migration': 'postcopy-recover' },
    {
      without: kills,
      broken: upTo(
        '7.2',
        'Where the thread of the return path is slow to see the connection broken, it lets go of the one that migrate has made for the recovery, and reads from none.',
      ),
      seen: { '7.2': '7.2.22: SIGSEGV in 1 of 300 recoveries on a busy machine' },
    },
  ),
  ofPostcopy.never(
    'a recovery is attempted and no status says so',
    { 'src.resuming': 'connecting', 'src.migration': 'postcopy-paused' },
    {
      broken: {
        '7.2':
          'Until 9.0 the source stays in postcopy-paused until it is connected: an attempt that fails is not seen at all.',
      },
      seen: { '7.2': '7.2.22: recover-dead-tcp and recover-dead-unix, each time' },
    },
  ),
  ofPostcopy.recovers(
    'a postcopy that is paused on both sides can be completed',
    {
      'src.migration': 'postcopy-paused',
      'src.process': 'alive',
      'dst.incoming': 'postcopy-paused',
      'dst.process': 'alive',
    },
    { 'src.migration': 'completed' },
    {
      broken: upTo(
        '7.2',
        'A recovery that breaks leaves the source in postcopy-recover for ever, and crashes the destination.',
      ),
      seen: { '7.2': '7.2.22: 26 runs' },
    },
  ),
  ofPostcopy.leadsTo(
    'a recovery whose link is cut does not stay a recovery',
    { 'src.migration': 'postcopy-recover', link: 'cut' },
    [{ 'src.migration': '!postcopy-recover' }, srcGone],
    {
      broken: upTo(
        '7.2',
        'The thread of the return path waits for another recovery and wakes nobody: postcopy-recover for ever, and migrate-pause is refused there.',
      ),
      seen: { '7.2': '7.2.22: 26 runs' },
    },
  ),
  ofPostcopy.rests('a paused postcopy waits for ever for somebody who recovers it', {
    'src.migration': 'postcopy-paused',
    'dst.incoming': 'postcopy-paused',
    'src.process': 'alive',
    'dst.process': 'alive',
  }),
  ofPostcopy.leadsTo(
    'postcopy-device is left by itself',
    { 'src.migration': 'postcopy-device' },
    [{ 'src.migration': '!postcopy-device' }, srcGone],
    {
      broken: {
        '10.2':
          'A source that has sent everything waits for the word that the devices are loaded; when the channel breaks, nobody wakes it, and a cancel is refused.',
      },
    },
  ),
  ofPostcopy.leadsTo(
    'a postcopy whose last page is sent comes to an end',
    { 'src.thread': 'completing' },
    [{ 'src.thread': '!completing' }, srcGone],
    {
      broken: {
        '7.2':
          'When the channel breaks then, the thread of the return path waits for a recovery, and the migration thread for that thread: postcopy-active for ever.',
      },
    },
  ),
  ofPostcopy.never(
    'a guest that was stopped on the source runs on the destination after a postcopy',
    { 'src.was': 'paused', 'dst.vm': 'running', 'dst.listen': '!none' },
    {
      without: continued,
      broken: always(
        'loadvm_postcopy_handle_run_bh() looks at autostart only, and not at what the guest did: a paused guest is started.',
      ),
      seen: {
        '7.2': '7.2.22: postcopy-complete-paused-guest, each time',
        '10.0': '10.0.13: postcopy-complete-paused-guest, each time',
        '10.2': '10.2.2: postcopy-complete-paused-guest, each time',
        '11.1': '11.1.3: postcopy-complete-paused-guest, each time',
      },
    },
  ),
  ofPostcopy.never(
    'the destination has announced setup and is not in it',
    { heard: 'setup', 'dst.incoming': ['none', 'postcopy-paused'] },
    {
      observers: [announcing('dst', 'heard', incomingStatuses)],
      broken: {
        '7.2':
          'qemu_start_incoming_migration() sends the event and stores nothing: query-migrate says nothing after migrate-incoming, and postcopy-paused after migrate-recover.',
      },
      seen: { '7.2': '7.2.22: every migrate-incoming and every migrate-recover' },
    },
  ),
  ofPostcopy.leadsTo(
    'a cancel of a paused postcopy leads to cancelled',
    { 'src.migration': 'cancelling', 'src.thread': 'suspended' },
    [{ 'src.migration': 'cancelled' }, srcGone],
    {
      broken: { '7.2': 'Nobody wakes the thread that waits for a recovery: cancelling for ever.' },
      seen: { '7.2': '7.2.22: paused-cancel, each time' },
    },
  ),
  ofPostcopy.never(
    'a postcopy is cancelled, and with it the guest is lost',
    { 'src.migration': 'cancelled', 'src.vm': 'postmigrate', 'dst.incoming': ['postcopy-active', 'postcopy-paused'] },
    {
      broken: { '7.2': 'Until 9.2 migrate_cancel is accepted in postcopy, when neither side has the whole guest.' },
      seen: { '7.2': '7.2.22: postcopy-cancel, each time' },
    },
  ),
  ofEnds.never(
    'a source in postcopy aborts when it is told to quit',
    {},
    {
      rule: 'src: abort on pausing a postcopy that is cancelled',
      broken: upTo(
        '11.1',
        'quit stores cancelling and shuts the channel; the thread that finds it broken asserts that the status is still postcopy-active.',
      ),
      seen: { '11.1': '11.1.3: postcopy/quit/1, 1 of 9' },
    },
  ),
  ofEnds.never(
    'a destination in postcopy aborts when it is told to migrate',
    {},
    {
      rule: 'dst: abort on a migration of a guest that is not wholly here',
      broken: {
        '11.1':
          'migrate_prepare() registers the yank instance with error_abort, and the incoming migration has it: "duplicate yank instance".',
      },
      seen: { '11.1': '11.1.3: postcopy-probe-dst and paused-probe-dst, each time' },
    },
  ),
  ofEnds.never(
    'a migrate that is refused in postcopy changes the status all the same',
    {},
    {
      rule: 'dst: refuse a migration of a guest that is not wholly here',
      broken: upTo(
        '10.2',
        'migrate_init() stores setup before the yank instance is refused, and nobody takes it back.',
      ),
      seen: {
        '7.2': '7.2.22: postcopy-probe-dst, each time',
        '10.0': '10.0.13: postcopy-probe-dst, each time',
        '10.2': '10.2.2: postcopy-probe-dst, each time',
      },
    },
  ),
  ofPostcopy.never('the source completes a postcopy before the destination does', {
    'src.migration': 'completed',
    'dst.listen': ['listening', 'suspended', 'recovering', 'told'],
  }),
  ofPostcopy.never(
    'once a postcopy is over, the last status announced is not the status it has',
    each(
      migrationStatuses.filter(status => status !== 'none'),
      status => ({ ...settled, 'src.migration': status, said: `!${status}` }) as const,
    ),
    {
      observers: [announcing('src', 'said', migrationStatuses)],
      without: ['src: cancel once more'],
      broken: upTo('10.2', 'failed is stored, a migrate is refused and says setup, and only then failed is said.'),
    },
  ),
  ofPostcopy.never(
    'the destination in postcopy has a status that it did not announce',
    each(
      ['postcopy-device', 'postcopy-active', 'postcopy-paused', 'postcopy-recover', 'completed'] as const,
      status => ({ 'dst.incoming': status, heard: `!${status}` }) as const,
    ),
    {
      observers: [announcing('dst', 'heard', incomingStatuses)],
      broken: {
        '10.2':
          'A connection of the recovery that is lost is said to be failed, and what is stored is not the incoming status.',
        '7.2': 'After migrate-recover setup is the last word of a destination in postcopy-paused.',
      },
      seen: { '7.2': '7.2.22: every migrate-recover' },
    },
  ),
  ofEnds.never(
    'a cancel that succeeds does nothing: a destination cannot cancel',
    { 'dst.incoming': ['active', 'postcopy-active', 'postcopy-paused'] },
    {
      rule: 'dst: find nothing to cancel',
      broken: always(
        'migrate_cancel looks at the outgoing migration only; on a destination it succeeds in every status and changes nothing.',
      ),
      seen: {
        '7.2': '7.2.22: postcopy-cancel-dst, paused-cancel-dst',
        '10.0': '10.0.13: postcopy-cancel-dst, paused-cancel-dst',
        '10.2': '10.2.2: postcopy-cancel-dst, paused-cancel-dst',
        '11.1': '11.1.3: postcopy-cancel-dst, paused-cancel-dst',
      },
    },
  ),
  ...each(
    ['postcopy-device', 'postcopy-active', 'postcopy-paused', 'postcopy-recover-setup', 'postcopy-recover'] as const,
    status =>
      ofPostcopy.sometimes(
        `a source comes to ${status}`,
        { 'src.migration': status },
        {
          broken:
            status === 'postcopy-device'
              ? upTo('10.0', 'The status came with 10.2.')
              : status === 'postcopy-recover-setup'
                ? upTo('7.2', 'The status came with 9.1.')
                : {},
        },
      ),
  ),
  ...each(['postcopy-active', 'postcopy-paused', 'postcopy-recover-setup', 'postcopy-recover'] as const, status =>
    ofPostcopy.recovers(
      `a source can leave ${status} while its destination lives`,
      {
        'src.migration': status,
        'src.process': 'alive',
        'dst.process': 'alive',
        'dst.incoming': ['postcopy-active', 'postcopy-paused'],
        'dst.listen': ['listening', 'suspended'],
        'src.thread': '!completing',
      },
      { 'src.migration': ['completed'] },
      {
        broken:
          status === 'postcopy-paused' || status === 'postcopy-recover'
            ? upTo('7.2', 'A recovery that breaks leaves the source in postcopy-recover for ever.')
            : {},
      },
    ),
  ),
] as const

/** What is claimed about those who connect to a destination and are not its source. */
export const strangerClaims = [
  ofStrangers.never(
    'the monitor waits for what a stranger has to say',
    { 'dst.mainLoop': 'peeking' },
    {
      broken: from(
        '10.2',
        'migration_channel_read_peek() waits in the main loop for four bytes of whoever has connected: until they come, or the stranger leaves, no command is answered.',
      ),
      seen: { '10.2': '10.2.2: incoming-stray-held, each time', '11.1': '11.1.3: incoming-stray-held, each time' },
    },
  ),
  ofStrangers.never(
    'a stranger ends a destination that nobody has migrated to',
    { ...dstGone, 'dst.coroutine': ['none', 'done'], 'dst.listen': 'none', link: 'down' },
    {
      without: ['dst: abort on an RDMA address without a port to listen on'],
      broken: always('Whoever connects is taken for the source; when it leaves or talks nonsense, QEMU exits.'),
      seen: {
        '7.2': '7.2.22: incoming-stray, incoming-garbage',
        '10.0': '10.0.13: incoming-stray, incoming-garbage',
        '10.2': '10.2.2: incoming-stray, incoming-garbage',
        '11.1': '11.1.3: incoming-stray, incoming-garbage',
      },
    },
  ),
  ofStrangers.never(
    'a stranger ends a guest that waits for its recovery',
    { ...dstGone, 'dst.coroutine': 'done', 'dst.listen': ['suspended', 'failed'], 'dst.calling': 'no' },
    {
      without: ['connect again'],
      broken: {
        '7.2': 'The stranger is taken for the source; when it leaves, the destination crashes as on any second break.',
        '10.2': 'A stranger who leaves before the fourth byte makes the destination exit: the guest is lost.',
        '11.1': 'A stranger who leaves before the fourth byte makes the destination exit: the guest is lost.',
      },
      seen: { '11.1': '11.1.3: recover-resume-wrong-peer, each time' },
    },
  ),
  ofStrangers.never(
    'the source has completed and its destination is gone',
    {
      'src.vm': 'postmigrate',
      ...dstGone,
      'dst.coroutine': 'done',
      'dst.leak': 'yes',
    },
    {
      without: cuts,
      broken: from(
        '10.2',
        'With exit-on-error off a stranger leaves a socket registered with the yank instance; the destination that then takes the guest aborts: "QLIST_EMPTY(&entry->yankfns)".',
      ),
      seen: { '10.2': '10.2.2: 1 of 1', '11.1': '11.1.3: noexit-stray and noexit-garbage, each time' },
    },
  ),
  ofStrangers.never(
    'a guest runs whose incoming migration is said to have failed',
    [
      { ...dstServes, 'dst.incoming': 'failed', 'dst.listen': 'none' },
      { ...dstServes, 'dst.migration': 'failed' },
    ],
    {
      broken: from(
        '10.2',
        'The socket still listens after a stranger has made the migration fail; the next source brings the guest, and the status stays failed.',
      ),
      seen: { '11.1': '11.1.3: noexit-stray, each time' },
    },
  ),
  ofStrangers.never(
    'a destination fails as a source',
    { 'dst.migration': 'failed' },
    {
      broken: between(
        '10.2',
        '10.2',
        'migration_channel_process_incoming() stores failed into the state of the outgoing migration, which there is not; the incoming one stays in setup.',
      ),
      seen: { '10.2': '10.2.2: incoming-stray, each time' },
    },
  ),
] as const

/** What is claimed of an end in postcopy. */
export const postcopyEndClaims = [
  ofEnds.leadsTo('quit ends a source in postcopy', { 'src.quitting': 'asked' }, srcGone),
  ofEnds.leadsTo('quit ends a destination in postcopy', { 'dst.quitting': 'asked' }, dstGone, {
    broken: always(
      'vm_shutdown() waits for every vCPU, and one that waits for a page of a source that does not send any more never stops.',
    ),
    seen: { '11.1': '11.1.3: paused-cancel and paused-quit-src, about every second time' },
  }),
  ofEnds.leadsTo('stop is answered in postcopy', { 'dst.mainLoop': 'pausing' }, [{ 'dst.mainLoop': 'free' }, dstGone], {
    broken: always('pause_all_vcpus() waits, in the main loop, for a vCPU that waits for a page.'),
  }),
] as const
