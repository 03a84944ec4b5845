/** Background snapshots: the guest stays, and its state goes into a file. */
import { announced, asks, type Case, refused, send, wait } from '../script.ts'
import { cancel, lone, snapshot as look, type More, runs, set, wide } from './common.ts'

const busy: More = {
  guest: 'busy',
  capabilities: ['events', 'background-snapshot'],
  real: 'a reference endpoint opens neither files nor commands',
}
const into = send('src', 'migrate', { uri: 'exec:cat > /dev/null' })
const taken = 'The source completes, and its guest runs on.'
const held = [set('src', { 'max-bandwidth': 100_000 }), into, announced('src', 'active')]

/** Every case of a background snapshot. */
export const snapshot: readonly Case[] = [
  lone(
    'snapshot/complete/1',
    'Takes a snapshot of a busy guest.',
    taken,
    [into, announced('src', 'completed'), runs('src')],
    { ...busy, quick: true },
  ),
  lone(
    'snapshot/complete/2',
    'Takes a snapshot while the guest goes on writing, and looks at it on the way.',
    taken,
    [...held, ...look('src'), wait(0.2), wide, announced('src', 'completed'), runs('src')],
    busy,
  ),
  lone(
    'snapshot/complete/3',
    'Takes two snapshots, one after the other.',
    taken,
    [
      into,
      announced('src', 'completed'),
      asks('src', 'query-migrate', { status: 'completed' }),
      wait(0.2),
      into,
      announced('src', 'completed'),
      runs('src'),
    ],
    busy,
  ),
  lone(
    'snapshot/complete/4',
    'Takes a snapshot of a guest that was stopped.',
    'The source completes, and its guest is paused as before; in 7.2 it is started.',
    [send('src', 'stop'), into, announced('src', 'completed'), wait(0.3)],
    busy,
  ),
  lone(
    'snapshot/cancel/1',
    'Cancels a snapshot while it is active.',
    'The source announces cancelled; its guest runs on, or waits for memory that stays protected.',
    [...held, cancel, announced('src', 'cancelled'), wait(0.3)],
    busy,
  ),
  lone(
    'snapshot/dead/1',
    'Takes a snapshot to an address where nobody listens.',
    'The source announces failed, and its guest runs on.',
    [send('src', 'migrate', { uri: '{dead}' }), announced('src', 'failed'), runs('src')],
    { ...busy, capabilities: ['events', 'background-snapshot'] },
  ),
  lone(
    'snapshot/prelaunch/1',
    'Takes a snapshot of a guest that has never been started.',
    'QEMU aborts: a claim forbids it.',
    [into, wait(0.5)],
    {
      ...busy,
      paused: true,
    },
  ),
  lone(
    'snapshot/refused/1',
    'Sets what does not go with background-snapshot.',
    'Each is refused, and a snapshot is taken.',
    [
      ...['postcopy-ram', 'multifd', 'return-path', 'xbzrle', 'auto-converge'].map(capability =>
        refused('src', 'migrate-set-capabilities', { capabilities: [{ capability, state: true }] }),
      ),
      into,
      announced('src', 'completed'),
    ],
    busy,
  ),
  lone(
    'snapshot/stop/1',
    'Stops and continues the guest while a snapshot is written, as soon as it is active.',
    'The snapshot completes, or, where the guest is continued while the snapshot has it stop, is active for ever.',
    [...held, send('src', 'stop'), send('src', 'cont'), wide, wait(1), runs('src')],
    busy,
  ),
  lone(
    'snapshot/reset/1',
    'Resets the guest while a snapshot is written.',
    taken,
    [...held, send('src', 'system_reset'), wide, announced('src', 'completed'), runs('src')],
    busy,
  ),
  lone(
    'snapshot/quit/1',
    'Quits while a snapshot is written.',
    'The source exits.',
    [...held, send('src', 'quit'), wait(0.5)],
    busy,
  ),
]
