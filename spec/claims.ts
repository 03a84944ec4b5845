/**
 * The contract: what a consumer of QMP may rely on.
 *
 * Rules describe; claims promise.  A claim that a version breaks names the
 * version and what happens there, and is held against it all the same: when
 * the claim begins to hold, somebody has fixed QEMU and this page must say so.
 */

import { always, between, from, upTo } from './broken.ts'
import { coherenceClaims } from './coherence-claims.ts'
import { incomingStatuses } from './destination.ts'
import { claimsOf, each, type Observer } from './lang.ts'
import { announcing } from './observers.ts'
import { postcopyClaims, postcopyEndClaims, strangerClaims } from './postcopy-claims.ts'
import { statusClaims } from './proposal-claims.ts'
import { migrationStatuses } from './run-state.ts'
import {
  alone,
  anyGuest,
  colo,
  coloQuit,
  coloStops,
  coloVcpu,
  cuts,
  ends,
  leftOut,
  lopsided,
  lopsidedSource,
  precopy,
  saved,
  setting,
  snapshots,
} from './systems.ts'

/** Counts the COLO_EXIT events of one side, up to two. */
const exits = (side: string, name: string): Observer => ({
  name,
  values: ['none', 'one', 'two'],
  follows: [
    { side, event: 'COLO_EXIT', moves: ['none -> one', 'one -> two'] },
    { side, event: 'MIGRATION', data: { status: 'setup' }, moves: ['-> none'] },
  ],
})

/** Remembers the reason of the last COLO_EXIT of one side. */
const reasons = (side: string, name: string): Observer => ({
  name,
  values: ['none', 'request', 'error'],
  follows: [
    { side, event: 'COLO_EXIT', data: { reason: 'request' }, moves: ['-> request'] },
    { side, event: 'COLO_EXIT', data: { reason: 'error' }, moves: ['-> error'] },
  ],
})

/** Remembers that `migrate_cancel` took effect: `cancelling` was announced since the last `setup`. */
/** Why a suspended guest ends either side of COLO. */
const suspendedAgain = from(
  '10.0',
  'Since 9.0 vm_start() has a guest that was suspended suspended again: "invalid runstate transition: colo -> suspended".',
)

/** What multifd does to a migration that the destination is done with. */
const arrived = ['sent', 'checked'].map(at => `have a multifd channel end a migration that has arrived and is ${at}`)

const cancels: Observer = {
  name: 'cancel',
  values: ['no', 'asked'],
  follows: [
    { side: 'src', event: 'MIGRATION', data: { status: 'cancelling' }, moves: ['-> asked'] },
    { side: 'src', event: 'MIGRATION', data: { status: 'setup' }, moves: ['-> no'] },
    { side: 'src', event: 'MIGRATION', data: { status: 'cancelled' }, moves: ['-> no'] },
  ],
}

const src = [...migrationStatuses, 'again'] as const
const dst = [...incomingStatuses, 'again'] as const
const watched = {
  said: src,
  heard: dst,
  exits: ['none', 'one', 'two'],
  reason: ['none', 'request', 'error'],
  cancel: ['no', 'asked'],
} as const

const ofSetting = claimsOf(setting)
const ofPrecopy = claimsOf(precopy, watched)
const ofColo = claimsOf(colo, watched)
const ofQuit = claimsOf(ends, watched)
const ofColoQuit = claimsOf(coloQuit, watched)
const ofLopsided = claimsOf(lopsided, watched)
const ofSourceOnly = claimsOf(lopsidedSource)
const ofVcpu = claimsOf(coloVcpu)
const ofSnapshots = claimsOf(snapshots)
const ofGuest = claimsOf(alone)
const ofStops = claimsOf(coloStops)
const ofJobs = claimsOf(saved)
const ofAnyGuest = claimsOf(anyGuest)
const ofLeftOut = claimsOf(leftOut)

const srcServes = { 'src.vm': 'running', 'src.process': 'alive' } as const
const dstServes = { 'dst.vm': 'running', 'dst.process': 'alive' } as const
const srcGone = { 'src.process': 'gone' } as const
const continued = ['src: continue a stopped guest', 'dst: continue a stopped guest'] as const
/** A source whose migration is over, with nothing left to announce or to clean up. */
const settled = { 'src.thread': 'none', 'src.process': 'alive' } as const

