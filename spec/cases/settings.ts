/** Capabilities that exclude each other, and parameters that are out of bounds. */
import { notWithSnapshot } from '../capabilities.ts'
import { type Act, type Arguments, type Case, send, tries } from '../script.ts'
import { caps, lone, type More, pair } from './common.ts'

const params = (values: Arguments): Act => tries('src', 'migrate-set-parameters', values)

/** Others that exclude or need each other. */
const together: readonly Readonly<Record<string, boolean>>[] = [
  { 'postcopy-preempt': true },
  { 'postcopy-preempt': true, 'postcopy-ram': true },
  { 'postcopy-ram': true, 'x-ignore-shared': true },
  { 'postcopy-ram': true, compress: true },
  { 'switchover-ack': true },
  { 'switchover-ack': true, 'return-path': true },
  { 'auto-converge': true, 'dirty-limit': true },
  { multifd: true, xbzrle: true },
  { multifd: true, compress: true },
  { multifd: true, 'postcopy-ram': true },
  { 'mapped-ram': true, xbzrle: true },
  { 'mapped-ram': true, 'postcopy-ram': true },
  { 'mapped-ram': true, compress: true },
  { 'zero-copy-send': true },
  { 'zero-copy-send': true, multifd: true },
  { 'x-colo': true, 'postcopy-ram': true },
  { 'x-colo': true },
  { block: true },
  { zero: true },
  { 'rdma-pin-all': true },
  { events: true, 'validate-uuid': true },
]

/** Each alone, as far as a release has it. */
const each = [...new Set([...notWithSnapshot, ...together.flatMap(one => Object.keys(one))])]

/** Parameters that are out of bounds, just within, or well. */
const bounds: readonly Arguments[] = [
  { 'throttle-trigger-threshold': 0 },
  { 'throttle-trigger-threshold': 101 },
  { 'throttle-trigger-threshold': 100 },
  { 'cpu-throttle-initial': 0 },
  { 'cpu-throttle-initial': 100 },
  { 'cpu-throttle-initial': 99 },
  { 'cpu-throttle-increment': 0 },
  { 'cpu-throttle-increment': 100 },
  { 'cpu-throttle-increment': 1 },
  { 'multifd-channels': 0 },
  { 'multifd-channels': 255 },
  { 'compress-level': 10 },
  { 'compress-threads': 0 },
  { 'decompress-threads': 0 },
  { 'max-bandwidth': 1_000_000 },
  { 'max-postcopy-bandwidth': 1_000_000 },
  { 'downtime-limit': 2_000_001 },
  { 'downtime-limit': 2_000_000 },
  { 'xbzrle-cache-size': 5 },
  { 'max-cpu-throttle': 100 },
  { 'announce-rounds': 1001 },
  { 'announce-step': 0 },
  { 'x-checkpoint-delay': 1000 },
]

/** Nothing is on, those first that need another; a release that lacks one of them refuses all, so each is told by itself. */
const clear: readonly Act[] = [
  ...new Set(['postcopy-preempt', 'switchover-ack', 'dirty-limit', 'mapped-ram', ...each]),
].map(name => caps('src', { [name]: false }))
const bare: More = { capabilities: [] }
const said = 'Each is accepted or refused as `migrate_caps_check()` of that release has it.'

/** Every case of settings. */
export const settings: readonly Case[] = [
  lone(
    'settings/snapshot/1',
    'Asks for a background snapshot together with each of what it does not go with.',
    said,
    notWithSnapshot.map(name => caps('src', { 'background-snapshot': true, [name]: true })),
    bare,
  ),
  lone(
    'settings/snapshot/2',
    'Asks for a background snapshot once each of what it does not go with is on.',
    said,
    notWithSnapshot.flatMap(name => [
      caps('src', { [name]: true }),
      caps('src', { 'background-snapshot': true }),
      caps('src', { [name]: false }),
    ]),
    bare,
  ),
  lone(
    'settings/together/1',
    'Sets what excludes, or needs, another.',
    said,
    together.flatMap(set => [caps('src', set), ...clear]),
    bare,
  ),
  lone(
    'settings/each/1',
    'Sets each capability on, on again, and off.',
    said,
    each.flatMap(name => [
      caps('src', { [name]: true }),
      caps('src', { [name]: true }),
      caps('src', { [name]: false }),
    ]),
    bare,
  ),
  lone(
    'settings/with/1',
    'Sets each capability together with those that rules follow.',
    said,
    ['auto-converge', 'release-ram', 'validate-uuid'].flatMap(name =>
      [
        { 'background-snapshot': true },
        { 'return-path': true },
        { 'return-path': true, 'pause-before-switchover': true },
        { 'postcopy-ram': true, 'return-path': true },
        { 'postcopy-ram': true },
        { 'x-colo': true },
        { 'pause-before-switchover': true },
      ].flatMap(set => [
        caps('src', { ...set, [name]: true }),
        caps('src', { ...set, [name]: true }),
        ...clear,
        caps('src', { 'background-snapshot': false }),
        caps('src', { 'pause-before-switchover': false }),
      ]),
    ),
    bare,
  ),
  lone(
    'settings/bounds/1',
    'Sets parameters in and out of their bounds.',
    'Each is accepted or refused.',
    bounds.map(params),
    bare,
  ),
  pair(
    'settings/listening/1',
    'Sets what a destination may not have any more once it listens.',
    said,
    [
      send('dst', 'migrate-incoming', { uri: '{uri}' }),
      caps('dst', { multifd: true }),
      caps('dst', { 'postcopy-ram': true }),
      caps('dst', { 'postcopy-ram': true, 'postcopy-preempt': true }),
      caps('dst', { 'return-path': true }),
    ],
    { capabilities: [], real: 'either rule answers there on a reference endpoint' },
  ),
]
