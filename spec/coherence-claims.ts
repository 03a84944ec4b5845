/**
 * What holds of statuses, events, answers and processes whatever goes wrong:
 * the claims that bugs of the past would have broken, each said in general.
 */
import { always, upTo } from './broken.ts'
import { claimsOf } from './lang.ts'
import { announcing } from './observers.ts'
import { migrationStatuses, running } from './run-state.ts'
import { anyGuest, colo, lopsidedSource, postcopy, precopy, setting } from './systems.ts'

const watched = { said: [...migrationStatuses, 'again'] } as const
const ofPrecopy = claimsOf(precopy, watched)
const ofColo = claimsOf(colo)
const ofPostcopy = claimsOf(postcopy)
const ofSetting = claimsOf(setting)
const ofAnyGuest = claimsOf(anyGuest)
const ofSourceOnly = claimsOf(lopsidedSource)

const srcGone = { 'src.process': 'gone' } as const
const dstGone = { 'dst.process': 'gone' } as const
const alive = { 'src.process': 'alive', 'dst.process': 'alive' } as const
const said = { observers: [announcing('src', 'said', migrationStatuses)] } as const

/** What is claimed of a precopy besides. */
const ofPrecopies = [
  ofPrecopy.never(
    'a refused migrate leaves setup behind, though none came too early',
    { 'src.thread': 'none', 'src.process': 'alive', 'src.migration': 'setup' },
    {
      without: [
        'src: refuse a migration begun before the last one is cleaned up',
        'src: refuse a migration begun before the last one is cleaned up, to where cannot be read',
      ],
    },
  ),
  ofPrecopy.never(
    'a connection is being made and setup is not the last that was said',
    { 'src.thread': 'connecting', 'src.migration': 'setup', said: '!setup' },
    said,
  ),
  ofPrecopy.never(
    'a status that is stored and said in one step is not the last that was said',
    (['pre-switchover', 'device'] as const).map(status => ({ 'src.migration': status, said: `!${status}` }) as const),
    {
      ...said,
      broken: upTo(
        '7.2',
        'Until 9.2 migration_maybe_pause() stores both without the lock: query-migrate may tell them before the events do.',
      ),
    },
  ),
  ofPrecopy.leadsTo(
    'without a return path, a cancel before the switchover leads to cancelled',
    { 'src.migration': 'cancelling', 'src.thread': ['connecting', 'starting', 'iterating'], 'src.return-path': 'off' },
    [{ 'src.migration': 'cancelled' }, { 'src.thread': 'stopping' }, srcGone],
  ),
  ofPrecopy.leadsTo(
    'a destination that has lost its source comes to an end',
    { link: 'cut', 'dst.coroutine': 'loading', 'dst.incoming': 'active', 'dst.stranger': 'none' },
    [{ 'dst.coroutine': '!loading' }, dstGone],
  ),
  ofPrecopy.never('the monitor waits while the connection is being made', [
    { 'src.thread': 'connecting', 'src.mainLoop': 'joining' },
    { 'src.thread': 'connecting', 'dst.mainLoop': 'joining' },
  ]),
  ofPrecopy.never('a destination completes before the source has sent all', {
    'dst.incoming': 'completed',
    'src.thread': ['starting', 'iterating', 'stopping', 'paused', 'saving', 'writing'],
  }),
  ofPrecopy.never('a source ends and nobody has ended it', srcGone, {
    without: [
      'src: be killed',
      'src: abort on a migration begun before the last one is cleaned up',
      'src: abort on an RDMA address without a port',
      'src: abort on continuing a guest that was suspended',
    ],
  }),
  ofPostcopy.never(
    'a migration is cancelled that has gone over to postcopy',
    {
      'src.migration': 'cancelling',
      'src.thread': ['streaming', 'awaiting', 'pausing', 'suspended', 'completing', 'ended'],
    },
    { broken: upTo('7.2', 'Until 9.2 migrate_cancel is accepted in postcopy, when neither side has the whole guest.') },
  ),
  ofAnyGuest.recovers(
    'a migration with further capabilities can complete',
    { 'src.others': 'set', 'src.thread': 'iterating', 'src.migration': 'active', link: 'up', ...alive },
    { 'src.migration': 'completed' },
  ),
] as const

/** What is claimed of COLO besides. */
const ofColos = [
  ofColo.sometimes('a primary asks for a checkpoint', { 'src.colo': 'asked', 'src.migration': 'colo' }),
  ofColo.sometimes('a primary resumes after a checkpoint', {}, { rule: 'src: resume after the checkpoint' }),
  ofColo.leadsTo('a primary whose link is cut leaves its checkpoint', { link: 'cut', 'src.colo': 'saving' }, [
    { 'src.colo': '!saving' },
    srcGone,
  ]),
  ofColo.never('a primary ends and nobody has ended it', srcGone, {
    without: [
      'src: be killed',
      'src: abort on a migration begun before the last one is cleaned up',
      'src: abort on a failover before there are checkpoints',
      'src: abort on a checkpoint delay before there are checkpoints',
      'src: abort at the checkpoint of a guest that has stopped by itself',
    ],
  }),
  ofColo.never(
    'a secondary ends in COLO and nobody has ended it',
    { ...dstGone, 'dst.coroutine': 'colo' },
    {
      without: [
        'dst: be killed',
        'dst: abort at the checkpoint of a secondary that has stopped by itself',
        'dst: abort for want of a return path',
      ],
    },
  ),
  ofSourceOnly.never(
    'a destination without x-colo comes to COLO',
    { 'dst.x-colo': 'off', 'dst.incoming': 'colo' },
    { broken: upTo('7.2', 'Until 8.0 the stream alone makes a secondary.') },
  ),
] as const

/** What is claimed of capabilities besides. */
const ofSettings = [
  ofSetting.never('a capability changes in a migration', {
    'src.migration': running.filter(status => status !== 'colo'),
    'src.x-colo': 'on',
  }),
  ofSetting.never(
    'a capability changes in COLO',
    { 'src.migration': 'colo', 'src.x-colo': 'on' },
    { broken: upTo('7.2', 'Until 9.0 COLO does not count as a migration in progress.') },
  ),
  ofSetting.never(
    'a capability changes on a destination that listens',
    { 'src.listening': 'yes', 'src.incoming': 'setup', 'src.x-colo': 'on' },
    { broken: always('Between -incoming and the connection nobody refuses it, and nobody looks at it again.') },
  ),
] as const

/** All of them. */
export const coherenceClaims = [...ofPrecopies, ...ofColos, ...ofSettings] as const
