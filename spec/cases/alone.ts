/**
 * One QEMU that does not migrate: what stops its guest, starts it, resets it, saves
 * it and dumps it, and what its guest does by itself.  A migration meets each of these.
 */
import {
  type Act,
  type Arguments,
  asks,
  awaits,
  burst,
  type Case,
  cue,
  pause,
  refused,
  send,
  tries,
  wait,
} from '../script.ts'
import { concluded, diskOn, inDisk, load, lone, type More, numbered, opens, runs, save } from './common.ts'

const busy: More = { guest: 'busy' }
const stop = send('src', 'stop')
const cont = send('src', 'cont')
const reset = send('src', 'system_reset')
const act = (actions: Arguments): Act => send('src', 'set-action', actions)
/** The guest is in this run state. */
const comes = (status: string): Act => asks('src', 'query-status', { status })
const suspended: readonly Act[] = [cue('src', 'suspend'), comes('suspended')]
const dump: Arguments = { paging: false, protocol: 'file:/dev/null' }
const aside: Arguments = { ...dump, detach: true }
const dumped = awaits('src', 'DUMP_COMPLETED')

/** Every way to mention, or not to mention, the three actions that outlive the command. */
const everyAction: readonly Arguments[] = ['', 'reset', 'shutdown'].flatMap(reboot =>
  ['', 'poweroff', 'pause'].flatMap(shutdown =>
    ['', 'pause', 'shutdown', 'none', 'exit-failure'].map(panic => ({
      ...(reboot && { reboot }),
      ...(shutdown && { shutdown }),
      ...(panic && { panic }),
    })),
  ),
)

/** What becomes of a guest that asks for its end, its reset, or panics, whatever was set before. */
const asked: readonly (readonly [string, Arguments, Parameters<typeof cue>[1], string])[] = [
  ['power-off', { shutdown: 'poweroff' }, 'power off', 'SHUTDOWN'],
  ['power-off', { shutdown: 'pause' }, 'power off', 'SHUTDOWN'],
  ['reset', { reboot: 'reset' }, 'reset', 'RESET'],
  ['reset', { reboot: 'shutdown' }, 'reset', 'SHUTDOWN'],
  ['reset', { reboot: 'shutdown', shutdown: 'pause' }, 'reset', 'SHUTDOWN'],
  ['panic', { panic: 'none' }, 'panic', 'GUEST_PANICKED'],
  ['panic', { panic: 'pause' }, 'panic', 'GUEST_PANICKED'],
  ['panic', { panic: 'shutdown' }, 'panic', 'GUEST_PANICKED'],
  ['panic', { panic: 'shutdown', shutdown: 'pause' }, 'panic', 'GUEST_PANICKED'],
  ['panic', { panic: 'exit-failure' }, 'panic', 'GUEST_PANICKED'],
  ['crash-kernel', {}, 'load its crash kernel', 'GUEST_CRASHLOADED'],
  ['hibernate', {}, 'hibernate', 'SUSPEND_DISK'],
  ['suspend', {}, 'suspend', 'SUSPEND'],
]

/** What a watchdog does. */
const barks = ['reset', 'shutdown', 'poweroff', 'pause', 'inject-nmi', 'debug', 'none'] as const

const disk = diskOn('file')
const disks: More = { ...busy, ...opens, capabilities: [] }

/** Snapshots inside a disk: how the guest was when it was saved, and is when it is loaded. */
const snapshots: readonly (readonly [string, readonly Act[]])[] = [
  ['Saves a running guest and loads it over itself.', [...save, runs('src'), ...load, runs('src')]],
  ['Saves a running guest and loads it over a stopped one.', [...save, stop, ...load, runs('src', false)]],
  ['Saves a stopped guest and loads it over a running one.', [stop, ...save, cont, ...load, runs('src')]],
  ['Saves a stopped guest and loads it over itself.', [stop, ...save, ...load, cont, runs('src')]],
  ['Saves a suspended guest and loads it over itself.', [...suspended, ...save, ...load]],
  [
    'Saves a suspended guest and loads it over a running one.',
    [...suspended, ...save, send('src', 'system_wakeup'), comes('running'), ...load],
  ],
  [
    'Saves a suspended guest and loads it over a stopped one.',
    [...suspended, ...save, send('src', 'system_wakeup'), comes('running'), stop, ...load],
  ],
  ['Saves a running guest and loads it over a suspended one.', [...save, ...suspended, ...load]],
  ['Saves a stopped guest and loads it over a suspended one.', [stop, ...save, cont, ...suspended, ...load]],
  ['Loads over a running guest what is not there.', load],
  ['Loads over a stopped guest what is not there.', [stop, ...load]],
  ['Loads over a suspended guest what is not there.', [...suspended, ...load]],
  [
    'Saves twice under one name of a job.',
    [burst('src', ['snapshot-save', inDisk], ['snapshot-save', inDisk]), concluded],
  ],
  [
    'Loads twice under one name of a job.',
    [...save, burst('src', ['snapshot-load', inDisk], ['snapshot-load', inDisk]), concluded],
  ],
  ['Saves and stops right behind.', [burst('src', ['snapshot-save', inDisk], 'stop', 'cont'), concluded]],
  ['Saves and resets right behind.', [burst('src', ['snapshot-save', inDisk], 'system_reset'), concluded]],
  ['Loads and resets right behind.', [...save, burst('src', ['snapshot-load', inDisk], 'system_reset'), concluded]],
  ['Saves while a dump is made.', [burst('src', ['dump-guest-memory', aside], ['snapshot-save', inDisk]), concluded]],
  [
    'Saves while a migration is under way.',
    [
      send('src', 'migrate-set-parameters', { 'max-bandwidth': 40_000, 'downtime-limit': 1 }),
      send('src', 'migrate', { uri: 'exec:cat > /dev/null' }),
      wait(0.2),
      ...save,
    ],
  ],
]

