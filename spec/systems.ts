/**
 * What is explored: one system for each concern, small enough to be explored
 * whole, and one for judging transcripts, which holds everything at once.
 */
import { primary } from './colo-primary.ts'
import { secondary } from './colo-secondary.ts'
import { destination } from './destination.ts'
import { failover } from './failover.ts'
import { system, wire } from './lang.ts'
import { queries } from './queries.ts'
import { runState } from './run-state.ts'
import { source } from './source.ts'
import { yanks } from './yank.ts'

const link = { variable: 'link', up: 'up' }
const shared = { link: ['down', 'up', 'cut'], path: ['shut', 'open'] } as const
const stream = [wire('src', 'dst', 2, link), wire('dst', 'src', 2, link)]

/** `socket_outgoing_migration()` on the source; the destination's kernel accepts for it. */
const connect = [
  {
    name: 'connect',
    cite: 'migration/socket.c:socket_outgoing_migration, migration/migration.c:migration_start_outgoing',
    where: { 'dst.listening': 'yes', 'dst.process': 'alive', 'src.process': 'alive', 'src.return-path': 'off' },
    does: { 'src.thread': 'connecting -> starting', link: 'down -> up' },
  },
  {
    name: 'connect and open a return path',
    cite: 'migration/migration.c:migration_start_outgoing, migration/migration.c:open_return_path_on_source',
    where: { 'dst.listening': 'yes', 'dst.process': 'alive', 'src.process': 'alive', 'src.return-path': 'on' },
    does: { 'src.thread': 'connecting -> starting', link: 'down -> up', path: '-> open' },
  },
] as const

/** To both ends a dead link, a dead peer and a peer that has shut its socket are one thing. */
const network = [
  {
    name: 'cut the link',
    cite: 'tcp(7)',
    on: { fault: 'cut' },
    does: { link: 'up -> cut' },
  },
  {
    name: 'cut the link and lose what was under way to the destination',
    cite: 'tcp(7)',
    on: { fault: 'cut' },
    does: { link: 'up -> cut', 'src>dst.0': '-> empty', 'src>dst.1': '-> empty' },
  },
  {
    name: 'cut the link and lose what was under way to the source',
    cite: 'tcp(7)',
    on: { fault: 'cut' },
    does: { link: 'up -> cut', 'dst>src.0': '-> empty', 'dst>src.1': '-> empty' },
  },
] as const

/** What each side refuses all along, and would only be in the way of seeing what it does. */
const asBefore = ['set capabilities', 'set capabilities with COLO', 'refuse COLO without a return path']
/** An end that is asked for looks the same in every state; it is left to a system of its own. */
const noQuit = ['ask to quit', 'be told to end by a signal']

/** One QEMU before any migration: which capabilities can be set together. */
export const setting = system('capabilities', {
  about: 'One QEMU that is told capabilities and nothing else; every combination that can come about.',
  sides: { src: [runState] },
  shared,
  without: [...noQuit, 'be killed'],
})

/** Precopy: one source, one destination, every capability fixed before the start. */
export const precopy = system('precopy', {
  about:
    'One precopy migration and what may follow it on the source, with and without return-path and pause-before-switchover.',
  sides: { src: [runState, source], dst: [runState, destination] },
  shared,
  wires: stream,
  start: {
    'dst.vm': 'inmigrate',
    'src.vm': ['running', 'paused', 'prelaunch'],
    'src.events': 'on',
    'dst.events': 'on',
    'src.return-path': ['off', 'on'],
    'src.pause-before-switchover': ['off', 'on'],
  },
  rules: { 'src: main loop': connect, network },
  without: [...asBefore, ...noQuit],
  speaksFor: { 'src.x-colo': 'off', 'dst.x-colo': 'off' },
})

