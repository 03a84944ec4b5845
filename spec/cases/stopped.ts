/** Migrations of guests that do not run: each run state is told to the destination, which keeps it, or does not. */
import { type Act, announced, asks, awaits, burst, type Case, cue, send, tries, triesCue, wait } from '../script.ts'
import {
  atSwitchover,
  cancel,
  completed,
  inColo,
  listen,
  listenToStay,
  lone,
  type More,
  migrate,
  pair,
  proceed,
  withColo,
  withPause,
  withPauseAndReturnPath,
  withPostcopy,
  withReturnPath,
} from './common.ts'

/** How a guest is, and comes to be so before it is migrated. */
type Guest = readonly [string, readonly Act[], More?]
/** A word for ids, one for sentences, and what is done. */
type Way = readonly [string, string, readonly Act[], More?]

const idle: readonly Guest[] = [
  ['prelaunch', [], { paused: true }],
  ['paused', [send('src', 'stop')]],
]
/** A disk that cannot be read, and what a guest that reads it comes to. */
const badDisk = (rerror: string) => ({
  words: [
    '-blockdev',
    'driver=blkdebug,node-name=bad,image.driver=null-co,inject-error.0.event=none,inject-error.0.iotype=read,inject-error.0.errno=5',
    '-device',
    `ide-hd,bus=ide.0,drive=bad,rerror=${rerror}`,
  ],
  disks: [],
})
const stops = badDisk('stop')

/** It takes a guest that does so when it is told. */
const stoppedByItself: readonly Guest[] = [
  ['suspended', [cue('src', 'suspend'), asks('src', 'query-status', { status: 'suspended' })]],
  [
    'guest-panicked',
    [
      send('src', 'set-action', { panic: 'pause' }),
      cue('src', 'panic'),
      asks('src', 'query-status', { status: 'guest-panicked' }),
    ],
  ],
  [
    'watchdog',
    [
      send('src', 'set-action', { watchdog: 'pause' }),
      cue('src', 'let the watchdog bark'),
      asks('src', 'query-status', { status: 'watchdog' }),
    ],
  ],
  [
    'shutdown',
    [
      send('src', 'set-action', { shutdown: 'pause' }),
      cue('src', 'power off'),
      asks('src', 'query-status', { status: 'shutdown' }),
    ],
  ],
  [
    'io-error',
    [cue('src', 'read its disk'), asks('src', 'query-status', { status: 'io-error' })],
    { outfit: { src: stops, dst: stops } },
  ],
]

/** In postcopy a guest that does not run asks for no page: all of it is pushed. */
const postcopy: readonly Act[] = [
  listen,
  send('src', 'migrate-set-parameters', { 'max-bandwidth': 100_000 }),
  migrate,
  announced('src', 'active'),
  send('src', 'migrate-start-postcopy'),
  send('src', 'migrate-set-parameters', { 'max-bandwidth': 0 }),
]
const afterwards: readonly Act[] = [
  wait(0.5),
  asks('dst', 'query-status'),
  tries('dst', 'cont'),
  tries('dst', 'system_wakeup'),
  wait(0.2),
]

/** What is done with such a guest. */
const ways: readonly Way[] = [
  ['complete', 'migrated', [listen, migrate, ...completed, ...afterwards]],
  [
    'return-path',
    'migrated with a return path',
    [listen, migrate, ...completed, ...afterwards],
    { capabilities: withReturnPath },
  ],
  [
    'stay',
    'migrated to a destination that stays after an error',
    [listenToStay, migrate, ...completed, ...afterwards],
    { since: '9.1', why: '`exit-on-error` came with 9.1' },
  ],
  [
    'waiting',
    'migrated to a destination that was told to stop before',
    [tries('dst', 'stop'), listen, migrate, ...completed, ...afterwards],
  ],
  [
    'continued',
    'migrated to a destination that was told to continue before',
    [tries('dst', 'cont'), listen, migrate, ...completed, wait(0.3)],
  ],
  [
    'pause',
    'migrated with a pause before the switchover',
    [...atSwitchover, proceed, ...completed, ...afterwards],
    { capabilities: withPause },
  ],
  [
    'pause-return-path',
    'migrated with a pause before the switchover and a return path',
    [...atSwitchover, proceed, ...completed],
    { capabilities: withPauseAndReturnPath },
  ],
  [
    'cancel',
    'migrated as far as the pause before the switchover, where it is cancelled',
    [...atSwitchover, cancel, announced('src', 'cancelled'), tries('src', 'cont')],
    { capabilities: withPause },
  ],
  [
    'postcopy',
    'migrated by postcopy',
    [...postcopy, announced('src', 'completed'), ...afterwards],
    { capabilities: withPostcopy },
  ],
  [
    'postcopy-pause',
    'migrated by postcopy with a pause before the switchover',
    [...postcopy, announced('src', 'pre-switchover'), proceed, announced('src', 'completed'), ...afterwards],
    { capabilities: [...withPostcopy, 'pause-before-switchover'] },
  ],
]

