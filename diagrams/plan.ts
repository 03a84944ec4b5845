/**
 * What is drawn: which variable of which system into which file, how it is
 * laid out, and which paths are told.  Data only; nothing here adds a fact or
 * hides one.
 */
import type { Pattern } from '../spec/lang.ts'
import { migrationStatuses, runStates } from '../spec/run-state.ts'
import type { Cast } from './sequence.ts'
import type { Layout } from './state.ts'
import type { Goal } from './story.ts'

/** A state diagram: one variable of one system. */
export interface StatePlan {
  readonly file: string
  readonly system: string
  readonly variable: string
  readonly title: string
  readonly layout?: Layout
}

/** What each command of a side is answered at each value of a variable. */
export interface CommandPlan {
  readonly file: string
  readonly system: string
  readonly side: string
  readonly variable: string
  readonly title: string
}

/** A shortest path, told as a sequence diagram. */
export interface WitnessPlan {
  readonly file: string
  readonly system: string
  readonly title: string
  /** A sentence or two on what there is to see. */
  readonly about: string
  readonly goal: Goal
  readonly cast: Cast
  /** Steps up to the first state like this are passed over, with these words. */
  readonly from?: { readonly where: Pattern; readonly words: string }
}

const migrating: Layout = {
  order: [
    'none',
    'setup',
    'wait-unplug',
    'active',
    'pre-switchover',
    'device',
    'colo',
    'failing',
    'cancelling',
    'completed',
  ],
  frames: [
    {
      title: 'a migration is under way',
      holds: ['setup', 'wait-unplug', 'active', 'pre-switchover', 'device', 'colo', 'failing'],
    },
    { title: 'the migration is over', holds: ['completed', 'failed', 'cancelled'] },
  ],
  later: ['src.saying'],
}

const asked: Layout = { frames: [{ title: 'a failover was asked for', holds: ['require', 'active', 'completed'] }] }

const inPostcopy: Layout = {
  order: [
    'none',
    'setup',
    'active',
    'device',
    'postcopy-device',
    'postcopy-active',
    'postcopy-paused',
    'postcopy-recover-setup',
    'postcopy-recover',
    'failing',
    'cancelling',
    'completed',
  ],
  frames: [
    {
      title: 'neither side has the whole guest',
      holds: ['postcopy-active', 'postcopy-paused', 'postcopy-recover-setup', 'postcopy-recover'],
    },
    { title: 'the migration is over', holds: ['completed', 'failed', 'cancelled'] },
  ],
  later: ['src.saying'],
}

/** The state diagrams. */
export const states: readonly StatePlan[] = [
  {
    file: 'postcopy-source',
    system: 'postcopy',
    variable: 'src.migration',
    title: 'MigrationStatus on the source, with postcopy',
    layout: inPostcopy,
  },
  {
    file: 'postcopy-destination',
    system: 'postcopy',
    variable: 'dst.incoming',
    title: 'MigrationStatus on the destination, with postcopy',
  },
  {
    file: 'source-migration',
    system: 'precopy',
    variable: 'src.migration',
    title: 'MigrationStatus on the source, precopy',
    layout: migrating,
  },
  {
    file: 'destination-migration',
    system: 'precopy',
    variable: 'dst.incoming',
    title: 'MigrationStatus on the destination, precopy',
  },
  { file: 'source-runstate', system: 'precopy', variable: 'src.vm', title: 'RunState on the source, precopy' },
  {
    file: 'destination-runstate',
    system: 'precopy',
    variable: 'dst.vm',
    title: 'RunState on the destination, precopy',
  },
  {
    file: 'primary-migration',
    system: 'COLO pair',
    variable: 'src.migration',
    title: 'MigrationStatus on the primary, COLO',
    layout: migrating,
  },
  {
    file: 'secondary-migration',
    system: 'COLO pair',
    variable: 'dst.incoming',
    title: 'MigrationStatus on the secondary, COLO',
  },
  { file: 'primary-runstate', system: 'COLO pair', variable: 'src.vm', title: 'RunState on the primary, COLO' },
  { file: 'secondary-runstate', system: 'COLO pair', variable: 'dst.vm', title: 'RunState on the secondary, COLO' },
  {
    file: 'primary-failover',
    system: 'COLO pair',
    variable: 'src.failover',
    title: 'failover_state on the primary',
    layout: asked,
  },
  {
    file: 'secondary-failover',
    system: 'COLO pair',
    variable: 'dst.failover',
    title: 'failover_state on the secondary',
    layout: asked,
  },
  {
    file: 'primary-bottom-half',
    system: 'COLO pair',
    variable: 'src.half',
    title: 'colo_failover_bh() on the primary',
  },
  {
    file: 'secondary-bottom-half',
    system: 'COLO pair',
    variable: 'dst.half',
    title: 'colo_failover_bh() on the secondary',
  },
  {
    file: 'primary-checkpoint',
    system: 'COLO pair',
    variable: 'src.colo',
    title: 'colo_process_checkpoint() on the primary',
    layout: { frames: [{ title: 'the checkpoint loop', holds: ['awaiting', '...', 'loaded'], gathers: ['leaving'] }] },
  },
  {
    file: 'secondary-checkpoint',
    system: 'COLO pair',
    variable: 'dst.secondary',
    title: 'colo_process_incoming_thread() on the secondary',
    layout: { frames: [{ title: 'the checkpoint loop', holds: ['started', '...', 'looking'], gathers: ['leaving'] }] },
  },
]