/** How a pair is set up for COLO: what both sides need, and what 11.1 asks for besides. */
const setUp = {
  'dst.vm': 'inmigrate',
  'src.events': 'on',
  'dst.events': 'on',
  'src.return-path': 'on',
  'dst.return-path': 'on',
  'src.x-colo': 'on',
  'dst.x-colo': 'on',
} as const
const inColo = {
  src: [runState, source, failover, primary],
  dst: [runState, destination, failover, secondary],
} as const
/** A destination that stays after an error, or a guest held back by hand, shows nothing of COLO. */
const asUsual = [
  'stop the running guest',
  'have an incoming guest wait',
  'listen, to stay after an error',
  'fail to listen, to stay after an error',
]

/** A pair in COLO, from the first checkpoint that a migration makes to the end of both. */
export const colo = system('COLO pair', {
  about:
    'A pair with x-colo: the migration, checkpoints, failover on either side and cancel; nobody stops a guest by hand or quits.',
  sides: inColo,
  shared,
  wires: stream,
  start: setUp,
  rules: { 'src: main loop': connect, network },
  without: [...asBefore, ...noQuit, ...asUsual],
  speaksFor: { 'src.x-colo': 'on', 'dst.x-colo': 'on' },
})

/** What an end that is asked for does to a migration under way. */
export const ends = system('quit', {
  about: 'Quit, a signal and yank at every point of a precopy with a return path; the network is sound.',
  sides: { src: [runState, source, destination, yanks], dst: [runState, source, destination, yanks] },
  shared,
  wires: stream,
  start: {
    'dst.vm': 'inmigrate',
    'src.vm': ['running', 'prelaunch'],
    'src.events': 'on',
    'dst.events': 'on',
    'src.return-path': 'on',
  },
  rules: { 'src: main loop': connect },
  without: [...asBefore, 'dst: accept a migration', 'stop the running guest', 'be killed'],
})

/** Quit in COLO; the network is sound and nobody fails over. */
export const coloQuit = system('COLO quit', {
  about:
    'Quit of either side of a pair in COLO, at every point of the checkpoint protocol; nobody fails over, cancels or cuts.',
  sides: inColo,
  shared,
  wires: stream,
  start: setUp,
  rules: { 'src: main loop': connect },
  without: [
    ...asBefore,
    ...asUsual,
    'be told to end by a signal',
    'be killed',
    'continue a stopped guest',
    'cancel the migration',
    'shut the return path to cancel',
    'cancel once more',
    'accept a lost heartbeat on the primary',
    'accept a lost heartbeat on the secondary',
  ],
})

/** COLO set on one side only: what a mistake in the set-up does. */
export const lopsided = system('COLO on one side', {
  about: 'x-colo on the destination only, or on both with the guest stopped at first; what each side makes of it.',
  sides: { src: [runState, source, failover, primary], dst: [runState, source, destination, failover, secondary] },
  shared,
  wires: stream,
  start: {
    'dst.vm': 'inmigrate',
    'src.vm': ['running', 'prelaunch', 'paused'],
    'src.events': 'on',
    'dst.events': 'on',
    'src.return-path': ['off', 'on'],
    'dst.x-colo': 'on',
  },
  rules: { 'src: main loop': connect },
  without: [...asBefore, ...noQuit, 'dst: accept a migration', 'be killed', 'stop the running guest'],
})

const whole = [runState, source, destination, failover, primary, secondary, yanks, queries] as const

/** Two whole QEMUs, either of which may be asked anything: what transcripts are held against. */
export const pair = system('pair', {
  about: 'Two whole QEMUs and the connection between them, for judging transcripts; too large to explore.',
  sides: { src: whole, dst: whole },
  shared,
  wires: stream,
  start: { 'dst.vm': 'inmigrate', 'src.vm': ['running', 'prelaunch'], 'dst.autostart': ['yes', 'no'] },
  rules: { 'src: main loop': connect, network },
  explored: false,
})

export const systems = [setting, precopy, colo, ends, coloQuit, lopsided, pair] as const