/** What is done with one that is replicated. */
const replicated: readonly Way[] = [
  ['colo', 'replicated', [...inColo(300), wait(1)], { capabilities: withColo, end: 'kill' }],
  [
    'colo-failover',
    'replicated, and the secondary takes over',
    [...inColo(), wait(0.2), send('dst', 'x-colo-lost-heartbeat'), wait(1)],
    { capabilities: withColo, end: 'kill' },
  ],
]

const casesOf = (all: readonly Way[], of: readonly Guest[], common: More): readonly Case[] =>
  all.flatMap(([way, what, script, more]) =>
    of.map(([state, before, own], i) =>
      pair(
        `stopped/${way}/${i + 1}`,
        `A guest that is ${state} is ${what}.`,
        'The source says postmigrate, or is as it was; the destination is as the source was, or runs where a claim says so.',
        [...before, ...script],
        { ...common, ...more, ...own },
      ),
    ),
  )

/** What a disk error comes to where it is not to stop the guest, or meets one that is stopped otherwise. */
const errors: readonly Case[] = [
  ...(['ignore', 'report', 'enospc'] as const).map((rerror, i) =>
    lone(
      `stopped/error/${i + 1}`,
      `A guest reads a disk that cannot be read, with rerror=${rerror}.`,
      'The error is announced, and the guest runs on.',
      [cue('src', 'read its disk'), awaits('src', 'BLOCK_IO_ERROR'), wait(0.2), asks('src', 'query-status')],
      { guest: 'busy', outfit: { src: badDisk(rerror) } },
    ),
  ),
  lone(
    'stopped/error/4',
    'A guest reads a disk that cannot be read, is continued, resets and reads it again.',
    'It is in io-error each time.',
    [
      cue('src', 'read its disk'),
      asks('src', 'query-status', { status: 'io-error' }),
      tries('src', 'cont'),
      wait(0.2),
      tries('src', 'system_reset'),
      tries('src', 'cont'),
      wait(0.2),
      triesCue('src', 'read its disk'),
      wait(0.2),
      asks('src', 'query-status'),
    ],
    { guest: 'busy', outfit: { src: stops } },
  ),
  lone(
    'stopped/error/5',
    'A guest reads a disk that cannot be read just as it is stopped, and just as it suspends.',
    'Whatever comes is in the rules; a claim forbids that QEMU aborts.',
    [
      cue('src', 'read its disk'),
      burst('src', 'stop', 'cont', 'stop', 'cont'),
      wait(0.2),
      tries('src', 'cont'),
      triesCue('src', 'suspend'),
      triesCue('src', 'read its disk'),
      wait(0.3),
    ],
    { guest: 'busy', outfit: { src: stops } },
  ),
]

/** Every case of a guest that does not run. */
export const stoppedGuests: readonly Case[] = [
  ...errors,
  ...casesOf(ways, [...idle, ...stoppedByItself], { guest: 'busy' }),
  ...casesOf(
    replicated,
    [...idle, ...stoppedByItself.map(([state, before, own]): Guest => [state, before, { ...own, guest: 'busy' }])],
    {},
  ),
]
