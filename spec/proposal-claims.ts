/**
 * What the 2018 questions come to: the proposed `query-colo-status` beside the
 * one that was merged, each question a claim.
 *
 * The cases are those of Markus Armbruster's mail of 14 June 2018: (1) no COLO,
 * (2) a primary, (3) a secondary; a: no x-colo-lost-heartbeat yet, b: there was
 * one, c: an error.
 */
import { claimsOf, type Observer } from './lang.ts'
import { answering } from './proposal.ts'
import { queries } from './queries.ts'
import { again, colo, proposed } from './systems.ts'

/** Remembers the last COLO_EXIT of one side, since its status last became `colo`. */
const leaving = (side: string, name: string): Observer => ({
  name,
  values: ['no', 'request', 'error'],
  follows: [
    { side, event: 'COLO_EXIT', data: { reason: 'request' }, moves: ['-> request'] },
    { side, event: 'COLO_EXIT', data: { reason: 'error' }, moves: ['-> error'] },
    { side, event: 'MIGRATION', data: { status: 'colo' }, moves: ['-> no'] },
  ],
})
const watched = { left: ['no', 'request', 'error'] } as const

const ofProposed = claimsOf(proposed)
const ofMerged = claimsOf(colo, watched)
const ofAgain = claimsOf(again)

type Answer = Parameters<typeof answering>[3]
const src = <const B extends object>(answer: Answer, besides?: B) =>
  answering('src', queries, 'query-colo-status', answer, besides)
const dst = <const B extends object>(answer: Answer, besides?: B) =>
  answering('dst', queries, 'query-colo-status', answer, besides)

/** What every version known here does. */
const throughout = (what: string) => ({ '7.2': what, '10.0': what, '10.2': what, '11.1': what })

const unasked = [
  'src: accept a lost heartbeat on the primary',
  'dst: accept a lost heartbeat on the secondary',
] as const

/** The proposal of June 2018. */
const asProposed = [
  ofProposed.never('colo-running of 2018 says anything that mode does not', [
    { 'src.asked': 'primary', 'src.migration': '!colo' },
    { 'dst.asked': 'secondary', 'dst.incoming': '!colo' },
  ]),
  ofProposed.sometimes(
    'case 1: while COLO is being started, query-colo-status of 2018 fails as if it were not',
    { 'src.migration': 'active', 'src.x-colo': 'on' },
    { rule: 'src: fail, for COLO is disabled' },
  ),
  ofProposed.sometimes(
    'case 1: once a primary has left COLO, query-colo-status of 2018 fails and cannot say why it left',
    { 'src.migration': 'completed', 'src.failover': 'completed', 'src.thread': 'none' },
    { rule: 'src: fail, for COLO is disabled' },
  ),
  ofProposed.sometimes(
    'case 1: once a secondary has left COLO, query-colo-status of 2018 fails and cannot say why it left',
    { 'dst.incoming': 'completed', 'dst.failover': 'completed', 'dst.coroutine': 'done' },
    { rule: 'dst: fail, for COLO is disabled' },
  ),
  ofProposed.never(
    'before anybody asks for a failover, the reason of 2018 is other than none',
    [
      { 'src.asked': 'primary', 'src.failover': '!none' },
      { 'dst.asked': 'secondary', 'dst.failover': '!none' },
    ],
    { without: unasked },
  ),
  ofProposed.sometimes(
    'case 2a: a primary between two checkpoints is primary, running, none',
    { 'src.colo': 'waiting', 'src.half': 'idle' },
    { rule: 'src: answer primary, running, none' },
  ),
  ofProposed.sometimes(
    'case 2b: a primary that was told of a lost heartbeat is primary, running, request, until the main loop comes round',
    { 'src.half': 'scheduled' },
    { rule: 'src: answer primary, running, request' },
  ),
  ofProposed.never(
    'case 2b: a primary that was told of a lost heartbeat is primary, running, none',
    { 'src.half': 'scheduled' },
    {
      rule: 'src: answer primary, running, none',
      broken: throughout('A heartbeat accepted before the COLO thread has called failover_init_state() is forgotten.'),
    },
  ),
  ofProposed.never(
    'case 2c: a primary in its first COLO is primary, running, error',
    {},
    {
      rule: 'src: answer primary, running, error',
    },
  ),
  ofProposed.sometimes(
    'case 2c: a primary that ran into an error is primary, running, none',
    { 'src.colo': 'exiting', 'dst.process': 'gone' },
    { rule: 'src: answer primary, running, none' },
  ),
  ofProposed.sometimes(
    'case 3a: a secondary between two checkpoints is secondary, running, none',
    { 'dst.secondary': 'serving', 'dst.half': 'idle' },
    { rule: 'dst: answer secondary, running, none' },
  ),
  ofProposed.sometimes(
    'case 3b: a secondary that was told of a lost heartbeat is secondary, running, request, until the main loop comes round',
    { 'dst.half': 'scheduled' },
    { rule: 'dst: answer secondary, running, request' },
  ),
  ofProposed.never(
    'case 3b: a secondary that was told of a lost heartbeat is secondary, running, none',
    { 'dst.half': 'scheduled' },
    {
      rule: 'dst: answer secondary, running, none',
      broken: throughout('A heartbeat accepted before the COLO thread has called failover_init_state() is forgotten.'),
    },
  ),
  ofProposed.sometimes(
    'case 3c: a secondary that puts off the failover it was asked for is secondary, running, error',
    { 'dst.failover': 'relaunch' },
    {
      rule: 'dst: answer secondary, running, error',
    },
  ),
  ofProposed.never(
    'case 3c: a secondary that was not asked for a failover is secondary, running, error',
    { 'dst.failover': '!relaunch' },
    { rule: 'dst: answer secondary, running, error' },
  ),
  ofProposed.sometimes(
    'case 3c: a secondary that ran into an error is secondary, running, none',
    { 'dst.secondary': 'exiting', 'src.process': 'gone' },
    { rule: 'dst: answer secondary, running, none' },
  ),
] as const

