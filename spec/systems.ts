/**
 * What is explored: one system for each concern, small enough to be explored
 * whole, and one for judging transcripts, which holds everything at once.
 */

import { backgroundSnapshot } from './background-snapshot.ts'
import { settings } from './capabilities.ts'
import { primary } from './colo-primary.ts'
import { secondary } from './colo-secondary.ts'
import { destination } from './destination.ts'
import { anyDestination, anySource } from './elsewhere.ts'
import { failover } from './failover.ts'
import { guest } from './guest.ts'
import { jobs } from './jobs.ts'
import { system, wire } from './lang.ts'
import { postcopyDestination, postcopySource } from './postcopy.ts'
import { proposal } from './proposal.ts'
import { queries } from './queries.ts'
import { migrationStatuses, runState, stopped } from './run-state.ts'
import { source } from './source.ts'
import { yanks } from './yank.ts'

const link = { variable: 'link', up: 'up' }
const shared = {
  link: ['down', 'up', 'cut'],
  path: ['shut', 'open'],
  advice: ['none', 'given'],
  follows: ['nothing', 'colo'],
} as const
const stream = [wire('src', 'dst', 2, link), wire('dst', 'src', 2, link)]

/** Somebody listens there, and the source has somebody to tell. */
const reachable = { 'dst.listening': 'yes', 'dst.process': 'alive', 'src.process': 'alive' } as const

/** `socket_outgoing_migration()` on the source; the destination's kernel accepts for it. */
const connect = [
  {
    name: 'connect',
    cite: 'migration/socket.c:socket_connect_outgoing, migration/migration.c:migration_start_outgoing',
    where: { ...reachable, 'src.return-path': 'off', 'src.postcopy-ram': 'off', 'src.x-colo': 'off' },
    does: { 'src.thread': 'connecting -> starting', link: 'down -> up', follows: '-> nothing' },
  },
  {
    name: 'connect and open a return path',
    cite: 'migration/migration.c:migration_start_outgoing, migration/migration.c:open_return_path_on_source',
    where: { ...reachable, 'src.return-path': 'on', 'src.postcopy-ram': 'off', 'src.x-colo': 'off' },
    does: { 'src.thread': 'connecting -> starting', link: 'down -> up', path: '-> open', follows: '-> nothing' },
  },
  {
    name: 'connect for COLO',
    cite: 'migration/migration.c:migration_start_outgoing, migration/migration.c:migration_thread',
    where: { ...reachable, 'src.return-path': 'off', 'src.postcopy-ram': 'off', 'src.x-colo': 'on' },
    does: { 'src.thread': 'connecting -> starting', link: 'down -> up', follows: '-> colo' },
  },
  {
    name: 'connect for COLO with a return path',
    cite: 'migration/migration.c:migration_start_outgoing, migration/migration.c:migration_thread',
    where: { ...reachable, 'src.return-path': 'on', 'src.postcopy-ram': 'off', 'src.x-colo': 'on' },
    does: { 'src.thread': 'connecting -> starting', link: 'down -> up', path: '-> open', follows: '-> colo' },
  },
  {
    name: 'connect for what may become postcopy',
    cite: 'migration/migration.c:migration_start_outgoing, migration/savevm.c:qemu_savevm_send_postcopy_advise',
    where: { ...reachable, 'src.postcopy-ram': 'on' },
    does: { 'src.thread': 'connecting -> starting', link: 'down -> up', path: '-> open', advice: '-> given' },
  },
  {
    name: 'connect behind a stranger, who is taken instead',
    cite: 'listen(2), migration/migration.c:migration_incoming_process',
    // It waits among those who have not been accepted yet, and is turned away when nobody listens any more.
    where: { 'src.process': 'alive', 'dst.stranger': 'in', 'dst.coroutine': ['loading', 'done'] },
    does: { 'src.thread': 'connecting -> starting', link: 'down -> cut' },
    until: '10.0',
  },
] as const

/** A new connection has nothing on its way yet. */
const emptied = {
  'src>dst.0': '-> empty',
  'src>dst.1': '-> empty',
  'dst>src.0': '-> empty',
  'dst>src.1': '-> empty',
} as const