/** The tables of commands. */
export const commands: readonly CommandPlan[] = [
  {
    file: 'source-commands',
    system: 'precopy',
    side: 'src',
    variable: 'src.migration',
    title: 'Commands to the source by MigrationStatus, precopy',
  },
  {
    file: 'destination-commands',
    system: 'precopy',
    side: 'dst',
    variable: 'dst.incoming',
    title: 'Commands to the destination by MigrationStatus, precopy',
  },
  {
    file: 'primary-commands',
    system: 'COLO pair',
    side: 'src',
    variable: 'src.migration',
    title: 'Commands to the primary by MigrationStatus, COLO',
  },
  {
    file: 'secondary-commands',
    system: 'COLO pair',
    side: 'dst',
    variable: 'dst.incoming',
    title: 'Commands to the secondary by MigrationStatus, COLO',
  },
]

/** Both guests of a pair run, and neither side asks anything of the other. */
const betweenCheckpoints: Pattern = {
  'src.events': 'on',
  'dst.events': 'on',
  'src.colo': 'waiting',
  'src.vm': 'running',
  'dst.vm': 'running',
  'dst.secondary': 'serving',
}

/** Both sides of a postcopy of a running guest have stopped to wait for a recovery, and said so. */
const bothPaused: Pattern = {
  'src.events': 'on',
  'dst.events': 'on',
  'src.was': 'running',
  'src.saying': 'nothing',
  'src.thread': 'suspended',
  'dst.listen': 'suspended',
  'dst.listening': 'no',
}

