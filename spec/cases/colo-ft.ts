/**
 * COLO-FT as QEMU's manual has it (docs/system/qemu-colo.rst): replicated disks, an
 * NBD server, and filters that compare what the two guests send.
 *
 * The manual's taps are a hub without a host, its addresses unix sockets.  What a
 * command of the procedure does to disks and filters is in no rule: where QEMU
 * refuses one, the case ends there, and nothing is concluded.
 */
import {
  type Act,
  again,
  announced,
  awaits,
  type Case,
  kill,
  type Outfit,
  refused,
  type Side,
  send,
  tries,
  wait,
} from '../script.ts'
import {
  checkpoint,
  checkpointDelay,
  heartbeat,
  listen,
  type More,
  migrate,
  noMoreCheckpoints,
  pair,
  runs,
  snapshot,
  withColo,
} from './common.ts'

const objects = ['colo-compare', 'filter-mirror', 'filter-redirector', 'filter-rewriter', 'iothread']
const drivers = ['nbd', 'qcow2', 'quorum', 'replication']
const mebibytes = 16

/** A device that the guest of a machine with a bus has, and the interface of its disk. */
const network = ['-netdev', 'hubport,id=hn0,hubid=0']
const card = ['-device', 'rtl8139,id=e0,netdev=hn0,romfile=']
const disk = (bus: 'none' | 'ide', rest: string) => ['-drive', `if=${bus},id=colo-disk0,driver=quorum,${rest}`]
const socket = (id: string, path: string, server = false) => [
  '-chardev',
  `socket,id=${id},path={dir}/${path}${server ? ',server=on,wait=off' : ''}`,
]

/** Step 1 of the manual. */
const primary = (bus: 'none' | 'ide'): Outfit => ({
  words: [
    ...network,
    ...(bus === 'none' ? [] : card),
    ...socket('mirror0', 'mirror', true),
    ...socket('compare1', 'secondary', true),
    ...socket('compare0', 'primary', true),
    ...socket('compare0-0', 'primary'),
    ...socket('compare_out', 'out', true),
    ...socket('compare_out0', 'out'),
    ...['-object', 'filter-mirror,id=m0,netdev=hn0,queue=tx,outdev=mirror0'],
    ...['-object', 'filter-redirector,netdev=hn0,id=redire0,queue=rx,indev=compare_out'],
    ...['-object', 'filter-redirector,netdev=hn0,id=redire1,queue=rx,outdev=compare0'],
    ...['-object', 'iothread,id=iothread1'],
    ...[
      '-object',
      'colo-compare,id=comp0,primary_in=compare0-0,secondary_in=compare1,outdev=compare_out0,iothread=iothread1',
    ],
    ...disk(bus, 'read-pattern=fifo,vote-threshold=1,children.0.file.filename={own}/disk.raw,children.0.driver=raw'),
  ],
  disks: [{ name: 'disk.raw', format: 'raw', mebibytes }],
})

/** Step 2; `top` is the disk that the replication is told it is part of. */
const secondary = (bus: 'none' | 'ide', top = 'colo-disk0'): Outfit => ({
  words: [
    ...network,
    ...(bus === 'none' ? [] : card),
    ...socket('red0', 'mirror'),
    ...socket('red1', 'secondary'),
    ...['-object', 'filter-redirector,id=f1,netdev=hn0,queue=tx,indev=red0'],
    ...['-object', 'filter-redirector,id=f2,netdev=hn0,queue=rx,outdev=red1'],
    ...['-object', 'filter-rewriter,id=rew0,netdev=hn0,queue=all'],
    ...['-drive', 'if=none,id=parent0,file.filename={own}/disk.raw,driver=raw'],
    '-drive',
    [
      `if=none,id=childs0,driver=replication,mode=secondary,top-id=${top},file.driver=qcow2`,
      'file.file.filename={own}/active.qcow2,file.backing.driver=qcow2',
      'file.backing.file.filename={own}/hidden.qcow2,file.backing.backing=parent0',
    ].join(),
    ...disk(bus, 'read-pattern=fifo,vote-threshold=1,children.0=childs0'),
  ],
  disks: [
    { name: 'disk.raw', format: 'raw', mebibytes },
    { name: 'active.qcow2', format: 'qcow2', mebibytes },
    { name: 'hidden.qcow2', format: 'qcow2', mebibytes },
  ],
})