/** Dumps, and what comes while one is made. */
const dumps: readonly (readonly [string, readonly Act[], More?])[] = [
  ['Dumps a running guest.', [send('src', 'dump-guest-memory', dump), runs('src')]],
  ['Dumps a running guest beside the monitor.', [send('src', 'dump-guest-memory', aside), dumped, runs('src')]],
  ['Dumps a stopped guest.', [stop, send('src', 'dump-guest-memory', dump)]],
  ['Dumps a stopped guest beside the monitor.', [stop, send('src', 'dump-guest-memory', aside), dumped]],
  ['Dumps a suspended guest.', [...suspended, send('src', 'dump-guest-memory', dump)]],
  ['Dumps a suspended guest beside the monitor.', [...suspended, send('src', 'dump-guest-memory', aside), dumped]],
  [
    'Asks for a second dump in a dump.',
    [burst('src', ['dump-guest-memory', aside], ['dump-guest-memory', dump], ['dump-guest-memory', aside]), dumped],
  ],
  ['Stops and continues in a dump.', [burst('src', ['dump-guest-memory', aside], 'stop', 'cont'), dumped]],
  [
    'Stops and continues in a dump of a stopped guest.',
    [stop, burst('src', ['dump-guest-memory', aside], 'stop', 'cont'), dumped],
  ],
  [
    'Migrates in a dump.',
    [burst('src', ['dump-guest-memory', aside], ['migrate', { uri: 'exec:cat > /dev/null' }]), dumped],
  ],
  ['Resets in a dump.', [burst('src', ['dump-guest-memory', aside], 'system_reset'), wait(0.5)]],
  [
    'Resets in a dump of a stopped guest.',
    [stop, burst('src', ['dump-guest-memory', aside], 'system_reset'), wait(0.5)],
  ],
  ['Quits in a dump.', [burst('src', ['dump-guest-memory', aside], 'quit'), wait(0.5)]],
  [
    'Dumps while a migration is under way.',
    [
      send('src', 'migrate-set-parameters', { 'max-bandwidth': 40_000, 'downtime-limit': 1 }),
      send('src', 'migrate', { uri: 'exec:cat > /dev/null' }),
      wait(0.2),
      refused('src', 'dump-guest-memory', dump),
      send('src', 'migrate_cancel'),
    ],
  ],
]