/** The connection of a recovery.  Whatever was under way on the old one is lost. */
const connectAgain = [
  {
    name: 'connect again',
    cite: 'migration/socket.c:socket_connect_outgoing, migration/socket.c:socket_accept_incoming_migration',
    where: { ...reachable, 'dst.incoming': 'postcopy-paused', 'dst.stranger': 'none' },
    does: { 'src.resuming': 'connecting -> connected', link: 'cut -> up', 'dst.calling': '-> yes', ...emptied },
  },
  {
    name: 'connect again in vain',
    cite: 'migration/socket.c:socket_connect_outgoing, migration/socket.c:socket_accept_incoming_migration',
    // A destination that has a connection closes another one; where it is gone, somebody else may listen.
    where: { 'src.process': 'alive', link: 'cut' },
    does: { 'src.resuming': 'connecting -> connected' },
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
  // Whoever has said the last and hung up is done; the network may still carry what he said, and lose it.
  {
    name: 'lose what was under way to the destination from a source that has hung up',
    cite: 'tcp(7)',
    on: { fault: 'cut' },
    where: { link: 'cut', 'src>dst.0': '!empty' },
    does: { link: 'cut', 'src>dst.0': '-> empty', 'src>dst.1': '-> empty' },
  },
  {
    name: 'lose what was under way to the source from a destination that has hung up',
    cite: 'tcp(7)',
    on: { fault: 'cut' },
    where: { link: 'cut', 'dst>src.0': '!empty' },
    does: { link: 'cut', 'dst>src.0': '-> empty', 'dst>src.1': '-> empty' },
  },
] as const
/** The rules by which the network cuts a link, and loses what was under way. */
export const cuts = network.map(({ name }) => name)

/** An end that is asked for looks the same in every state; it is left to a system of its own. */
const noQuit = ['ask to quit', 'be told to end by a signal']
/** What is looked at in a system of its own, and would only multiply the states of others. */
const usual = [
  'wait for a device to be unplugged',
  'fail to open what was named',
  'fail at once to open what was named',
  'fail for an address that cannot be read',
  'wait for what a stranger has to say',
  'take a stranger for the source',
  'take the nonsense of a stranger for the source',
  'fail for what a stranger has to say',
  'exit for what a stranger has to say',
  'fail as a source for what a stranger has to say',
  'fail as a source for what a stranger has to say, and exit',
  'fail to load the stream',
  'fail to load the stream and exit',
  'abort on an RDMA address without a port',
  'abort on an RDMA address without a port to listen on',
]
/** The same in postcopy. */
const usualPostcopy = [
  ...usual,
  'take a stranger for the recovery',
  'take the nonsense of a stranger for the recovery',
  'have a vCPU wait for a page',
]

/** One QEMU before any migration: which capabilities can be set together. */
export const setting = system('capabilities', {
  about:
    'One QEMU that is told capabilities and parameters and nothing else, in every status: which combinations can come about.',
  sides: { src: [settings] },
  start: {
    'src.vm': ['running', 'inmigrate'],
    'src.migration': migrationStatuses,
    'src.host': ['able', 'unable'],
    'src.listening': ['no', 'yes'],
    'src.incoming': ['none', 'setup'],
  },
})

/** Of what is usually left out, what is looked at here. */
const here: readonly string[] = [
  'wait for a device to be unplugged',
  'fail to open what was named',
  'fail at once to open what was named',
  'fail for an address that cannot be read',
  'fail to load the stream',
  'fail to load the stream and exit',
  'abort on an RDMA address without a port',
]

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
  without: [...noQuit, ...usual.filter(name => !here.includes(name))],
  speaksFor: { 'src.x-colo': 'off', 'dst.x-colo': 'off' },
})

/** Postcopy: the guest moves first, its memory after it; broken channels and recoveries. */
export const postcopy = system('postcopy', {
  about:
    'One migration with postcopy-ram on both sides, its recoveries included, with and without pause-before-switchover; either side may be killed, nobody quits or stops a guest.',
  sides: { src: [runState, source, postcopySource], dst: [runState, destination, postcopyDestination] },
  shared,
  wires: stream,
  start: {
    'dst.vm': 'inmigrate',
    'src.vm': ['running', 'paused'],
    'dst.autostart': ['yes', 'no'],
    'src.events': 'on',
    'dst.events': 'on',
    'src.postcopy-ram': 'on',
    'dst.postcopy-ram': 'on',
    'src.pause-before-switchover': ['off', 'on'],
  },
  rules: { 'src: main loop': [...connect, ...connectAgain], network },
  without: [...noQuit, ...usualPostcopy, 'stop the running guest', 'have an incoming guest wait'],
})

