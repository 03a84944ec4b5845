/** What comes about only when something else is arranged first: a slow reader, a disk that fails, a side that is not told. */
import { type Act, announced, asks, burst, type Case, cue, outOfBand, refused, send, tries, wait } from '../script.ts'
import {
  caps,
  diskOn,
  heartbeat,
  inColo,
  listen,
  listenToStay,
  load,
  lone,
  type More,
  migrate,
  numbered,
  opens,
  pair,
  runs,
  save,
  withColo,
} from './common.ts'

const busy: More = { guest: 'busy' }
const whatever = 'Whatever comes is in the rules.'

/** Takes so many bytes ten times a second: what is written faster waits, and nothing can shut a pipe. */
const sip = (bytes: number): Act =>
  send('src', 'migrate', { uri: `exec:while [ $(head -c ${bytes} | wc -c) -gt 0 ]; do sleep 0.1; done` })
/** Takes so many bytes and hangs up. */
const gulp = (bytes: number): Act => send('src', 'migrate', { uri: `exec:head -c ${bytes} > /dev/null` })
const snapshots: More = { ...busy, ...opens, capabilities: ['events', 'background-snapshot'] }
const files: More = { ...busy, ...opens, capabilities: ['events'] }

/** Capabilities that are set first of all, and once more. */
const first: readonly Readonly<Record<string, boolean>>[] = [
  { 'background-snapshot': true, 'validate-uuid': true },
  { 'postcopy-ram': true, 'return-path': true, 'validate-uuid': true },
  { 'return-path': true, 'validate-uuid': true },
  { 'postcopy-ram': true, 'validate-uuid': true },
]

/** A disk whose file does not take the state of the machine, or does not give it back. */
const badDisk = (event: 'vmstate_save' | 'vmstate_load'): readonly Act[] =>
  diskOn({ driver: 'blkdebug', image: 'file', 'inject-error': [{ event, errno: 5 }] })
const disks: More = { ...busy, ...opens, capabilities: [] }
const reboot = send('src', 'set-action', { reboot: 'shutdown' })

