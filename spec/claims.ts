/**
 * The contract: what a consumer of QMP may rely on.
 *
 * Rules describe; claims promise.  A claim that a version breaks names the
 * version and what happens there, and is held against it all the same: when
 * the claim begins to hold, somebody has fixed QEMU and this page must say so.
 */
import { incomingStatuses } from './destination.ts'
import { claimsOf, each, type Observer } from './lang.ts'
import { migrationStatuses } from './run-state.ts'
import { colo, coloQuit, ends, lopsided, precopy, setting } from './systems.ts'

/** Follows the MIGRATION events of one side; `again` is an event that announced no change. */
const announcing = (side: string, name: string, statuses: readonly string[]): Observer => ({
  name,
  values: [...statuses, 'again'],
  follows: statuses
    .filter(status => status !== 'none')
    .map(status => ({
      side,
      event: 'MIGRATION',
      data: { status },
      moves: [
        `${status} -> again`,
        ...[...statuses, 'again'].filter(other => other !== status).map(other => `${other} -> ${status}`),
      ],
    })),
})

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
      broken: {
        '11.1':
          'A cancel in device, after the destination has the whole stream, gives the guest back to the source while the destination starts it too.',
      },
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
        'cut the link',
        'cut the link and lose what was under way to the destination',
        'cut the link and lose what was under way to the source',
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
        '11.1':
          'completed is stored over cancelling when the cancel comes after the last check, and failing is when it comes while a failure is being announced.',
      },
    },
  ),
  ofPrecopy.leadsTo('a cancel leads to an end of some kind', { 'src.migration': 'cancelling' }, [
    { 'src.migration': ['cancelled', 'completed', 'failed'] },
    srcGone,
  ]),
  ofPrecopy.never(
    'a cancelled migration completes on the destination',
    { 'src.migration': 'cancelled', 'dst.incoming': 'completed' },
    {
      broken: { '11.1': 'The source tells nobody that it gave up; a destination that has the whole stream completes.' },
      seen: { '11.1': '11.1.3: 28 of 28, as above' },
    },
  ),
  ofPrecopy.never(
    'an event announces a status that was announced already',
    { said: 'again' },
    {
      observers: [announcing('src', 'said', migrationStatuses)],
      broken: {
        '11.1': 'A second migrate_cancel while cancelling stores cancelling over cancelling and announces it again.',
      },
      seen: { '11.1': '11.1.3: each time, by a second migrate_cancel or a quit while cancelling' },
    },
  ),
  ofPrecopy.never(
    'an event announces twice what the destination is',
    { heard: 'again' },
    {
      observers: [announcing('dst', 'heard', incomingStatuses)],
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
    },
  ),
  ofPrecopy.never(
    'the destination has a status that it did not announce',
    each(
      incomingStatuses.filter(status => status !== 'none'),
      status => ({ 'dst.incoming': status, heard: `!${status}` }) as const,
    ),
    { observers: [announcing('dst', 'heard', incomingStatuses)] },
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
      broken: {
        '11.1':
          'migrate_set_state() stores first and announces after; a cancel fits in between, and active is announced after cancelling.',
      },
      seen: { '11.1': '11.1.3: once in 72,451 pairs of events: cancelling, active, cancelled' },
    },
  ),
  ofPrecopy.never('a source that failed or was cancelled is left in the switchover', {
    ...settled,
    'src.migration': ['failed', 'cancelled'],
    'src.vm': 'finish-migrate',
  }),
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
    { by: ['src: monitor'] },
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
  ofPrecopy.never('the destination says that it cancels', { 'dst.migration': ['cancelling', 'cancelled', 'failing'] }),
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
        '11.1':
          'In COLO nobody releases the COLO thread after a cancel: the status stays cancelling until the process ends.',
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
      broken: {
        '11.1':
          'A heartbeat accepted before the COLO thread has called failover_init_state() is forgotten, and a cancel that comes first takes COLO away.',
      },
    },
  ),
  ofColo.leadsTo(
    'an accepted lost heartbeat ends COLO on the secondary',
    { 'dst.half': 'scheduled' },
    [{ 'dst.incoming': 'completed' }, { 'dst.process': 'gone' }],
    {
      broken: { '11.1': 'A heartbeat accepted before the COLO thread has called failover_init_state() is forgotten.' },
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
      broken: {
        '11.1': 'The event says error when the thread looks before the bottom half is done; the query says request.',
      },
      seen: { '11.1': '11.1.3: 32 of 157 failovers' },
    },
  ),
  ofColo.never(
    'once the secondary runs alone, the query gives another reason than the event',
    { 'dst.coroutine': 'done', 'dst.failover': 'completed', reason: 'error' },
    {
      observers: [reasons('dst', 'reason')],
      broken: {
        '11.1': 'The event says error when the thread looks before the bottom half is done; the query says request.',
      },
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
  ofColo.never('the secondary takes over on half a state', {
    'dst.incoming': 'completed',
    'dst.state': 'replacing',
    'dst.half': 'idle',
    'dst.coroutine': 'done',
  }),
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

/** What is claimed of an end by `quit`, a signal or `yank`. */
export const quitClaims = [
  ofQuit.leadsTo('quit ends the process', { 'src.quitting': 'asked' }, srcGone),
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
      broken: {
        '11.1':
          'migration_shutdown() cancels as migrate_cancel does: in device the guest is given back while the destination starts it, until the process ends.',
      },
    },
  ),
  ofColoQuit.leadsTo('quit ends the primary', { 'src.quitting': 'asked' }, srcGone, {
    broken: {
      '11.1':
        'vm_shutdown() wakes the checkpoint that the quit has kicked: the COLO thread finds the guest stopped, fails, and starts it again under the main loop that waits for it to stop.',
    },
    seen: { '11.1': '11.1.3: once in 45' },
  }),
  ofColoQuit.leadsTo(
    'quit ends the secondary',
    { 'dst.quitting': 'asked' },
    { 'dst.process': 'gone' },
    {
      broken: { '11.1': 'As on the primary, when a checkpoint comes while vm_shutdown() waits for the vCPUs.' },
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
    { 'src.vm': 'postmigrate', 'dst.process': 'gone' },
    {
      broken: { '11.1': 'The source has completed when the destination aborts.' },
      seen: { '11.1': '11.1.3: 30 of 30' },
    },
  ),
] as const

/** What is claimed of capabilities. */
export const settingClaims = [
  ofSetting.never('x-colo is on without return-path', { 'src.x-colo': 'on', 'src.return-path': 'off' }),
] as const

/** All claims, by system. */
export const claims = [...settingClaims, ...precopyClaims, ...coloClaims, ...quitClaims, ...lopsidedClaims]