/** What was merged for 3.1 and 4.0, asked the same. */
const asMerged = [
  ofMerged.never(
    'before anybody asks for a failover, the query gives another reason than none',
    [...src({ reason: ['request', 'error', 'processing'] }), ...dst({ reason: ['request', 'error', 'processing'] })],
    { without: unasked },
  ),
  ofMerged.never(
    'after COLO_EXIT by error the query still says primary, and no reason',
    src({ mode: 'primary', reason: 'none' }, { left: 'error' }),
    {
      observers: [leaving('src', 'left')],
      seen: { '11.1': '11.1.3: 2 of 2 with the secondary killed, still so after 2 s' },
      broken: throughout(
        'The status stays colo and failover_state none until somebody sends x-colo-lost-heartbeat; only the event tells of the error.',
      ),
    },
  ),
  ofMerged.never(
    'after COLO_EXIT by error the query still says secondary, and no reason',
    dst({ mode: 'secondary', reason: 'none' }, { left: 'error' }),
    {
      observers: [leaving('dst', 'left')],
      seen: { '11.1': '11.1.3: 2 of 2 with the primary killed, still so after 2 s' },
      broken: throughout('As on the primary.'),
    },
  ),
  ofMerged.sometimes(
    'a failover that is under way on the primary is processing',
    src({ mode: 'primary', reason: 'processing' }),
  ),
  ofMerged.never(
    'a failover that is under way on the secondary is an error',
    dst({ mode: 'secondary', reason: 'error' }),
    {
      broken: throughout(
        'qmp_query_colo_status() takes a failover for processing only where the outgoing status is colo, and a secondary has none.',
      ),
    },
  ),
  ofMerged.never(
    'while COLO runs, last-mode is another than mode',
    [
      ...src({ mode: 'primary', 'last-mode': ['none', 'secondary'] }),
      ...dst({ mode: 'secondary', 'last-mode': ['none', 'primary'] }),
    ],
    {
      seen: { '11.1': '11.1.3: 4 of 4, on either side: none' },
      broken: throughout(
        'last_colo_mode is stored by colo_do_failover() alone; the documentation of COLOStatus has them the same.',
      ),
    },
  ),
  ofMerged.sometimes(
    'once a primary runs alone, the query says none, primary, request',
    src({ mode: 'none', 'last-mode': 'primary', reason: 'request' }, { 'src.thread': 'none', 'src.vm': 'running' }),
  ),
  ofMerged.sometimes(
    'once a secondary runs alone, the query says none, secondary, request',
    dst(
      { mode: 'none', 'last-mode': 'secondary', reason: 'request' },
      { 'dst.coroutine': 'done', 'dst.vm': 'running' },
    ),
  ),
  ofMerged.never(
    'once a primary runs alone, the query gives no reason',
    src({ mode: 'none', 'last-mode': 'primary', reason: 'none' }, { 'src.migration': 'completed' }),
    {
      broken: throughout(
        'The COLO thread calls failover_init_state() after the bottom half has begun: COLO is left and the reason forgotten.',
      ),
    },
  ),
  ofMerged.never(
    'a failover that a cancel overtakes is an error for good',
    src({ mode: 'none', 'last-mode': 'none', reason: 'error' }, { 'src.migration': 'cancelling', 'src.half': 'idle' }),
    {
      broken: throughout(
        'colo_do_failover() finds no mode and returns; failover_state stays active, which no heartbeat gets past.',
      ),
    },
  ),
  ofMerged.sometimes('a primary in COLO is in run state running', src({ mode: 'primary' }, { 'src.vm': 'running' })),
  ofMerged.sometimes(
    'a primary that has left COLO is in run state colo',
    src({ mode: 'none', 'last-mode': 'primary' }, { 'src.vm': 'colo' }),
  ),
  ofMerged.never(
    'a primary in COLO is in a run state other than finish-migrate, running and colo',
    src({ mode: 'primary' }, { 'src.vm': ['prelaunch', 'inmigrate', 'paused', 'postmigrate', 'shutdown'] }),
  ),
  ofMerged.never(
    'a secondary in COLO is in a run state other than inmigrate, running and colo',
    dst({ mode: 'secondary' }, { 'dst.vm': ['prelaunch', 'finish-migrate', 'paused', 'postmigrate', 'shutdown'] }),
  ),
  ofMerged.sometimes('a secondary that took over is what COLO again begins with', {
    'dst.vm': 'running',
    'dst.bql': 'free',
    'dst.mainLoop': 'free',
    'dst.quitting': 'no',
    'dst.autostart': 'yes',
    'dst.listening': 'yes',
    'dst.incoming': 'completed',
    'dst.coroutine': 'done',
    'dst.secondary': 'gone',
    'dst.lastMode': 'secondary',
    'dst.failover': 'completed',
    'dst.half': 'idle',
    'dst.released': 'no',
    'dst.loading': 'no',
    'dst.state': 'own',
    'dst.arrived': 'nothing',
    'dst.source': 'running',
    'dst.onError': 'exit',
  }),
] as const