/** The paths that are told. */
export const witnesses: readonly WitnessPlan[] = [
  {
    file: 'cancelled-but-completed',
    system: 'precopy',
    title: 'A migration that was cancelled completes',
    about: 'The cancel is accepted and announced, but comes too late: the source completes over it.',
    goal: { where: { 'src.events': 'on' }, rule: 'src/complete-over-a-cancel' },
    cast: { src: 'source', dst: 'destination' },
  },
  {
    file: 'asked-but-error',
    system: 'COLO pair',
    title: 'A failover that was asked for is announced as an error',
    about:
      'The bottom half has taken the request and shut the channel, but has not yet stored that the failover is completed. ' +
      'The COLO thread reads the status in between and says error.',
    goal: {
      where: { 'src.half': 'left', 'src.failover': 'active', 'src.process': 'alive' },
      rule: 'src/announce-an-exit-by-error',
    },
    cast: { src: 'primary', dst: 'secondary' },
    from: { where: { 'src.colo': 'awaiting' }, words: 'a migration that comes to COLO' },
  },
  {
    file: 'failover-then-abort',
    system: 'COLO pair',
    title: 'A surviving primary is migrated too soon and aborts',
    about:
      'After the failover `completed` is announced, and a new migration accepted, before the yank instance of the last one ' +
      'is given back. Registering it again aborts the process, and with it the only guest that is left.',
    goal: {
      where: { 'src.lastMode': 'primary', 'src.failover': 'completed', 'src.colo': '!none' },
      rule: 'src/abort-on-a-migration-begun-before-the-last-one-is-cleaned-up',
    },
    cast: { src: 'primary', dst: 'secondary' },
    from: { where: { 'src.migration': 'colo' }, words: 'a migration that comes to COLO' },
  },
  {
    file: 'one-checkpoint',
    system: 'COLO pair',
    title: 'One checkpoint of COLO',
    about:
      'The primary asks, the secondary stops its guest and says so, the primary stops its own and sends the whole state; ' +
      'the secondary says that it has arrived, loads it, runs on it, and says that too. Both guests run again.',
    goal: {
      via: [{ where: betweenCheckpoints, rule: 'src/let-the-checkpoint-delay-pass' }],
      where: { 'src.colo': 'loaded', 'dst.vm': 'running', 'dst.secondary': 'serving' },
      rule: 'src/resume-after-the-checkpoint',
    },
    cast: { src: 'primary', dst: 'secondary' },
    from: { where: betweenCheckpoints, words: 'a migration that comes to COLO; both guests run' },
  },
  {
    file: 'failover-of-the-primary',
    system: 'COLO pair',
    title: 'The secondary dies: the failover of the primary',
    about:
      'The secondary is killed while both guests run. The primary finds that out only where it waits for the secondary; ' +
      '`x-colo-lost-heartbeat` tells it. It announces that the migration is completed, that COLO is over, and runs on alone.',
    goal: {
      via: [{ where: betweenCheckpoints }, { where: { 'dst.process': 'gone' } }],
      where: { 'src.failover': 'completed' },
      rule: 'src/run-on-alone',
    },
    cast: { src: 'primary', dst: 'secondary' },
    from: { where: betweenCheckpoints, words: 'a migration that comes to COLO; both guests run' },
  },
  {
    file: 'failover-of-the-secondary',
    system: 'COLO pair',
    title: 'The primary dies: the failover of the secondary',
    about:
      'The primary is killed while both guests run. The secondary waits for a request that does not come; ' +
      '`x-colo-lost-heartbeat` tells it to take over. It announces that the migration is completed and that COLO is over.',
    goal: {
      via: [{ where: betweenCheckpoints }, { where: { 'src.process': 'gone' } }],
      where: { 'dst.failover': 'completed' },
      rule: 'dst/take-over',
    },
    cast: { src: 'primary', dst: 'secondary' },
    from: { where: betweenCheckpoints, words: 'a migration that comes to COLO; both guests run' },
  },
  {
    file: 'recovery-handshake',
    system: 'postcopy',
    title: 'The handshake of a postcopy recovery',
    about:
      'Both sides are paused after the network failed. The destination listens anew, the source is told to resume there, ' +
      'asks which pages have arrived, and tells the destination to go on; each says postcopy-active again.',
    goal: {
      via: [{ where: bothPaused }],
      where: { 'src.migration': 'postcopy-active', 'dst.incoming': 'postcopy-active' },
      rule: 'src/announce-postcopy-active',
    },
    cast: { src: 'source', dst: 'destination' },
    from: { where: bothPaused, words: 'a postcopy migration, until the network fails and both sides are paused' },
  },
]

/** The system whose machines have their rules printed as tables: the one that has them all. */
export const tabled = 'pair'

/** A status, of one side or of either, that pages about releases have a table for. */
export interface Charted {
  readonly title: string
  /** QAPI's name of the enumeration. */
  readonly machine: string
  readonly side?: 'source' | 'destination'
  /** In which order its values stand. */
  readonly order?: readonly string[]
}

/** The tables of the pages about releases. */
export const charts: readonly Charted[] = [
  { title: 'MigrationStatus on the source', machine: 'MigrationStatus', side: 'source', order: migrationStatuses },
  {
    title: 'MigrationStatus on the destination',
    machine: 'MigrationStatus',
    side: 'destination',
    order: migrationStatuses,
  },
  { title: 'RunState', machine: 'RunState', order: runStates },
  { title: 'FailoverStatus', machine: 'FailoverStatus', order: ['none', 'require', 'active', 'completed', 'relaunch'] },
]

/** The pages about releases, by file; the first two have one for each release. */
export const pages = {
  transitions: 'transitions',
  answers: 'commands',
  claims: 'claims',
  events: 'events',
  consumers: 'consumers',
  examples: 'examples',
  questions: 'answers-of-2018',
  changes: 'changes',
} as const