/** A file, a command or a socket that may be cut; whoever reads it is nobody's concern. */
const connectSnapshot = {
  name: 'connect to where a snapshot goes',
  cite: 'migration/file.c:file_connect_outgoing, migration/exec.c:exec_connect_outgoing, migration/migration.c:migration_start_outgoing',
  where: { 'src.process': 'alive', 'src.background-snapshot': 'on' },
  does: { 'src.thread': 'connecting -> starting', link: '-> up' },
} as const

/** What the guest does, or has stopped doing, when the switchover comes. */
export const anyGuest = system('any guest', {
  about:
    'One precopy migration of a guest in every run state that can be migrated, to its end or to a failure; nobody quits, and nobody recovers a postcopy.',
  sides: { src: [runState, source, postcopySource], dst: [runState, destination, postcopyDestination] },
  shared,
  wires: stream,
  start: {
    'dst.vm': 'inmigrate',
    'src.vm': ['running', ...stopped, 'suspended'],
    'src.events': 'on',
    'dst.events': 'on',
    'dst.autostart': ['yes', 'no'],
    'src.pause-before-switchover': ['off', 'on'],
    'src.postcopy-ram': ['off', 'on'],
    'dst.postcopy-ram': ['off', 'on'],
    'src.others': ['unset', 'set'],
  },
  rules: { 'src: main loop': connect, network: [network[0]] },
  without: [
    ...noQuit,
    ...usualPostcopy,
    'be killed',
    'stop the running guest',
    'have an incoming guest wait',
    'continue a stopped guest',
    'shut the return path to cancel',
    'set out to recover',
    'set out to recover without a word',
    'cancel while connecting',
    'cancel for good while connecting',
    'cancel while the connection is being made',
  ],
})

const namesIn = (rules: { readonly [actor: string]: readonly { readonly name: string }[] }, ...actors: string[]) =>
  actors.flatMap(actor => (rules[actor] ?? []).map(rule => rule.name))

/** The guest's own doings. */
export const alone = system('guest', {
  about: 'One QEMU that does not migrate: what its guest, its devices and an operator do to its run state.',
  sides: { src: [runState, guest] },
  shared,
  start: { 'src.vm': ['running', 'prelaunch', 'inmigrate'], 'src.events': 'on' },
})

const kept = ['suspend to memory', 'reset the machine', 'wake the guest by itself']
/** Snapshots inside a disk, and dumps. */
export const saved = system('jobs', {
  about: 'One QEMU that saves and loads snapshots and dumps; of what its guest does, only what matters to these.',
  sides: { src: [runState, guest, jobs] },
  shared,
  start: {
    'src.vm': ['running', 'prelaunch', 'inmigrate', 'postmigrate', 'io-error'],
    'src.migration': ['none', 'active'],
    'src.events': 'on',
  },
  without: [
    ...namesIn(guest.rules, 'guest', 'device', 'debugger').filter(name => !kept.includes(name)),
    ...namesIn(guest.rules, 'monitor').filter(name => name.startsWith('set the actions')),
    'ask for a powerdown',
    ...noQuit,
    'be killed',
  ],
})

/** Whoever finds the listening socket: a port scanner, a health check, a source that dies too soon. */
export const strangers = system('strangers', {
  about:
    'One migration, with and without postcopy and one recovery, while somebody who is not the source connects to the destination; nobody cancels, kills or quits.',
  sides: { src: [runState, source, postcopySource], dst: [runState, destination, postcopyDestination] },
  shared,
  wires: stream,
  start: {
    'dst.vm': 'inmigrate',
    'src.events': 'on',
    'dst.events': 'on',
    'src.postcopy-ram': ['off', 'on'],
    'dst.postcopy-ram': ['off', 'on'],
    'dst.autostart': ['yes', 'no'],
  },
  rules: { 'src: main loop': [...connect, ...connectAgain], network },
  without: [
    ...noQuit,
    ...usualPostcopy.filter(name => !name.includes('stranger')),
    'be killed',
    'stop the running guest',
    'have an incoming guest wait',
    'continue a stopped guest',
    'cancel the migration',
    'cancel the setup',
    'shut the return path to cancel',
    'cancel the postcopy',
    'cancel while connecting',
    'cancel for good while connecting',
    'cancel while the connection is being made',
    'fail to listen',
    'fail to listen, to stay after an error',
    'fail to listen for the recovery',
  ],
})

