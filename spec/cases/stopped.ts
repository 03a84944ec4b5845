/** Migrations of guests that do not run: each run state is told to the destination, which keeps it, or does not. */
import { type Act, announced, asks, type Case, cue, send, tries, wait } from '../script.ts'
import {
  atSwitchover,
  cancel,
  completed,
  inColo,
  listen,
  listenToStay,
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
const afterwards: readonly Act[] = [wait(0.5), tries('dst', 'cont'), tries('dst', 'system_wakeup'), wait(0.2)]

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

/** Every case of a guest that does not run. */
export const stoppedGuests: readonly Case[] = [
  ...casesOf(ways, [...idle, ...stoppedByItself], { guest: 'busy' }),
  ...casesOf(
    replicated,
    [...idle, ...stoppedByItself.map(([state, before]): Guest => [state, before, { guest: 'busy' }])],
    {},
  ),
]