/** Whether COLO mode comes back. */
const asAgain = [
  ofAgain.sometimes(
    'COLO mode comes back: a secondary that took over migrates and is a primary',
    src({ mode: 'primary', 'last-mode': 'secondary', reason: 'none' }),
  ),
  ofAgain.sometimes(
    'COLO mode comes back: a primary that runs alone migrates to another secondary and is a primary again',
    src({ mode: 'primary', 'last-mode': 'primary', reason: 'none' }),
  ),
  ofAgain.never(
    'COLO mode comes back without a migrate',
    { 'src.migration': 'colo' },
    { without: ['src: accept a migration'] },
  ),
  ofAgain.never('a QEMU that has been a secondary is one again', { 'src.incoming': 'colo' }),
  ofAgain.never('COLO begins again with the reason of the exit before', src({ mode: 'primary', reason: 'request' }), {
    broken: throughout(
      'The status is colo before the COLO thread calls failover_init_state(); until then the query says request.',
    ),
  }),
  ofAgain.sometimes(
    'case 2c: a primary that begins COLO again is primary, running, error, for the exit before was asked for',
    { 'src.failover': 'completed' },
    { rule: 'src: answer primary, running, error' },
  ),
] as const

/** All that is claimed of `query-colo-status`, as proposed and as merged. */
export const statusClaims = [...asProposed, ...asMerged, ...asAgain] as const