/** Leaving in postcopy, when a vCPU may wait for a page that does not come. */
export const postcopyEnds = system('postcopy quit', {
  about:
    'Quit of either side, and stop, in postcopy; a vCPU of the destination may wait for a page; nobody cancels, recovers or kills.',
  sides: { src: [runState, source, postcopySource], dst: [runState, source, destination, postcopyDestination] },
  shared,
  wires: stream,
  start: {
    'dst.vm': 'inmigrate',
    'src.events': 'on',
    'dst.events': 'on',
    'src.postcopy-ram': 'on',
    'dst.postcopy-ram': 'on',
  },
  rules: { 'src: main loop': connect, network: [network[0]] },
  without: [
    'be told to end by a signal',
    ...usualPostcopy.filter(name => name !== 'have a vCPU wait for a page'),
    'be killed',
    'continue a stopped guest',
    'src: stop the running guest',
    'have an incoming guest wait',
    'cancel the migration',
    'cancel the setup',
    'shut the return path to cancel',
    'cancel the postcopy',
    'set out to recover',
    'set out to recover without a word',
    'cancel while connecting',
    'cancel for good while connecting',
    'cancel while the connection is being made',
    'dst: accept a migration',
    'listen, to stay after an error',
    'fail to listen',
    'fail to listen, to stay after an error',
    'fail to listen for the recovery',
  ],
})

/** `exec:`, `file:` and `fd:` need nobody who listens. */
const connectAnywhere = {
  name: 'connect to where nobody answers',
  cite: 'migration/file.c:file_connect_outgoing, migration/exec.c:exec_connect_outgoing, migration/migration.c:migration_start_outgoing',
  where: { 'src.process': 'alive', 'src.background-snapshot': 'off' },
  does: { 'src.thread': 'connecting -> starting', link: '-> up' },
} as const

/** A destination that is done may migrate on; where to, nobody told. */
const connectOn = {
  name: 'connect to where the guest goes on to',
  cite: 'migration/migration.c:migration_start_outgoing',
  where: {
    'dst.process': 'alive',
    'src.thread': 'none',
    'src.migration': ['none', 'completed', 'failed', 'cancelled'],
  },
  does: { 'dst.thread': 'connecting -> starting', link: '-> up', ...emptied },
} as const
/** The package says how the guest was; the rules of one side do not follow that. */
const tellSuspended = {
  name: 'tell with the package that the guest is suspended',
  cite: 'migration/global_state.c:global_state_post_load',
  where: { 'dst.process': 'alive', 'src.was': 'suspended', 'dst.coroutine': ['unpacking', 'unpacked', 'starting'] },
  does: { 'dst.source': 'running -> suspended' },
  since: '9.0',
} as const
/** What a link that stalls still holds when somebody shuts it has not arrived, and never does. */
const stalled = {
  name: 'lose what a link held that stalled',
  cite: 'shutdown(2)',
  on: { fault: 'stall' },
  does: { link: 'cut', 'dst>src.0': '-> empty', 'dst>src.1': '-> empty' },
} as const

/** The guest runs on while it is saved. */
export const snapshots = system('background snapshot', {
  about:
    'One QEMU that takes background snapshots, to a file or to a socket that may be cut; nobody reads them, and nobody quits.',
  sides: { src: [runState, source, backgroundSnapshot] },
  shared,
  start: {
    'src.vm': ['running', 'paused', 'prelaunch'],
    'src.events': 'on',
    'src.background-snapshot': 'on',
  },
  rules: { 'src: main loop': [connectSnapshot], network: [network[0]] },
  without: [...noQuit, ...usual.filter(name => name.startsWith('fail ') && name.includes('open')), 'be killed'],
})

/** How a pair is set up for COLO: what both sides need, and what 11.1 asks for besides. */
const setUp = {
  'dst.vm': 'inmigrate',
  'src.events': 'on',
  'dst.events': 'on',
  'src.x-colo': 'on',
  'dst.x-colo': 'on',
} as const
/** COLO needs a return path since 11.0, and breaks with one until 10.2. */
const wayBack = [{ since: '11.0', start: { 'src.return-path': 'on', 'dst.return-path': 'on' } }] as const
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
  starts: wayBack,
  rules: { 'src: main loop': connect, network },
  without: [...usual, ...noQuit, ...asUsual],
  speaksFor: { 'src.x-colo': 'on', 'dst.x-colo': 'on' },
})

