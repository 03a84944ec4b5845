/**
 * What is tried in each status that can be held: every command that rules speak
 * of, legal there or not, every fault, and what a guest may do by itself.
 *
 * Nothing here says what is to come of it.  Whatever comes is held to the rules.
 */
import { type Stand, stands } from './holds.ts'
import {
  type Act,
  type Arguments,
  asks,
  type Case,
  cut,
  freeze,
  halfClose,
  kill,
  link,
  type Side,
  stray,
  thaw,
  tries,
  triesCue,
  wait,
} from './script.ts'

/** Something to try. */
export interface Trial {
  /** How it is called in ids: a command, and what is special about it. */
  readonly name: string
  /** What is done: to the side that holds the status, which is told, and to the other one. */
  readonly acts: (at: Side, other: Side, status: string) => readonly Act[]
  /** Whether only a guest that listens can be told to. */
  readonly cue?: true
  /** The sides on which it is one of the quick cases. */
  readonly quick?: readonly Side[]
}

const command = (
  name: string,
  args: Arguments = {},
  more: { readonly as?: string; readonly oob?: true } = {},
): Trial => ({
  name: more.as ?? name.replaceAll('_', '-'),
  acts: at => [tries(at, name, args, more.oob)],
})

const checkpointEach = (at: Side, ms: number): Act => tries(at, 'migrate-set-parameters', { 'x-checkpoint-delay': ms })

/** Every status that a migration may be said to be in, in any release. */
const elsewhere = [
  ...['none', 'setup', 'cancelling', 'cancelled', 'active', 'postcopy-device', 'postcopy-active', 'postcopy-paused'],
  ...['postcopy-recover-setup', 'postcopy-recover', 'completed', 'failing', 'failed', 'colo', 'pre-switchover'],
  ...['device', 'wait-unplug'],
]

const dump = { paging: false, protocol: 'file:/dev/null' }
const snapshotOf = { 'job-id': 'job', tag: 'tag', devices: [] }

/** Every command that rules speak of, with the arguments that make a difference. */
export const commands: readonly Trial[] = [
  command('migrate', { uri: '{uri}' }),
  command('migrate', { uri: '{dead}' }, { as: 'migrate-to-nobody' }),
  command('migrate', { uri: 'nonsense' }, { as: 'migrate-to-nonsense' }),
  command('migrate', { uri: 'exec:cat > /dev/null' }, { as: 'migrate-to-a-command' }),
  command('migrate', { uri: '{uri}', resume: true }, { as: 'migrate-again' }),
  { ...command('migrate_cancel'), quick: ['src'] },
  command('migrate-continue', { state: 'pre-switchover' }),
  {
    name: 'migrate-continue-here',
    acts: (at, _, status) => [tries(at, 'migrate-continue', { state: status })],
  },
  {
    name: 'migrate-continue-elsewhere',
    acts: (at, _, status) =>
      elsewhere.filter(one => one !== status).map(state => tries(at, 'migrate-continue', { state })),
  },
  command('migrate-start-postcopy'),
  command('migrate-pause', {}, { oob: true }),
  command('migrate-recover', { uri: '{uri}' }, { oob: true }),
  command('migrate-incoming', { uri: '{uri}' }),
  command('migrate-incoming', { uri: 'nonsense' }, { as: 'migrate-incoming-from-nonsense' }),
  command('migrate-set-capabilities', { capabilities: [{ capability: 'return-path', state: true }] }),
  command('migrate-set-parameters', { 'max-bandwidth': 0, 'downtime-limit': 300 }, { as: 'let-it-go-fast' }),
  {
    name: 'set-the-checkpoint-delay',
    // For ever is too long to look at.
    acts: at => [checkpointEach(at, 100), wait(0.3), checkpointEach(at, 60_000)],
  },
  command('migrate-set-parameters', { 'downtime-limit': 3_000_000 }, { as: 'set-what-is-out-of-bounds' }),
  { ...command('x-colo-lost-heartbeat'), quick: ['dst'] },
  command('yank', { instances: [{ type: 'migration' }] }, { oob: true }),
  command('stop'),
  command('cont'),
  { name: 'stop-and-cont', acts: at => [tries(at, 'stop'), tries(at, 'cont')] },
  command('system_reset'),
  command('system_wakeup'),
  command('system_powerdown'),
  command('quit'),
  command('dump-guest-memory', dump),
  command('dump-guest-memory', { ...dump, detach: true }, { as: 'dump-guest-memory-aside' }),
  command('snapshot-save', { ...snapshotOf, vmstate: 'disk' }),
  command('snapshot-load', { ...snapshotOf, vmstate: 'disk' }),
  command('snapshot-delete', snapshotOf),
  command('xen-set-replication', { enable: false, primary: true }),
  command('xen-colo-do-checkpoint'),
  command('query-xen-replication-status'),
]

