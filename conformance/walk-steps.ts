/** What a walk may do next: commands that are legal somewhere and illegal elsewhere, faults, cues, waits. */
import fc from 'fast-check'
import {
  type Act,
  type Arguments,
  cue,
  cutAfter,
  cutAt,
  freeze,
  halfClose,
  kill,
  link,
  type Side,
  slow,
  stallAt,
  stray,
  thaw,
  tries,
  wait,
} from '../spec/script.ts'
import { messages } from './stream.ts'

const side = fc.constantFrom<Side[]>('src', 'dst')

/** A command with one of these lists of arguments, to either side, mostly the one it is for. */
const to = (mostly: Side, command: string, args: readonly Arguments[] = [{}], oob = false): fc.Arbitrary<Act> =>
  fc
    .tuple(
      fc.constantFrom(...args),
      fc.oneof({ weight: 5, arbitrary: fc.constant(mostly) }, { weight: 1, arbitrary: side }),
    )
    .map(([given, at]) => tries(at, command, given, oob))

const uri = [{ uri: '{uri}' }]
const toggles = ['return-path', 'x-colo', 'postcopy-ram', 'pause-before-switchover', 'multifd'].flatMap(capability =>
  [true, false].map(state => ({ capabilities: [{ capability, state }] })),
)

/** Commands, the harmless first: a failure shrinks towards them. */
const commands: readonly fc.Arbitrary<Act>[] = [
  ...['query-status', 'query-migrate', 'query-colo-status'].map(query => to('src', query)),
  to('dst', 'query-migrate'),
  to('dst', 'migrate-incoming', uri),
  to('src', 'migrate', [{ uri: '{uri}' }, { uri: '{uri}' }, { uri: '{dead}' }, { uri: 'nonsense' }]),
  to('src', 'migrate', [{ uri: '{uri}', resume: true }]),
  to('src', 'migrate_cancel'),
  to('src', 'migrate-continue', [{ state: 'pre-switchover' }]),
  to('src', 'migrate-start-postcopy'),
  to('src', 'migrate-pause', [{}], true),
  to('dst', 'migrate-recover', uri, true),
  to('src', 'x-colo-lost-heartbeat'),
  to('dst', 'x-colo-lost-heartbeat'),
  to('src', 'yank', [{ instances: [{ type: 'migration' }] }], true),
  to('src', 'migrate-set-parameters', [
    { 'max-bandwidth': 0, 'downtime-limit': 300 },
    { 'max-bandwidth': 100_000 },
    { 'x-checkpoint-delay': 100 },
    { 'max-postcopy-bandwidth': 0 },
  ]),
  to('src', 'migrate-set-capabilities', toggles),
  ...['stop', 'cont', 'system_reset', 'system_wakeup', 'quit'].map(command => to('src', command)),
]

const cues = ['suspend', 'reset', 'power off', 'panic', 'write no more, or again'] as const

const faults: readonly fc.Arbitrary<Act>[] = [
  fc.constant(link('cut')),
  fc.constantFrom(link('stall'), link('resume')),
  fc.constantFrom(link('refuse'), link('accept')),
  fc.constantFrom(slow(1_000_000), slow(20_000)),
  fc.integer({ min: 1, max: 20_000 }).map(cutAfter),
  fc
    .constantFrom(...messages.src, ...messages.dst)
    .chain(message =>
      fc.tuple(fc.boolean(), fc.boolean()).map(([cuts, arrives]) => (cuts ? cutAt : stallAt)(message, arrives)),
    ),
  side.map(halfClose),
  fc.tuple(side, fc.boolean()).map(([at, still]) => (still ? freeze(at) : thaw(at))),
  fc.constantFrom(...(['silent', 'garbage', 'leaves'] as const)).map(how => stray('dst', how)),
  side.map(kill),
]

const waits = fc.constantFrom(wait(0.01), wait(0.05), wait(0.2), wait(0.5))

/** A step of a walk.  Whether a guest takes cues, and what can be done there at all, is for `fits` to say. */
export function step(fits: (act: Act) => boolean): fc.Arbitrary<Act> {
  const some = (weight: number, arbitrary: fc.Arbitrary<Act>) => ({ weight, arbitrary })
  const cued = fc.tuple(side, fc.constantFrom(...cues)).map(([at, what]) => {
    const act = cue(at, what)
    return act.do === 'send' ? tries(at, act.command, act.arguments) : act
  })
  const any = fc.oneof(
    { withCrossShrink: true },
    some(4, waits),
    some(12, fc.oneof(...commands)),
    some(4, fc.oneof(...faults)),
    some(1, cued),
  )
  return any.filter(fits)
}