/** Asking a pair in COLO for its status as it was proposed in 2018. */
export const proposed = system('COLO status as proposed', {
  about:
    'A pair with x-colo whose monitors answer query-colo-status as the patch of June 2018 does, one look at the status after the other.',
  sides: { src: [...inColo.src, proposal], dst: [...inColo.dst, proposal] },
  shared,
  wires: stream,
  start: { ...setUp, 'dst.vcpu': 'tcg' },
  starts: wayBack,
  rules: { 'src: main loop': connect, network },
  without: colo.without,
})

const newSecondary = [...inColo.dst, proposal] as const

/** Every variable of a destination, put back to where a new process has it. */
const afresh = Object.fromEntries(
  newSecondary
    .flatMap(({ variables }) => Object.entries(variables) as [string, readonly string[]][])
    .filter(([name]) => !(name in shared))
    .map(([name, values]) => [
      `dst.${name}`,
      `-> ${(setUp as { readonly [name: string]: string })[`dst.${name}`] ?? values[0]}`,
    ]),
)

/** COLO after COLO: a QEMU that took over as a secondary is given a secondary of its own, and then another. */
export const again = system('COLO again', {
  about:
    'A QEMU that took over as a secondary migrates to a new secondary, and to another one when that is gone; the link is cut where QEMU does it and where a process ends.',
  sides: { src: [runState, source, destination, failover, primary, secondary, proposal], dst: newSecondary },
  shared,
  wires: stream,
  starts: wayBack,
  start: {
    ...setUp,
    // What `take over` leaves behind, as a claim about a pair in COLO has it.
    'src.listening': 'yes',
    'src.incoming': 'completed',
    'src.coroutine': 'done',
    'src.secondary': 'gone',
    'src.lastMode': 'secondary',
    'src.failover': 'completed',
  },
  rules: {
    'src: main loop': connect,
    world: [
      {
        name: 'start a new secondary for the one that is gone',
        cite: 'qemu(1)',
        where: { 'src.thread': 'none', 'src.process': 'alive' },
        does: {
          ...afresh,
          'dst.process': 'gone -> alive',
          link: '-> down',
          path: '-> shut',
          'src>dst.0': '-> empty',
          'src>dst.1': '-> empty',
          'dst>src.0': '-> empty',
          'dst>src.1': '-> empty',
        } as never,
        may: true,
      },
    ],
  },
  without: colo.without,
})

/** The same on a machine with a vCPU, whose checkpoints have to wait for it. */
export const coloVcpu = system('COLO with a vCPU', {
  about:
    'A pair with x-colo whose guests have a vCPU that TCG runs: what waiting for it does to the locks; nobody cancels, cuts, quits or stops a guest by hand.',
  sides: inColo,
  shared,
  wires: stream,
  start: { ...setUp, 'src.vcpu': 'tcg', 'dst.vcpu': 'tcg' },
  starts: wayBack,
  rules: { 'src: main loop': connect },
  without: [
    ...noQuit,
    ...usual,
    ...asUsual,
    'be killed',
    'cancel in COLO',
    'cancel the migration',
    'cancel the setup',
    'shut the return path to cancel',
    'cut the link of COLO by a cancel',
    'src: accept a lost heartbeat on the primary',
  ],
  speaksFor: { 'src.x-colo': 'on', 'dst.x-colo': 'on', 'src.vcpu': 'tcg' },
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
  without: [...usual, 'dst: accept a migration', 'stop the running guest', 'be killed'],
})