const fault = (name: string, acts: Trial['acts'], quick?: Trial['quick']): Trial => ({
  name,
  acts,
  ...(quick && { quick }),
})

/** Every fault; what only delays ends before the last questions. */
export const faults: readonly Trial[] = [
  fault('cut', () => [cut], ['src', 'dst']),
  fault('refuse-and-cut', () => [link('refuse'), cut, wait(0.2), link('accept')]),
  fault('stall', () => [link('stall'), wait(0.3), link('resume')]),
  fault('half-close-here', at => [halfClose(at)]),
  fault('half-close-there', (_, other) => [halfClose(other)]),
  fault('kill-the-peer', (_, other) => [kill(other)]),
  fault('freeze-the-peer', (_, other) => [freeze(other), wait(0.3), thaw(other)]),
  fault('stray', () => [stray('dst'), wait(0.1), stray('dst', 'leaves')]),
  fault('stray-garbage', () => [stray('dst', 'garbage')]),
]

const cued = (name: string, what: Parameters<typeof triesCue>[1]): Trial => ({
  name,
  cue: true,
  acts: at => [triesCue(at, what)],
})

/** What a guest does by itself. */
export const cues: readonly Trial[] = [
  cued('suspend', 'suspend'),
  cued('hibernate', 'hibernate'),
  cued('power-off', 'power off'),
  cued('reset', 'reset'),
  cued('panic', 'panic'),
  cued('write-no-more', 'write no more, or again'),
]

const questions = ['query-status', 'query-migrate', 'query-colo-status'] as const

const sideName = { src: 'the source', dst: 'the destination' } as const

/** A trial in a status, as a case. */
function caseOf(section: string, trial: Trial, stand: Stand, n: number): Case {
  const { at, status, capabilities, script, guest, since, until } = stand
  const other = at === 'src' ? 'dst' : 'src'
  // What a peer that goes on again makes of strangers before the source is for the faults to show.
  const still = section !== 'fault' && script.some(act => act.do === 'freeze')
  return {
    id: `${section}/${trial.name}-in-${status}/${n}`,
    description: `Holds ${sideName[at]} in ${status}, and there tries: ${trial.name.replaceAll('-', ' ')}.`,
    expectation: 'Whatever comes is in the rules.',
    sides: ['src', 'dst'],
    capabilities,
    script: [
      ...script,
      ...questions.map(query => asks(at, query)),
      ...trial.acts(at, other, status),
      wait(0.3),
      ...(still ? [kill(other), wait(0.3)] : []),
    ],
    ...(guest && { guest }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(trial.quick?.includes(at) && { quick: true }),
    end: 'kill',
  }
}

const sections: { readonly [section: string]: readonly Trial[] } = { command: commands, fault: faults, guest: cues }

/** Each trial in each status that can be held; ids count the ways in which a status of that name is held. */
export const trials: readonly Case[] = Object.entries(sections).flatMap(([section, list]) =>
  list.flatMap(trial =>
    stands.flatMap(stand => {
      if (trial.cue && stand.guest === undefined) return []
      const alike = stands.filter(({ status }) => status === stand.status)
      return [caseOf(section, trial, stand, alike.indexOf(stand) + 1)]
    }),
  ),
)