const nbd = { type: 'unix', path: '{dir}/nbd' } as const
/** Step 3: the disk of the secondary can be reached. */
const serve: readonly Act[] = [
  send('dst', 'nbd-server-start', { addr: { type: 'unix', data: { path: nbd.path } } }),
  send('dst', 'nbd-server-add', { device: 'parent0', writable: true }),
]
/** Step 4: the disk of the primary has that one as its second child. */
const attach: readonly Act[] = [
  send('src', 'blockdev-add', {
    driver: 'nbd',
    'node-name': 'nbd0',
    server: nbd,
    export: 'parent0',
    'detect-zeroes': 'on',
  }),
  send('src', 'x-blockdev-change', { parent: 'colo-disk0', node: 'nbd0' }),
]
/** The same as manuals before 2019 had it: the primary has a part in the replication, too. */
const attachReplication: readonly Act[] = [
  send('src', 'blockdev-add', {
    driver: 'replication',
    mode: 'primary',
    'node-name': 'nbd0',
    file: { driver: 'nbd', server: nbd, export: 'parent0' },
  }),
  send('src', 'x-blockdev-change', { parent: 'colo-disk0', node: 'nbd0' }),
]
const inColo = (joined: readonly Act[], ms: number): readonly Act[] => [
  ...serve,
  listen,
  ...joined,
  checkpointDelay(ms),
  migrate,
  announced('dst', 'colo'),
  announced('src', 'colo'),
  awaits('src', 'RESUME'),
]
/** A pair that replicates, with one checkpoint behind it. */
const replicating = (joined = attach): readonly Act[] => [...inColo(joined, 150), ...checkpoint]

/** What the primary is told once its secondary is gone. */
const dropSecondary: readonly Act[] = [
  send('src', 'x-blockdev-change', { parent: 'colo-disk0', child: 'children.1' }),
  send('src', 'blockdev-del', { 'node-name': 'nbd0' }),
  ...['comp0', 'iothread1', 'm0', 'redire0', 'redire1'].map(id => send('src', 'object-del', { id })),
]
const left = (at: Side): readonly Act[] => [awaits(at, 'MIGRATION', { status: 'completed' }), runs(at)]
const failOverPrimary: readonly Act[] = [...dropSecondary, heartbeat('src'), ...left('src')]
const failOverSecondary: readonly Act[] = [send('dst', 'nbd-server-stop'), heartbeat('dst'), ...left('dst')]
/** What the secondary has no use for any more. */
const dropPrimary: readonly Act[] = [
  ...['f2', 'f1'].map(id => send('dst', 'object-del', { id })),
  ...['red1', 'red0'].map(id => send('dst', 'chardev-remove', { id })),
]

/** The disk of who is the source, copied to that of a new secondary; what it is compared with comes afterwards. */
const copy: readonly Act[] = [
  send('src', 'drive-mirror', {
    device: 'colo-disk0',
    'job-id': 'resync',
    target: 'nbd+unix:///parent0?socket={dir}/nbd',
    mode: 'existing',
    format: 'raw',
    sync: 'full',
  }),
  awaits('src', 'BLOCK_JOB_READY'),
  send('src', 'stop'),
  send('src', 'block-job-cancel', { device: 'resync' }),
  awaits('src', 'BLOCK_JOB_COMPLETED'),
]
/** The filters of a primary, before what else its network has. */
const filter = (type: string, id: string, more: { readonly [name: string]: string }): Act =>
  send('src', 'object-add', { 'qom-type': type, id, ...more })
const filters = (place: { readonly [name: string]: string } = {}): readonly Act[] => [
  filter('filter-mirror', 'm0', { ...place, netdev: 'hn0', queue: 'tx', outdev: 'mirror0' }),
  filter('filter-redirector', 'redire0', { ...place, netdev: 'hn0', queue: 'rx', indev: 'compare_out' }),
  filter('filter-redirector', 'redire1', { ...place, netdev: 'hn0', queue: 'rx', outdev: 'compare0' }),
  filter('iothread', 'iothread1', {}),
  filter('colo-compare', 'comp0', {
    primary_in: 'compare0-0',
    secondary_in: 'compare1',
    outdev: 'compare_out0',
    iothread: 'iothread1',
  }),
]
/** The sockets that a new primary needs, as they were on the command line of the first. */
const chardev = (id: string, path: string, server: boolean): Act =>
  send('dst', 'chardev-add', {
    id,
    backend: {
      type: 'socket',
      data: { addr: { type: 'unix', data: { path: `{dir}/${path}` } }, server, ...(server && { wait: false }) },
    },
  })