/** Quit in COLO; the network is sound and nobody fails over. */
export const coloQuit = system('COLO quit', {
  about:
    'Quit of either side of a pair in COLO, at every point of the checkpoint protocol; nobody fails over, cancels or cuts.',
  sides: inColo,
  shared,
  wires: stream,
  start: setUp,
  starts: wayBack,
  rules: { 'src: main loop': connect },
  without: [
    ...usual,
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
  without: [...usual, ...noQuit, 'dst: accept a migration', 'be killed', 'stop the running guest'],
})

const stopsItself = [
  'panic and be paused',
  'pause the running guest for guest-panic',
  'find the guest stopped that is to be paused for guest-panic',
  'find the guest stopped that is to be stopped',
  'stop the running guest for guest-panicked',
  'suspend to memory',
  'suspend the guest',
]
/** A checkpoint stops the guest wherever it is, and finds that it has stopped already. */
export const coloStops = system('COLO of a guest that stops', {
  about:
    'A pair with x-colo whose guests came in any run state, suspend or panic; nobody fails over, cancels, cuts, quits or stops a guest by hand.',
  sides: { src: [...inColo.src, guest], dst: [...inColo.dst, guest] },
  shared,
  wires: stream,
  start: {
    ...setUp,
    'src.vm': ['running', ...stopped, 'suspended'],
    'src.panic': 'pause',
    'dst.panic': 'pause',
  },
  starts: wayBack,
  rules: { 'src: main loop': connect },
  without: [
    ...noQuit,
    ...usual,
    ...asUsual,
    'be killed',
    'cancel in COLO',
    'cancel the migration',
    'cancel the setup',
    'cancel while connecting',
    'cancel for good while connecting',
    'cancel while the connection is being made',
    'shut the return path to cancel',
    'cut the link of COLO by a cancel',
    'continue a stopped guest',
    'accept a lost heartbeat on the primary',
    ...[...new Set(Object.values(guest.rules).flatMap(rules => rules.map(rule => rule.name)))].filter(
      name => !stopsItself.includes(name),
    ),
  ],
})

/** A QEMU that was built without replication does not know COLO's commands. */
export const leftOut = system('COLO left out', {
  about: 'One QEMU that does not migrate, with and without replication built in: which of the COLO commands there are.',
  sides: { src: [runState, failover] },
  shared,
  start: { 'src.replication': ['built', 'left out'], 'src.events': 'on' },
  without: [...noQuit, 'be killed'],
})

/** COLO set on the source only. */
export const lopsidedSource = system('COLO on the source only', {
  about: 'x-colo on the source only, with and without a return path; nobody cancels, cuts, kills or stops a guest.',
  sides: inColo,
  shared,
  wires: stream,
  start: {
    'dst.vm': 'inmigrate',
    'src.events': 'on',
    'dst.events': 'on',
    'src.return-path': ['off', 'on'],
    'src.x-colo': 'on',
  },
  rules: { 'src: main loop': connect },
  without: [
    ...usual,
    ...noQuit,
    ...asUsual.slice(0, 2),
    'be killed',
    'cancel in COLO',
    'cancel the migration',
    'cancel the setup',
    'shut the return path to cancel',
    'cut the link of COLO by a cancel',
  ],
})

const whole = [
  runState,
  guest,
  jobs,
  settings,
  source,
  destination,
  postcopySource,
  postcopyDestination,
  backgroundSnapshot,
  failover,
  primary,
  secondary,
  yanks,
  queries,
] as const

/** Two whole QEMUs, either of which may be asked anything: what transcripts are held against. */
export const pair = system('pair', {
  about: 'Two whole QEMUs and the connection between them, for judging transcripts; too large to explore.',
  sides: { src: whole, dst: whole },
  shared,
  wires: stream,
  start: {
    'dst.vm': 'inmigrate',
    'src.vm': ['running', 'prelaunch'],
    'dst.autostart': ['yes', 'no'],
    // `-incoming` with an address listens from the start.
    'dst.listening': ['no', 'yes'],
    'dst.incoming': ['none', 'setup'],
    'src.vcpu': 'tcg',
    'dst.vcpu': 'tcg',
  },
  rules: {
    'src: main loop': [...connect, ...connectAgain, connectSnapshot, connectAnywhere],
    'dst: main loop': [connectOn, tellSuspended],
    network: [...network, stalled],
  },
  explored: false,
})

/** The wires of a log of one side: what it says is taken at once. */
const thin = (from: string, to: string) => [wire(from, to, 2, link), wire(to, from, 1, link)]

const loneEmptied = {
  source: { 'src>dst.0': '-> empty', 'src>dst.1': '-> empty', 'dst>src.0': '-> empty' },
  destination: { 'dst>src.0': '-> empty', 'dst>src.1': '-> empty', 'src>dst.0': '-> empty' },
} as const

/** The source of a pair of which only the source was recorded. */
export const loneSource = system('pair, of which the source is known', {
  about: 'One whole QEMU and any destination, for judging logs of one side.',
  sides: { src: whole, dst: [anyDestination] },
  shared,
  wires: thin('src', 'dst'),
  start: { 'src.vm': ['running', 'prelaunch', 'inmigrate'], 'src.vcpu': 'tcg' },
  rules: {
    'src: main loop': [
      connectSnapshot,
      {
        name: 'reach somebody',
        cite: 'migration/socket.c:socket_connect_outgoing, migration/migration.c:migration_start_outgoing',
        where: { 'src.return-path': 'off', 'src.postcopy-ram': 'off' },
        does: { 'src.thread': 'connecting -> starting', link: 'down -> up' },
      },
      {
        name: 'reach somebody and open a return path',
        cite: 'migration/migration.c:migration_start_outgoing, migration/migration.c:open_return_path_on_source',
        where: { 'src.return-path': 'on', 'src.postcopy-ram': 'off' },
        does: { 'src.thread': 'connecting -> starting', link: 'down -> up', path: '-> open' },
      },
      {
        name: 'reach somebody for what may become postcopy',
        cite: 'migration/migration.c:migration_start_outgoing, migration/savevm.c:qemu_savevm_send_postcopy_advise',
        where: { 'src.postcopy-ram': 'on' },
        does: { 'src.thread': 'connecting -> starting', link: 'down -> up', path: '-> open', advice: '-> given' },
      },
      {
        name: 'reach somebody again',
        cite: 'migration/socket.c:socket_connect_outgoing',
        does: {
          'src.resuming': 'connecting -> connected',
          link: '-> up',
          ...loneEmptied.source,
        },
      },
    ],
    network: [network[0]],
  },
  explored: false,
})

/** The destination of a pair of which only the destination was recorded. */
export const loneDestination = system('pair, of which the destination is known', {
  about: 'One whole QEMU and any source, for judging logs of one side.',
  sides: { src: [anySource], dst: whole },
  shared,
  wires: thin('dst', 'src'),
  start: {
    'dst.vm': ['inmigrate', 'running', 'prelaunch'],
    'dst.autostart': ['yes', 'no'],
    'dst.listening': ['no', 'yes'],
    'dst.incoming': ['none', 'setup'],
    'dst.vcpu': 'tcg',
  },
  rules: {
    world: [
      {
        name: 'be reached',
        cite: 'migration/socket.c:socket_accept_incoming_migration',
        where: { 'dst.listening': 'yes' },
        does: { link: 'down -> up' },
        may: true,
      },
      {
        name: 'be reached with a return path',
        cite: 'migration/socket.c:socket_accept_incoming_migration',
        where: { 'dst.listening': 'yes' },
        does: { link: 'down -> up', path: '-> open' },
        may: true,
      },
      {
        name: 'be reached for COLO',
        cite: 'migration/savevm.c:loadvm_process_command',
        where: { 'dst.listening': 'yes' },
        does: { link: 'down -> up', follows: '-> colo' },
        may: true,
      },
      {
        name: 'be reached for COLO with a return path',
        cite: 'migration/savevm.c:loadvm_process_command',
        where: { 'dst.listening': 'yes' },
        does: { link: 'down -> up', path: '-> open', follows: '-> colo' },
        may: true,
      },
      {
        name: 'be reached for what may become postcopy',
        cite: 'migration/socket.c:socket_accept_incoming_migration',
        where: { 'dst.listening': 'yes' },
        does: { link: 'down -> up', path: '-> open', advice: '-> given' },
        may: true,
      },
      {
        name: 'be reached again',
        cite: 'migration/socket.c:socket_accept_incoming_migration',
        where: { 'dst.listening': 'yes', 'dst.incoming': 'postcopy-paused', 'dst.stranger': 'none' },
        does: {
          link: 'cut -> up',
          'dst.calling': '-> yes',
          ...loneEmptied.destination,
        },
        may: true,
      },
    ],
    network: [network[0]],
  },
  explored: false,
})

export const systems = [
  setting,
  alone,
  saved,
  precopy,
  anyGuest,
  postcopy,
  strangers,
  postcopyEnds,
  snapshots,
  colo,
  coloVcpu,
  proposed,
  again,
  ends,
  coloQuit,
  lopsided,
  lopsidedSource,
  leftOut,
  coloStops,
  pair,
  loneSource,
  loneDestination,
] as const