/** Stopping and starting, in run states that a guest or an operator brings about. */
const turns: readonly (readonly [string, readonly Act[], More?])[] = [
  ['Stops a guest, twice, and continues it, twice.', [stop, stop, cont, cont]],
  [
    'Stops a suspended guest, continues it, and wakes it.',
    [
      ...suspended,
      stop,
      // Until 8.2 a suspended guest is not stopped at all.
      wait(0.1),
      tries('src', 'system_wakeup'),
      cont,
      wait(0.1),
      tries('src', 'system_wakeup'),
    ],
  ],
  ['Continues a suspended guest.', [...suspended, cont, comes('suspended')]],
  ['Quits while the guest is suspended.', [...suspended, send('src', 'quit')]],
  ['Quits while the guest is stopped.', [stop, send('src', 'quit')]],
  ['Resets a suspended guest.', [...suspended, reset, wait(0.3), tries('src', 'cont')]],
  ['Resets a stopped guest.', [stop, reset]],
  [
    'Resets a guest that has panicked.',
    [act({ panic: 'pause' }), cue('src', 'panic'), comes('guest-panicked'), reset, cont],
  ],
  [
    'Continues a guest that has panicked.',
    [act({ panic: 'pause' }), cue('src', 'panic'), comes('guest-panicked'), stop, cont],
  ],
  [
    'Tries to continue a guest that has shut down, then resets it.',
    [act({ shutdown: 'pause' }), cue('src', 'power off'), comes('shutdown'), tries('src', 'cont'), stop, reset, cont],
  ],
  ['Resets a guest whose reset ends it.', [act({ reboot: 'shutdown' }), reset, wait(0.5)]],
  [
    'Resets a guest whose reset ends it in a pause.',
    [act({ reboot: 'shutdown', shutdown: 'pause' }), reset, comes('shutdown')],
  ],
  [
    'Resets a stopped guest whose reset ends it in a pause.',
    [act({ reboot: 'shutdown', shutdown: 'pause' }), stop, reset, wait(0.3)],
  ],
  [
    'Resets a suspended guest whose reset ends it in a pause.',
    [act({ reboot: 'shutdown', shutdown: 'pause' }), ...suspended, reset, wait(0.3)],
  ],
  [
    'Resets a guest, and again, before its end.',
    [
      burst(
        'src',
        ['set-action', { reboot: 'shutdown', shutdown: 'pause' }],
        'system_reset',
        ['set-action', { reboot: 'reset' }],
        'system_reset',
      ),
      wait(0.3),
    ],
  ],
  ['Resets and stops at once.', [burst('src', 'system_reset', 'stop', 'system_reset', 'cont')]],
  ['Wakes a running guest.', [refused('src', 'system_wakeup')]],
  ['Presses the button.', [send('src', 'system_powerdown'), awaits('src', 'POWERDOWN')]],
  ['Presses the button and resets at once.', [burst('src', 'system_powerdown', 'system_reset'), wait(0.2)]],
  ['Starts a guest that was never started.', [comes('prelaunch'), stop, cont, runs('src')], { paused: true }],
  ['Has the guest reset while it is being stopped.', [cue('src', 'reset'), stop, pause(0.1), cont]],
  ['Has the guest suspend while it is being stopped.', [cue('src', 'suspend'), stop, pause(0.1), cont]],
  [
    'Has the guest power off while it is being stopped.',
    [act({ shutdown: 'pause' }), cue('src', 'power off'), stop, pause(0.1)],
  ],
  [
    'Has the guest panic while it is being stopped.',
    [act({ panic: 'pause' }), cue('src', 'panic'), stop, pause(0.1), cont],
  ],
  [
    'Has the watchdog pause a guest, and continues it.',
    [act({ watchdog: 'pause' }), cue('src', 'let the watchdog bark'), comes('watchdog'), stop, cont],
  ],
  [
    'Has the watchdog reset a guest whose reset ends it.',
    [act({ watchdog: 'reset', reboot: 'shutdown' }), cue('src', 'let the watchdog bark'), wait(0.5)],
  ],
]

/** Every case of one QEMU that does not migrate. */
export const alone: readonly Case[] = [
  lone(
    'alone/set-action/1',
    'Sets every combination of what becomes of a reset, a shutdown and a panic.',
    'Each is accepted, and nothing comes of it.',
    everyAction.map(actions => act(actions)),
  ),
  ...asked.map(([name, actions, what, event], i) =>
    lone(
      `alone/${name}/${i + 1}`,
      `Has the guest ${what}, after set-action ${JSON.stringify(actions)}.`,
      'The guest and the process end, or go on, as the actions say.',
      [...(Object.keys(actions).length > 0 ? [act(actions)] : []), cue('src', what), awaits('src', event), wait(0.3)],
      busy,
    ),
  ),
  ...barks.map((watchdog, i) =>
    lone(
      `alone/watchdog/${i + 1}`,
      `Lets a watchdog bark whose action is ${watchdog}.`,
      'WATCHDOG names the action, and it is done.',
      [act({ watchdog }), cue('src', 'let the watchdog bark'), awaits('src', 'WATCHDOG'), wait(0.3)],
      busy,
    ),
  ),
  ...numbered('alone/turn', turns, 'The run state follows, and each change is announced.', busy),
  ...numbered('alone/dump', dumps, 'The guest stands still meanwhile and goes on as before.', { ...busy, ...opens }),
  ...numbered(
    'alone/snapshot',
    snapshots.map(([description, script]) => [description, [...disk, ...script]] as const),
    'The guest stands still meanwhile and is then as it was saved.',
    disks,
  ),
]