const becomePrimary: readonly Act[] = [
  chardev('mirror0', 'mirror', true),
  chardev('compare1', 'secondary', true),
  chardev('compare0', 'primary', true),
  chardev('compare0-0', 'primary', false),
  chardev('compare_out', 'out', true),
  chardev('compare_out0', 'out', false),
]
/** A pair replicates once more, in its second life. */
const resumed = (place: { readonly [name: string]: string } = {}): readonly Act[] => [
  ...serve,
  ...copy,
  ...attach,
  ...filters(place),
  send('src', 'migrate-set-capabilities', { capabilities: [{ capability: 'x-colo', state: true }] }),
  checkpointDelay(150),
  listen,
  migrate,
  announced('dst', 'colo'),
  announced('src', 'colo'),
  awaits('src', 'RESUME'),
  ...checkpoint,
  ...snapshot('src', 'dst'),
  ...checkpoint,
  noMoreCheckpoints,
]

const bare: More = {
  machine: 'none',
  capabilities: withColo,
  end: 'kill',
  real: 'a reference endpoint has neither disks nor filters',
  outfit: { src: primary('none'), dst: secondary('none') },
  parts: { objects, drivers },
}
const withVcpu: More = {
  ...bare,
  outfit: { src: primary('ide'), dst: secondary('ide') },
  since: '11.0',
  why: 'before, COLO freezes or aborts with a vCPU under TCG',
}
/** The same without a vCPU, in any release, and with one. */
const { machine: _, ...onPc } = withVcpu
const leaves = 'One COLO_EXIT is said, COLO is left, and the guest runs on.'

const eitherWay = (
  id: string,
  description: string,
  expectation: string,
  script: readonly Act[],
  more: More = {},
): readonly Case[] => [
  pair(`${id}/1`, description, expectation, script, { ...bare, ...more }),
  pair(`${id}/2`, `${description}  With a vCPU.`, expectation, script, onPc),
]