/** Every case that takes a special arrangement. */
export const rare: readonly Case[] = [
  lone(
    'rare/nowhere/1',
    'Migrates to an address and to channels at once, and to neither.',
    'Both are refused.',
    [
      refused('src', 'migrate', { uri: '{dead}', channels: '{dead-channels}' }),
      refused('src', 'migrate', {}),
      runs('src'),
    ],
    { since: '8.2', why: '`channels` came with 8.2' },
  ),
  ...first.map((set, i) =>
    lone(
      `rare/first/${i + 1}`,
      'Sets several capabilities first of all, and once more.',
      whatever,
      [caps('src', set), caps('src', set)],
      {
        capabilities: [],
      },
    ),
  ),
  ...numbered(
    'rare/sip',
    [
      [
        'Cancels a snapshot while a slow reader takes it.',
        [sip(20_000), announced('src', 'active'), wait(1), send('src', 'migrate_cancel'), wait(2)],
        snapshots,
      ],
      [
        'Cancels a snapshot late, while a slow reader takes it.',
        [sip(40_000), announced('src', 'active'), wait(1.5), send('src', 'migrate_cancel'), wait(2)],
        snapshots,
      ],
      [
        'Cancels a snapshot of a stopped guest while a slow reader takes it.',
        [send('src', 'stop'), sip(20_000), announced('src', 'active'), wait(1), send('src', 'migrate_cancel'), wait(2)],
        snapshots,
      ],
    ],
    whatever,
    files,
  ),
  ...numbered(
    'rare/gulp',
    [
      ...[0, 100, 20_000, 100_000, 400_000, 600_000].map((bytes): readonly [string, readonly Act[], More?] => [
        `Takes a snapshot into a command that takes ${bytes} bytes.`,
        [gulp(bytes), wait(0.5), ...['query-status', 'query-migrate'].map(query => asks('src', query))],
        snapshots,
      ]),
      [
        'Takes a snapshot of a stopped guest into a command that takes 100,000 bytes.',
        [send('src', 'stop'), gulp(100_000), wait(0.5), asks('src', 'query-status')],
        snapshots,
      ],
      ...[0, 100_000, 600_000].map((bytes): readonly [string, readonly Act[], More?] => [
        `Migrates into a command that takes ${bytes} bytes.`,
        [gulp(bytes), wait(0.5), asks('src', 'query-status')],
      ]),
      [
        'Takes a snapshot of a guest that is stopped, and continued as soon as it is active.',
        [
          send('src', 'stop'),
          sip(40_000),
          announced('src', 'active'),
          send('src', 'cont'),
          wait(2),
          asks('src', 'query-status'),
        ],
        snapshots,
      ],
    ],
    whatever,
    files,
  ),
  ...numbered(
    'rare/disk',
    [
      ['Saves a running guest into a disk that does not take it.', [...badDisk('vmstate_save'), ...save, runs('src')]],
      [
        'Saves a stopped guest into a disk that does not take it.',
        [...badDisk('vmstate_save'), send('src', 'stop'), ...save],
      ],
      ['Loads a guest from a disk that does not give it.', [...badDisk('vmstate_load'), ...save, ...load]],
      [
        'Loads a stopped guest from a disk that does not give it.',
        [...badDisk('vmstate_load'), ...save, send('src', 'stop'), ...load],
      ],
    ],
    whatever,
    disks,
  ),
  ...numbered(
    'rare/reset',
    [
      ['Resets, where a reset ends the guest.', [reboot, send('src', 'system_reset'), wait(0.5)]],
      [
        'Resets twice at once, where a reset ends the guest.',
        [reboot, burst('src', 'system_reset', 'system_reset'), wait(0.5)],
      ],
      [
        'Resets three times at once, where a reset ends the guest and its end is a pause.',
        [
          send('src', 'set-action', { reboot: 'shutdown', shutdown: 'pause' }),
          burst('src', 'system_reset', 'system_reset', 'system_reset'),
          wait(0.5),
          asks('src', 'query-status'),
        ],
      ],
      [
        'Resets a suspended guest, where a reset is a pause.',
        [
          send('src', 'set-action', { reboot: 'shutdown', shutdown: 'pause' }),
          cue('src', 'suspend'),
          asks('src', 'query-status', { status: 'suspended' }),
          send('src', 'system_reset'),
          wait(0.5),
          asks('src', 'query-status'),
        ],
      ],
      ...(['power off', 'reset', 'panic', 'suspend'] as const).map((what): readonly [string, readonly Act[]] => [
        `Stops the guest just as it is to ${what}, where its end is a pause.`,
        [
          send('src', 'set-action', { reboot: 'shutdown', shutdown: 'pause', panic: 'pause' }),
          cue('src', what),
          burst('src', 'stop', 'cont', 'stop', 'cont', 'stop'),
          wait(0.3),
          tries('src', 'cont'),
          wait(0.2),
          asks('src', 'query-status'),
        ],
      ]),
    ],
    whatever,
    busy,
  ),
  ...(
    [
      ['exits', listen, {}],
      ['stays', listenToStay, { since: '9.1', why: '`exit-on-error` came with 9.1' }],
    ] as const
  ).map(([what, listens, more], i) =>
    pair(
      `rare/unprepared/${i + 1}`,
      `Migrates with postcopy-ram to a destination that was not told of it and ${what} after an error.`,
      'The destination refuses the stream.',
      [caps('src', { 'postcopy-ram': true }), listens, migrate, wait(0.7)],
      more,
    ),
  ),
  pair(
    'rare/unprepared/3',
    'Listens where nobody can, to stay after an error, and then elsewhere.',
    'The first is refused, and so may be the second: the status is setup.',
    [
      refused('dst', 'migrate-incoming', { uri: 'unix:{dir}/no/such/folder', 'exit-on-error': false }),
      tries('dst', 'migrate-incoming', { uri: '{uri}' }),
      asks('dst', 'query-migrate'),
    ],
    { since: '9.1', why: '`exit-on-error` came with 9.1', real: 'a reference endpoint reads no addresses' },
  ),
  ...(['src', 'dst'] as const).map((at, i) =>
    pair(
      `rare/heartbeat/${i + 1}`,
      `Tells the ${at === 'src' ? 'primary' : 'secondary'} three times at once that the heartbeat is lost.`,
      'All but the first are refused, or find no COLO any more.',
      [
        ...inColo(),
        wait(0.3),
        burst(at, 'x-colo-lost-heartbeat', 'x-colo-lost-heartbeat', 'x-colo-lost-heartbeat'),
        wait(0.5),
        tries(at, 'x-colo-lost-heartbeat'),
      ],
      { capabilities: withColo, end: 'kill' },
    ),
  ),
  pair(
    'rare/heartbeat/3',
    'Tells both at once that the heartbeat is lost, twice.',
    'Both go on alone.',
    [...inColo(), wait(0.3), heartbeat('dst'), heartbeat('src'), wait(0.5), outOfBand('src', 'query-yank')],
    { capabilities: withColo, end: 'kill' },
  ),
]