/** What is claimed of a precopy migration. */
export const precopyClaims = [
  ofPrecopy.never(
    'two guests run though nobody continued one by hand',
    { ...srcServes, ...dstServes },
    {
      without: continued,
      broken: always(
        'A cancel in device, after the destination has the whole stream, gives the guest back to the source while the destination starts it too.',
      ),
      seen: { '11.1': '11.1.3: 28 of 28 cancels in device with the destination held back by SIGSTOP' },
    },
  ),
  ofPrecopy.never(
    'two guests run though nobody cancelled, cut the link or continued one by hand',
    { ...srcServes, ...dstServes },
    {
      without: [
        ...continued,
        'src: cancel the migration',
        'src: shut the return path to cancel',
        ...cuts,
        // A claim of its own is about these.
        ...arrived.map(rule => `src: ${rule}`),
      ],
    },
  ),
  ofPrecopy.leadsTo(
    'a cancel leads to cancelled',
    { cancel: 'asked', 'src.migration': 'cancelling' },
    [{ 'src.migration': 'cancelled' }, srcGone],
    {
      observers: [cancels],
      broken: {
        '7.2':
          'A migrate that is sent on seeing failed stores setup over it and is refused; a cancel of that is never finished.',
        ...from(
          '10.0',
          'completed is stored over cancelling when the cancel comes after the last check, and failing is when it comes while a failure is being announced.',
        ),
      },
    },
  ),
  ofPrecopy.leadsTo(
    'a cancel leads to an end of some kind',
    { 'src.migration': 'cancelling' },
    [{ 'src.migration': ['cancelled', 'completed', 'failed'] }, srcGone],
    {
      broken: {
        ...upTo(
          '7.2',
          'A migrate that is sent on seeing failed or completed stores setup over it and is refused; the clean-up of the first finds setup, and nobody finishes a cancel.',
        ),
        '11.1': 'With a return path and before the connection is made: the clean-up joins a thread that nobody ends.',
      },
    },
  ),
  ofPrecopy.never(
    'a cancelled migration completes on the destination',
    { 'src.migration': 'cancelled', 'dst.incoming': 'completed' },
    {
      broken: always('The source tells nobody that it gave up; a destination that has the whole stream completes.'),
      seen: { '11.1': '11.1.3: 28 of 28, as above' },
    },
  ),
  ofPrecopy.never(
    'an event announces a status that was announced already',
    { said: 'again' },
    {
      observers: [announcing('src', 'said', migrationStatuses)],
      broken: always(
        'A second migrate_cancel while cancelling stores cancelling over cancelling and announces it again.',
      ),
      seen: { '11.1': '11.1.3: each time, by a second migrate_cancel or a quit while cancelling' },
    },
  ),
  ofPrecopy.never(
    'an event announces twice what the destination is',
    { heard: 'again' },
    {
      observers: [announcing('dst', 'heard', incomingStatuses)],
      broken: {
        '7.2': 'Every migrate-incoming that is refused has said setup.',
        '10.2':
          'A connection that is lost before the stream is failed once more each time, and stored into the other status.',
      },
    },
  ),
  ofPrecopy.never(
    'once a migration is over, the last status announced is not the status it has',
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
  ofPrecopy.never(
    'the destination has a status that it did not announce',
    each(
      incomingStatuses.filter(status => status !== 'none'),
      status => ({ 'dst.incoming': status, heard: `!${status}` }) as const,
    ),
    {
      observers: [announcing('dst', 'heard', incomingStatuses)],
      broken: {
        '10.2':
          'The failed that is said of a lost connection is not the status of the incoming migration, which stays in setup.',
      },
    },
  ),
  ofPrecopy.never(
    'announcements come in another order than the changes they announce',
    {
      'src.migration': 'cancelling',
      said: ['active', 'failing'],
      'src.thread': ['iterating', 'finishing'],
      'src.saying': 'nothing',
      'src.mainLoop': 'free',
    },
    {
      observers: [announcing('src', 'said', migrationStatuses)],
      without: ['src: cancel once more'],
      broken: always(
        'migrate_set_state() stores first and announces after; a cancel fits in between, and active is announced after cancelling.',
      ),
      seen: { '11.1': '11.1.3: once in 72,451 pairs of events: cancelling, active, cancelled' },
    },
  ),
  ofPrecopy.never(
    'a source that failed or was cancelled is left in the switchover',
    {
      ...settled,
      'src.migration': ['failed', 'cancelled'],
      'src.vm': 'finish-migrate',
    },
    {
      broken: upTo(
        '10.2',
        'A migrate between completed and the end of the thread stores setup; the thread finds a status that it does not know and leaves the guest in finish-migrate.',
      ),
    },
  ),
  ofPrecopy.leadsTo(
    'a running guest that the destination never got runs on at the source',
    { 'src.migration': 'failing', 'src.was': 'running', 'dst.incoming': '!completed' },
    [{ 'src.vm': 'running' }, { 'src.vm': ['paused', 'postmigrate'] }, srcGone],
  ),
  ofPrecopy.leadsTo('failing leads to failed or cancelled', { 'src.migration': 'failing' }, [
    { 'src.migration': ['failed', 'cancelled'] },
    srcGone,
  ]),
  ofPrecopy.recovers(
    'after a migration has failed or was cancelled, a new one can be begun',
    { ...settled, 'src.migration': ['failed', 'cancelled'] },
    { 'src.migration': 'setup' },
    {
      by: ['src: monitor'],
      broken: upTo(
        '10.2',
        'The guest that was left in finish-migrate cannot be continued, and cannot be migrated for setup.',
      ),
    },
  ),
  ofPrecopy.never(
    'QEMU aborts',
    {},
    {
      rule: 'src: abort on a migration begun before the last one is cleaned up',
      broken: {
        '11.1':
          'completed is announced before the guest is in postmigrate and the yank instance given back; a migrate in between is accepted and aborts: "duplicate yank instance".',
      },
      seen: { '11.1': '11.1.3: 4 of 30 migrates sent on seeing completed' },
    },
  ),
  ofPrecopy.never(
    'an address that cannot be read aborts QEMU',
    {},
    {
      rule: 'src: abort on an RDMA address without a port',
      broken: from(
        '10.0',
        'migrate_uri_parse() frees the address inside a larger object when inet_parse() fails: "free(): invalid pointer" for migrate rdma:x.',
      ),
      seen: { '10.2': '10.2.2: 1 of 1', '11.1': '11.1.3: 2 of 2, and as often with migrate-incoming' },
    },
  ),
  ofPrecopy.leadsTo(
    'the monitor comes back after a cancel',
    { 'src.mainLoop': 'joining' },
    [{ 'src.mainLoop': 'free' }, srcGone],
    {
      broken: from(
        '10.0',
        'A cancel that comes before the connection shuts nothing; the clean-up then joins the thread of a return path that nobody shuts.',
      ),
      seen: { '11.1': '11.1.3: 1 of 2 cancels sent right behind migrate, with return-path' },
    },
  ),
  ofPrecopy.never(
    'a migrate that is refused changes the status all the same',
    {},
    {
      rule: 'src: refuse a migration begun before the last one is cleaned up',
      broken: upTo(
        '10.2',
        'migrate_init() stores setup before the yank instance is refused, and nobody takes it back.',
      ),
    },
  ),
  ofPrecopy.never(
    'a migrate that is refused for its address leaves failed behind',
    {},
    {
      rule: 'src: fail for an address that cannot be read',
      broken: upTo('7.2', 'Until 8.1 the address is read after setup has been stored.'),
      seen: { '7.2': '7.2.22: each time' },
    },
  ),
  ofPrecopy.never(
    'a source is in setup and nobody migrates',
    { ...settled, 'src.migration': 'setup' },
    {
      broken: upTo(
        '10.2',
        'A migrate between failed or completed and the clean-up is refused, and setup stays: every other migrate is refused from then on.',
      ),
    },
  ),
  ofPrecopy.never(
    'a guest that did not run is left in postmigrate by a migration that did not complete',
    {
      ...settled,
      'src.migration': ['failed', 'cancelled'],
      'src.vm': 'postmigrate',
      'src.was': ['prelaunch', 'paused'],
    },
    {
      broken: upTo(
        '7.2',
        'Until 8.0 a guest that did not run ends in postmigrate, and cannot be migrated again until it is continued.',
      ),
      seen: { '7.2': '7.2.22: each time' },
    },
  ),
  ofPrecopy.never(
    'a cancelled migration says cancelled before it is cleaned up',
    { 'src.migration': 'cancelled', 'src.thread': ['connecting', 'starting', 'finishing'] },
    {
      broken: between(
        '10.0',
        '10.2',
        'A cancel before the connection is finished on the spot; the connection goes on being made, and a migration thread is started for it.',
      ),
    },
  ),
  ofPrecopy.sometimes(
    'a failed migration says failing first',
    { 'src.migration': 'failing' },
    {
      broken: upTo(
        '10.2',
        'The status came with 11.0: until then failed is said while the guest is still being given back.',
      ),
    },
  ),
  ofPrecopy.sometimes(
    'a switchover says device though nobody asked for a pause',
    { 'src.migration': 'device', 'src.pause-before-switchover': 'off' },
    { broken: upTo('7.2', 'Until 9.2 only pause-before-switchover leads to device.') },
  ),
  ...each(
    [
      'setup',
      'wait-unplug',
      'active',
      'pre-switchover',
      'device',
      'completed',
      'failed',
      'cancelling',
      'cancelled',
    ] as const,
    status => ofPrecopy.sometimes(`a source comes to ${status}`, { 'src.migration': status }),
  ),
  ...each(['setup', 'wait-unplug', 'active', 'pre-switchover', 'device', 'cancelling'] as const, status =>
    ofPrecopy.recovers(
      `a source can leave ${status}`,
      { 'src.migration': status, 'src.process': 'alive' },
      { 'src.migration': ['completed', 'failed', 'cancelled'] },
      status === 'setup'
        ? { broken: upTo('7.2', 'The setup that a refused migrate leaves behind has no migration that could end.') }
        : status === 'cancelling'
          ? { broken: upTo('7.2', 'The cancelling that follows a setup left behind has nobody who would clean up.') }
          : {},
    ),
  ),
  ofPrecopy.never('the destination says that it cancels', {
    'dst.migration': ['cancelling', 'cancelled', 'failing'],
    'dst.incoming': ['setup', 'active', 'failed'],
  }),
  ofPrecopy.rests('a source may wait for ever before the switchover', {
    'src.migration': 'pre-switchover',
    'src.go': 'no',
    'src.process': 'alive',
  }),
  ofPrecopy.rests('a source that lost its destination before the switchover says nothing until it is continued', {
    'src.migration': 'pre-switchover',
    link: 'cut',
    'src.process': 'alive',
  }),
  ofPrecopy.sometimes('the destination completes before the source does', {
    'dst.incoming': 'completed',
    'src.migration': 'device',
    'src.return-path': 'off',
  }),
  ofPrecopy.never('with a return path the source completes before the destination', {
    'src.return-path': 'on',
    'src.migration': 'completed',
    'dst.incoming': 'active',
  }),
  ofPrecopy.sometimes('a source completes though its destination never does', {
    'src.return-path': 'off',
    'src.migration': 'completed',
    'dst.incoming': 'failed',
  }),
] as const

/** What is claimed of a pair in COLO. */
export const coloClaims = [
  ofColo.never(
    'both sides serve alone though the operator told at most one',
    {
      ...srcServes,
      ...dstServes,
      'src.migration': 'completed',
      'dst.incoming': 'completed',
      'src.lastMode': 'primary',
      'dst.lastMode': 'secondary',
    },
    { without: ['dst: accept a lost heartbeat on the secondary'] },
  ),
  ofColo.sometimes('after one side has failed over the other still runs', {
    ...srcServes,
    ...dstServes,
    'src.migration': 'completed',
    'dst.incoming': 'colo',
    'dst.secondary': 'exiting',
  }),
  ofColo.leadsTo(
    'a cancel leads to cancelled',
    { 'src.migration': 'cancelling' },
    [{ 'src.migration': 'cancelled' }, srcGone],
    {
      broken: {
        '7.2': 'A migrate in COLO is refused and stores setup; a cancel of that is never finished.',
        ...from(
          '10.0',
          'In COLO nobody releases the COLO thread after a cancel: the status stays cancelling until the process ends.',
        ),
      },
      seen: { '11.1': '11.1.3: 36 of 36, still so after 10 s' },
    },
  ),
  ofColo.rests('a cancel in COLO is never finished', {
    'src.migration': 'cancelling',
    'src.colo': 'exiting',
    'src.process': 'alive',
  }),
  ofColo.leadsTo(
    'an accepted lost heartbeat ends COLO on the primary',
    { 'src.half': 'scheduled' },
    [{ 'src.migration': 'completed' }, srcGone],
    {
      broken: always(
        'A heartbeat accepted before the COLO thread has called failover_init_state() is forgotten, and a cancel that comes first takes COLO away.',
      ),
    },
  ),
  ofColo.leadsTo(
    'an accepted lost heartbeat ends COLO on the secondary',
    { 'dst.half': 'scheduled' },
    [{ 'dst.incoming': 'completed' }, { 'dst.process': 'gone' }],
    {
      broken: always('A heartbeat accepted before the COLO thread has called failover_init_state() is forgotten.'),
    },
  ),
  ofColo.never(
    'COLO_EXIT is said twice for one exit of the primary',
    { exits: 'two' },
    {
      observers: [exits('src', 'exits')],
    },
  ),
  ofColo.never(
    'COLO_EXIT is said twice for one exit of the secondary',
    { exits: 'two' },
    { observers: [exits('dst', 'exits')] },
  ),
  ofColo.never(
    'once the primary runs alone, the query gives another reason than the event',
    {
      ...settled,
      'src.lastMode': 'primary',
      'src.migration': 'completed',
      'src.failover': 'completed',
      reason: 'error',
    },
    {
      observers: [reasons('src', 'reason')],
      broken: always(
        'The event says error when the thread looks before the bottom half is done; the query says request.',
      ),
      seen: { '11.1': '11.1.3: 32 of 157 failovers' },
    },
  ),
  ofColo.never(
    'once the secondary runs alone, the query gives another reason than the event',
    { 'dst.coroutine': 'done', 'dst.failover': 'completed', reason: 'error' },
    {
      observers: [reasons('dst', 'reason')],
      broken: always(
        'The event says error when the thread looks before the bottom half is done; the query says request.',
      ),
      seen: { '11.1': '11.1.3: whenever the link broke before the heartbeat came' },
    },
  ),
  ofColo.never(
    'COLO_EXIT says request though nobody asked',
    { reason: 'request' },
    {
      observers: [reasons('src', 'reason')],
      without: ['src: accept a lost heartbeat on the primary'],
    },
  ),
  ofColo.never("the secondary throws its state away before the whole of the primary's has arrived", {
    'dst.state': 'replacing',
    'dst.arrived': ['nothing', 'memory'],
  }),
  ofColo.never(
    'the secondary takes over on half a state',
    {
      'dst.incoming': 'completed',
      'dst.state': 'replacing',
      'dst.half': 'idle',
      'dst.coroutine': 'done',
    },
    {
      broken: always(
        'A load that fails leaves half a state, and a lost heartbeat is accepted after it: the guest is started on it.',
      ),
    },
  ),
  ofColo.rests('after an error the primary waits, still in COLO, for a lost heartbeat', {
    'src.colo': 'exiting',
    'src.migration': 'colo',
    'src.failover': 'none',
    'src.process': 'alive',
  }),
  ofColo.rests('after an error inside a checkpoint the primary waits with its guest stopped', {
    'src.colo': 'exiting',
    'src.migration': 'colo',
    'src.vm': 'colo',
    'src.failover': 'none',
    'src.process': 'alive',
  }),
  ofColo.never(
    'a primary waits for its next checkpoint with its guest stopped',
    {
      'src.colo': 'waiting',
      'src.migration': 'colo',
      'src.vm': 'colo',
      'src.failover': 'none',
      'src.process': 'alive',
    },
    {
      broken: always(
        'When the secondary is lost after the memory is sent, colo_do_checkpoint_transaction() answers 0: the guest stays stopped for up to x-checkpoint-delay, 20 s, before COLO_EXIT is said.',
      ),
      seen: { '11.1': '4 of 30 failovers' },
    },
  ),
  ofColo.rests('after an error inside a checkpoint the secondary waits with its guest stopped', {
    'dst.secondary': 'exiting',
    'dst.incoming': 'colo',
    'dst.vm': 'colo',
    'dst.failover': 'none',
    'dst.process': 'alive',
  }),
  ofColo.leadsTo(
    'a primary that has failed over comes to run its guest',
    { 'src.migration': 'completed', 'src.lastMode': 'primary', 'src.failover': 'completed' },
    [{ 'src.vm': 'running' }, { 'src.thread': 'none' }, srcGone],
  ),
  ofColo.leadsTo(
    'a secondary that has failed over comes to run its guest',
    { 'dst.incoming': 'completed', 'dst.failover': 'completed', 'dst.coroutine': ['joining', 'loaded'] },
    [{ 'dst.vm': 'running' }, { 'dst.process': 'gone' }],
  ),
  ofColo.never('the guest of a primary runs while its failover has it stopped', {
    'src.half': ['stopped', 'left', 'completed'],
    'src.vm': 'running',
  }),
  ofColo.sometimes('the query says that the failover is still going on', {
    'src.migration': 'colo',
    'src.failover': ['require', 'active'],
  }),
  ofColo.never(
    'QEMU aborts',
    {},
    {
      rule: 'src: abort on a migration begun before the last one is cleaned up',
      broken: {
        '11.1':
          'After a failover, completed is announced before the yank instance is given back; a migrate in between aborts.',
      },
      seen: { '11.1': '11.1.3: 9 of 25 migrates sent right behind x-colo-lost-heartbeat: the only guest left is lost' },
    },
  ),
] as const

/** What is claimed of COLO besides, of the versions before 11.0 above all. */
export const moreColoClaims = [
  ofColo.never(
    'a failover aborts the primary',
    {},
    {
      rule: 'src: abort on a failover before there are checkpoints',
      broken: always(
        'The status says colo before colo_process_checkpoint() has made the event that a failover sets: "ev->initialized".',
      ),
      seen: {
        '10.0': '10.0.13: 1 of 92 heartbeats sent on seeing colo',
        '10.2': '10.2.2: 2 of 80',
        '11.1': '11.1.3: 7 of 57',
      },
    },
  ),
  ofColo.never(
    'setting the checkpoint delay aborts the primary',
    {},
    {
      rule: 'src: abort on a checkpoint delay before there are checkpoints',
      broken: always('As a failover: the event that the new delay sets is not there yet.'),
      seen: { '11.1': '11.1.3: 1 of 6' },
    },
  ),
  ofColo.never(
    'a secondary is deaf while it receives the state',
    { 'dst.secondary': 'receiving', 'dst.bql': 'checkpoint' },
    {
      broken: upTo(
        '10.2',
        'The memory is received under the big lock: a primary that stalls silences the monitor of the secondary, the lost heartbeat included.',
      ),
      seen: { '7.2': '7.2.22: 1 of 1', '10.0': '10.0.13: 2 of 2', '10.2': '10.2.2: 1 of 1' },
    },
  ),
  ofVcpu.recovers(
    'a secondary whose failover was put off can take over',
    { 'dst.failover': 'relaunch', 'dst.secondary': ['leaving', 'exiting'], 'dst.process': 'alive' },
    { 'dst.incoming': 'completed' },
    {
      broken: always(
        'When the load fails that the failover was put off for, nobody asks again, and a second lost heartbeat is refused.',
      ),
      seen: { '11.1': '11.1.3: 6 of 40' },
    },
  ),
  ofColo.never('COLO comes back on a side that took over', { 'dst.coroutine': 'done', 'dst.incoming': 'colo' }),
  ofColo.leadsTo(
    'a cancel is noticed without a timer',
    { 'src.migration': 'cancelling', 'src.colo': 'waiting' },
    [{ 'src.colo': '!waiting' }, srcGone],
    {
      broken: always('The COLO thread sleeps until the next checkpoint is due; a cancel does not wake it.'),
      seen: {
        '10.0': '10.0.13: no COLO_EXIT within 3 s',
        '10.2': '10.2.2: no COLO_EXIT within 3 s',
        '11.1': '11.1.3: no COLO_EXIT within 3 s',
      },
    },
  ),
  ofVcpu.leadsTo(
    'a checkpoint gives the big lock back',
    { 'src.bql': 'checkpoint' },
    [{ 'src.bql': 'free' }, srcGone],
    {
      broken: upTo(
        '10.0',
        'The memory is sent without the lock; waiting for a vCPU there takes the lock and keeps it, and vm_start() then waits for it in the same thread: frozen.',
      ),
      seen: { '7.2': '7.2.22: 5 of 8', '10.0': '10.0.13: 3 of 8' },
    },
  ),
  ofVcpu.never(
    'QEMU aborts at a checkpoint',
    {},
    {
      rule: 'src: abort on waiting for a vCPU without the lock',
      broken: between('10.2', '10.2', 'The same wait is an assertion since 10.1 or 10.2: bql_update_status().'),
      seen: { '10.2': '10.2.2: 6 of 9' },
    },
  ),
  ofStops.never(
    'a guest that has panicked aborts the primary at its checkpoint',
    {},
    {
      rule: 'src: abort at the checkpoint of a guest that has stopped by itself',
      broken: always('"invalid runstate transition: guest-panicked -> colo".'),
      seen: { '7.2': '7.2.22: each time', '11.1': '11.1.3: each time' },
    },
  ),
  ofStops.never(
    'a suspended guest aborts the primary at its checkpoint',
    {},
    {
      rule: 'src: abort after the checkpoint of a suspended guest',
      broken: suspendedAgain,
    },
  ),
  ofStops.never(
    'a suspended guest aborts the secondary at its checkpoint',
    {},
    {
      rule: 'dst: abort on running on the new state of a suspended guest',
      broken: suspendedAgain,
      seen: { '11.1': '11.1.3: each time' },
    },
  ),
  ofStops.never(
    'a guest that has panicked aborts the secondary at its checkpoint',
    {},
    {
      rule: 'dst: abort at the checkpoint of a secondary that has stopped by itself',
      broken: always('"invalid runstate transition: guest-panicked -> colo".'),
      seen: { '11.1': '11.1.3: 1 of 1' },
    },
  ),
  ofSourceOnly.never(
    'a source set to COLO waits for a destination that is not',
    { 'src.migration': 'colo', 'dst.incoming': 'completed', 'dst.secondary': 'none' },
    {
      broken: from(
        '11.1',
        'Since 11.0 nothing in the stream says COLO: the destination completes and runs, the source is in colo.',
      ),
      seen: { '11.1': '11.1.3: 1 of 1' },
    },
  ),
] as const

/** What is claimed of the guest's own doings, and of what is done to it besides migrating. */
export const guestClaims = [
  ofGuest.never(
    'a guest can abort its QEMU',
    {},
    {
      rule: 'src: abort on stopping a suspended guest',
      broken: from(
        '10.0',
        'A disk error that is to stop the guest comes when it has just suspended: "invalid runstate transition: suspended -> io-error".',
      ),
      seen: { '10.0': '10.0.13: each time', '10.2': '10.2.2: each time', '11.1': '11.1.3: each time' },
    },
  ),
  ofJobs.never(
    'system_reset aborts QEMU',
    {},
    {
      rule: 'src: abort on a reset in a dump',
      broken: always(
        'While dump-guest-memory is at work the run state is save-vm: "invalid runstate transition: save-vm -> prelaunch".',
      ),
      seen: { '7.2': '7.2.22: each time', '10.0': '10.0.13: each time', '11.1': '11.1.3: each time' },
    },
  ),
  ...arrived.map((rule, i) =>
    ofAnyGuest.never(
      `multifd fails a migration that has arrived${i === 0 ? '' : ', when all is checked'}`,
      {},
      {
        rule: `src: ${rule}`,
        broken: upTo(
          '7.2',
          'The destination is done and hangs up while a channel is still at it: failed, and the guest runs on both sides.',
        ),
        ...(i === 0 && { seen: { '7.2': '7.2.22: 1 of 3 without a return path, on a busy machine' } }),
      },
    ),
  ),
  ofAnyGuest.never(
    'a suspended guest is woken by its migration',
    {},
    {
      rule: 'src: wake a suspended guest for the switchover',
      broken: upTo('7.2', 'Until 8.2 the switchover wakes the guest first.'),
      seen: { '7.2': '7.2.22: each time' },
    },
  ),
  ofAnyGuest.sometimes(
    'a suspended guest arrives suspended',
    { 'dst.vm': 'suspended' },
    { broken: upTo('7.2', 'It is woken before it leaves.') },
  ),
  ofLeftOut.never('a build without replication comes to COLO', {
    'src.replication': 'left out',
    'src.failover': '!none',
  }),
] as const

/** What is claimed of background snapshots. */
export const snapshotClaims = [
  ofSnapshots.never(
    'a snapshot of a guest that has not been started aborts QEMU',
    {},
    {
      rule: 'src: abort on a snapshot of a guest that cannot be paused',
      broken: always(
        'vm_stop_force_state(paused) of a guest in prelaunch: "invalid runstate transition: prelaunch -> paused".',
      ),
      seen: { '7.2': '7.2.22: 4 of 4', '10.0': '10.0.13: 4 of 4', '11.1': '11.1.3: 4 of 4' },
    },
  ),
  ofSnapshots.never(
    'a snapshot waits for a guest that was continued meanwhile',
    { 'src.snapshot': 'stopping', 'src.vm': 'running' },
    {
      broken: always(
        'pause_all_vcpus() lets the lock go while it waits; a cont that comes then has the vCPUs run on, and the snapshot stays active for ever.',
      ),
      seen: { '11.1': '11.1.3: snapshot/stop/1, where stop and cont come right behind active: 2 of 3' },
    },
  ),
  ofSnapshots.never(
    'a snapshot starts a guest that was stopped',
    {},
    {
      rule: 'src: start the guest after its devices are saved, whether it ran before or not',
      broken: upTo('7.2', 'bg_migration_vm_start_bh() starts the guest whatever it did before.'),
      seen: { '7.2': '7.2.22: 4 of 4' },
    },
  ),
  ofSnapshots.never(
    'a snapshot that did not complete silences the monitor',
    {},
    {
      rule: 'src: wait for ever, with the lock, to write to memory that stays protected',
      broken: upTo(
        '7.2',
        'Memory stays protected after a failure or a cancel; a vCPU that writes to it waits for ever with the big lock.',
      ),
      seen: { '7.2': '7.2.22: 13 of 22 after a reader went away' },
    },
  ),
  ofSnapshots.never(
    'a snapshot is over and the guest that ran is left paused',
    {
      'src.thread': 'none',
      'src.migration': ['completed', 'failed', 'cancelled'],
      'src.vm': 'paused',
      'src.was': 'running',
    },
    {
      broken: always(
        'What fails or is cancelled between the stop and the restart leaves the guest as the stop left it.',
      ),
    },
  ),
  ofSnapshots.sometimes('a snapshot completes and the guest runs on', {
    'src.migration': 'completed',
    'src.vm': 'running',
    'src.thread': 'none',
  }),
] as const

/** What is claimed of an end by `quit`, a signal or `yank`. */
export const quitClaims = [
  ofQuit.leadsTo('quit ends the process', { 'src.quitting': 'asked' }, srcGone, {
    broken: from(
      '10.0',
      'A main loop that joins the thread of a return path that nobody shuts does not come to the quit.',
    ),
  }),
  ofQuit.never('a source that quits once it has completed takes the guest with it', {
    ...srcGone,
    'src.migration': 'completed',
    'dst.incoming': 'failed',
  }),
  ofQuit.never(
    'two guests run after a quit',
    { ...srcServes, ...dstServes, 'src.quitting': '!no' },
    {
      without: [
        ...continued,
        'src: cancel the migration',
        'src: shut the return path to cancel',
        'src: yank the migration',
      ],
      broken: always(
        'migration_shutdown() cancels as migrate_cancel does: in device the guest is given back while the destination starts it, until the process ends.',
      ),
    },
  ),
  ofColoQuit.leadsTo('quit ends the primary', { 'src.quitting': 'asked' }, srcGone, {
    broken: always(
      'vm_shutdown() wakes the checkpoint that the quit has kicked: the COLO thread finds the guest stopped, fails, and starts it again under the main loop that waits for it to stop.',
    ),
    seen: { '11.1': '11.1.3: once in 45' },
  }),
  ofColoQuit.leadsTo(
    'quit ends the secondary',
    { 'dst.quitting': 'asked' },
    { 'dst.process': 'gone' },
    {
      broken: always('As on the primary, when a checkpoint comes while vm_shutdown() waits for the vCPUs.'),
    },
  ),
] as const

/** What is claimed where x-colo is set on one side only. */
export const lopsidedClaims = [
  ofLopsided.never(
    'a destination set to COLO aborts',
    {},
    {
      rule: 'dst: abort for want of a return path',
      broken: {
        '11.1':
          'x-colo on the destination and no return path on the source: assertion mis->to_src_file in colo_process_incoming_thread().',
      },
      seen: { '11.1': '11.1.3: 30 of 30' },
    },
  ),
  ofLopsided.never(
    'both lose the guest though no process was killed and no link cut',
    { 'src.migration': 'completed', 'src.vm': 'postmigrate', 'dst.process': 'gone' },
    {
      broken: { '11.1': 'The source has completed when the destination aborts.' },
      seen: { '11.1': '11.1.3: 30 of 30' },
    },
  ),
] as const

/** What is claimed of capabilities. */
export const settingClaims = [
  ofSetting.never(
    'x-colo is on without return-path',
    { 'src.x-colo': 'on', 'src.return-path': 'off' },
    { broken: upTo('10.2', 'The one needs the other since 11.0 only; before, COLO breaks with a return path.') },
  ),
] as const

/** All claims, by system. */
export const claims = [
  ...settingClaims,
  ...precopyClaims,
  ...coloClaims,
  ...quitClaims,
  ...lopsidedClaims,
  ...statusClaims,
  ...moreColoClaims,
  ...postcopyClaims,
  ...strangerClaims,
  ...postcopyEndClaims,
  ...snapshotClaims,
  ...guestClaims,
  ...coherenceClaims,
]