/** Every case of COLO-FT. */
export const coloFt: readonly Case[] = [
  ...eitherWay(
    'coloft/checkpoints',
    'Sets up the whole of COLO-FT, lets four checkpoints pass, and asks both sides how they are.',
    'Both sides stay in colo; each checkpoint is one STOP and one RESUME on each.',
    [...replicating(), ...snapshot('src', 'dst'), ...checkpoint, ...checkpoint, ...checkpoint, noMoreCheckpoints],
    { quick: true },
  ),
  pair(
    'coloft/checkpoints/3',
    'Does the same with the replication driver on the primary, too.',
    'Both sides stay in colo; each checkpoint is one STOP and one RESUME on each.',
    [...replicating(attachReplication), ...snapshot('src', 'dst'), ...checkpoint, noMoreCheckpoints],
    bare,
  ),
  ...eitherWay(
    'coloft/failover-primary',
    'Kills the secondary; the primary drops its disk and its filters, and is told that the heartbeat is lost.',
    leaves,
    [...replicating(), kill('dst'), wait(0.2), ...failOverPrimary, refused('src', 'x-colo-lost-heartbeat')],
    { quick: true },
  ),
  pair(
    'coloft/failover-primary/3',
    'Kills the secondary and tells the primary so at once, which keeps the disk and the filters.',
    leaves,
    [...replicating(), kill('dst'), tries('src', 'x-colo-lost-heartbeat'), ...left('src'), ...snapshot('src')],
    bare,
  ),
  ...eitherWay(
    'coloft/failover-secondary',
    'Kills the primary; the secondary ends its NBD server and is told that the heartbeat is lost.',
    leaves,
    [...replicating(), kill('src'), wait(0.2), ...failOverSecondary, ...dropPrimary, ...snapshot('dst')],
    { quick: true },
  ),
  pair(
    'coloft/failover-secondary/3',
    'Kills the primary and tells the secondary so, which keeps its NBD server and its filters.',
    leaves,
    [...replicating(), kill('src'), heartbeat('dst'), ...left('dst'), ...snapshot('dst')],
    bare,
  ),
  ...eitherWay(
    'coloft/resume-primary',
    'Fails over to the primary, starts a new secondary, copies the disk, and has both replicate again.',
    'COLO comes back: both sides stay in colo, and checkpoints are taken.',
    [...replicating(), kill('dst'), wait(0.2), ...failOverPrimary, again('src'), ...resumed()],
  ),
  ...eitherWay(
    'coloft/resume-secondary',
    'Fails over to the secondary, which becomes the primary of a new secondary, with a copy of its disk.',
    'COLO comes back with the parts changed: both sides stay in colo, and checkpoints are taken.',
    [
      ...replicating(),
      kill('src'),
      wait(0.2),
      ...failOverSecondary,
      ...dropPrimary,
      ...becomePrimary,
      again('dst'),
      ...resumed({ insert: 'before', position: 'id=rew0' }),
    ],
  ),
  pair(
    'coloft/resume-secondary/3',
    'Does the same, and then fails over to the one that was started last.',
    'COLO comes back, and each failover leaves one guest that runs.',
    [
      ...replicating(),
      kill('src'),
      wait(0.2),
      ...failOverSecondary,
      ...dropPrimary,
      ...becomePrimary,
      again('dst'),
      ...resumed({ insert: 'before', position: 'id=rew0' }),
      kill('src'),
      wait(0.2),
      ...failOverSecondary,
      ...snapshot('dst'),
    ],
    bare,
  ),
  pair(
    'coloft/failover-both/1',
    'Tells the primary, and then the secondary, that the heartbeat is lost, while both live.',
    'Each leaves COLO; both guests run, for both were told so.',
    [
      ...replicating(),
      ...failOverPrimary,
      wait(0.2),
      send('dst', 'nbd-server-stop'),
      tries('dst', 'x-colo-lost-heartbeat'),
      wait(0.5),
      ...snapshot('src', 'dst'),
    ],
    bare,
  ),
  pair(
    'coloft/nbd-gone/1',
    'Ends the NBD server while COLO is at work.',
    'The quorum goes on with the disk of the primary alone, and so does COLO.',
    [
      ...replicating(),
      send('dst', 'nbd-server-stop'),
      ...checkpoint,
      noMoreCheckpoints,
      wait(0.2),
      ...snapshot('src', 'dst'),
    ],
    bare,
  ),
  pair(
    'coloft/no-start/1',
    'The replication of the secondary is told of a top disk that there is not, so that it cannot start.',
    'The secondary says COLO_EXIT before the first checkpoint; the primary hears of nothing, and waits.',
    [...serve, listen, ...attach, migrate, announced('dst', 'colo'), wait(1), ...snapshot('src', 'dst')],
    { ...bare, outfit: { src: primary('none'), dst: secondary('none', 'nobody') } },
  ),
  pair(
    'coloft/no-start/2',
    'Does the same, and tells the primary, and then the secondary, that the heartbeat is lost.',
    'Each leaves COLO, and the guest of the primary runs on.',
    [
      ...serve,
      listen,
      ...attach,
      migrate,
      awaits('dst', 'COLO_EXIT'),
      announced('src', 'colo'),
      tries('src', 'x-colo-lost-heartbeat'),
      wait(0.5),
      ...snapshot('src'),
      tries('dst', 'x-colo-lost-heartbeat'),
      wait(0.5),
      ...snapshot('dst'),
    ],
    { ...bare, outfit: { src: primary('none'), dst: secondary('none', 'nobody') } },
  ),
  pair(
    'coloft/no-start/3',
    'The replication of the primary is started by hand, so that COLO cannot start it; then the primary is told.',
    'The primary says COLO_EXIT before the first checkpoint, and its guest runs on once it is told.',
    [
      ...serve,
      listen,
      ...attachReplication,
      send('src', 'xen-set-replication', { enable: true, primary: true }),
      migrate,
      awaits('src', 'COLO_EXIT'),
      tries('src', 'x-colo-lost-heartbeat'),
      wait(0.5),
      ...snapshot('src', 'dst'),
    ],
    bare,
  ),
  pair(
    'coloft/no-server/1',
    'Migrates without the NBD server, and without the disk of the secondary in the quorum.',
    'The replication starts all the same, and COLO goes on.',
    [listen, checkpointDelay(150), migrate, announced('src', 'colo'), wait(1), ...snapshot('src', 'dst')],
    bare,
  ),
]
