/** Several connections for one migration. */
import { type Act, announced, type Case, cut, kill, pause, refused, wait } from '../script.ts'
import {
  busyActive,
  cancel,
  completed,
  listen,
  type More,
  migrate,
  pair,
  proceed,
  runs,
  set,
  wide,
  withPause,
  yank,
} from './common.ts'

const capabilities = ['events', 'multifd'] as const
const channels = (n: number): readonly Act[] => [
  set('src', { 'multifd-channels': n }),
  set('dst', { 'multifd-channels': n }),
]
const busy: More = { guest: 'busy', capabilities }
const moved = 'The source completes and stops its guest; the destination completes and runs it.'

/** Every case of multifd. */
export const multifd: readonly Case[] = [
  ...[1, 2, 4, 8].map((n, i) =>
    pair(
      `multifd/complete/${i + 1}`,
      `Migrates a busy guest over ${n} channels.`,
      moved,
      [...channels(n), ...busyActive, pause(0.2), wide, ...completed, runs('dst')],
      busy,
    ),
  ),
  pair(
    'multifd/complete/5',
    'Migrates over four channels of TCP with a return path.',
    moved,
    [...channels(4), ...busyActive, wide, ...completed],
    {
      ...busy,
      capabilities: [...capabilities, 'return-path'],
      over: 'tcp',
    },
  ),
  pair(
    'multifd/complete/6',
    'Migrates over two channels with a pause before the switchover.',
    moved,
    [...channels(2), listen, migrate, announced('src', 'pre-switchover'), proceed, ...completed],
    { capabilities: [...withPause, 'multifd'] },
  ),
  ...(['none', 'zlib', 'zstd'] as const).map((method, i) =>
    pair(
      `multifd/compression/${i + 1}`,
      `Migrates over multifd with the compression ${method}.`,
      moved,
      [
        set('src', { 'multifd-compression': method }),
        set('dst', { 'multifd-compression': method }),
        ...busyActive,
        wide,
        ...completed,
      ],
      busy,
    ),
  ),
  pair(
    'multifd/cut/1',
    'Cuts every channel of an active migration.',
    'The source announces failed, once or twice, and its guest runs on.',
    [...channels(2), ...busyActive, pause(0.2), cut, announced('src', 'failed'), runs('src')],
    busy,
  ),
  pair(
    'multifd/cut/2',
    'Cuts every one of sixteen channels of an active migration.',
    'The source announces failing, once or twice, and failed, and its guest runs on.',
    [...channels(16), ...busyActive, pause(0.2), cut, announced('src', 'failed'), runs('src')],
    busy,
  ),
  pair(
    'multifd/killed/1',
    'Kills the destination of an active migration.',
    'The source announces failed, and its guest runs on.',
    [...channels(2), ...busyActive, pause(0.2), kill('dst'), announced('src', 'failed'), runs('src')],
    busy,
  ),
  pair(
    'multifd/killed/2',
    'Kills the source of an active migration.',
    'The destination fails and exits.',
    [...channels(2), ...busyActive, pause(0.2), kill('src'), wait(0.3)],
    busy,
  ),
  pair(
    'multifd/cancel/1',
    'Cancels an active migration.',
    'The source announces cancelled, and its guest runs on.',
    [...channels(2), ...busyActive, pause(0.2), cancel, announced('src', 'cancelled'), runs('src')],
    busy,
  ),
  pair(
    'multifd/yank/1',
    'Yanks an active migration at the source.',
    'The source announces failed, and its guest runs on.',
    [...channels(2), ...busyActive, pause(0.2), yank('src'), announced('src', 'failed'), runs('src')],
    busy,
  ),
  pair(
    'multifd/one-side/1',
    'Migrates with multifd on the source only.',
    'The migration fails or waits, and whatever comes, the guest is not lost.',
    [listen, migrate, wait(0.5), cancel, wait(0.3), runs('src')],
    { capabilities: ['events', { name: 'multifd', at: 'src' }], real: 'a reference endpoint has one connection' },
  ),
  pair(
    'multifd/once-it-listens/1',
    'Sets multifd on a destination that listens already.',
    'It is refused.',
    [
      listen,
      refused('dst', 'migrate-set-capabilities', { capabilities: [{ capability: 'multifd', state: true }] }),
      migrate,
      ...completed,
    ],
    { since: '10.0', why: 'until then it is accepted', real: 'a reference endpoint may accept it' },
  ),
]
