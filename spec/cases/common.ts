/** What many cases have in common: how a migration begins, and where it is held. */
import type { Json } from '../lang.ts'
import {
  type Act,
  type Arguments,
  announced,
  asks,
  awaits,
  type Capability,
  type Case,
  outOfBand,
  type Side,
  send,
  tries,
  wait,
} from '../script.ts'

/** What may be said of a case besides: all that has a usual value. */
export type More = Partial<Omit<Case, 'id' | 'description' | 'expectation' | 'script'>>

/** A case of two QEMUs. */
export const pair = (
  id: string,
  description: string,
  expectation: string,
  script: readonly Act[],
  more: More = {},
): Case => ({
  id,
  description,
  expectation,
  sides: ['src', 'dst'],
  capabilities: plain,
  script,
  ...more,
})

/** A case of one QEMU, a source. */
export const lone = (
  id: string,
  description: string,
  expectation: string,
  script: readonly Act[],
  more: More = {},
): Case => pair(id, description, expectation, script, { sides: ['src'], ...more })

/** Why some cases take a real QEMU. */
export const opens: More = { real: 'a reference endpoint opens neither files nor commands' }
export const dials: More = { real: 'a reference endpoint reads no addresses: it would reach the destination once more' }
export const races: More = { real: 'a reference endpoint answers a cancel before it has announced it' }

/** Capabilities. */
export const plain: readonly Capability[] = ['events']
export const withReturnPath: readonly Capability[] = ['events', 'return-path']
export const withPause: readonly Capability[] = ['events', 'pause-before-switchover']
export const withPauseAndReturnPath: readonly Capability[] = ['events', 'pause-before-switchover', 'return-path']
export const withPostcopy: readonly Capability[] = ['events', 'postcopy-ram']
/** Since COLO needs a return path at all, it needs it on both sides; before, it fails with one. */
export const withColo: readonly Capability[] = ['events', 'x-colo', { name: 'return-path', since: '11.0' }]

/** Cases of one QEMU that are numbered, each with what it says of itself beside what all say. */
export const numbered = (
  of: string,
  all: readonly (readonly [description: string, script: readonly Act[], own?: More])[],
  expectation: string,
  more: More = {},
): readonly Case[] =>
  all.map(([description, script, own], i) =>
    lone(`${of}/${i + 1}`, description, expectation, script, { ...more, ...own }),
  )

/** Sets capabilities; it may be refused, in some releases or on some hosts. */
export const caps = (at: Side, set: Readonly<Record<string, boolean>>): Act =>
  tries(at, 'migrate-set-capabilities', {
    capabilities: Object.entries(set).map(([capability, state]) => ({ capability, state })),
  })
/** Sets parameters. */
export const set = (at: Side, values: NonNullable<Parameters<typeof send>[2]>): Act =>
  send(at, 'migrate-set-parameters', values)

export const listen = send('dst', 'migrate-incoming', { uri: '{uri}' })
export const listenToStay = send('dst', 'migrate-incoming', { uri: '{uri}', 'exit-on-error': false })
export const migrate = send('src', 'migrate', { uri: '{uri}' })
export const migrateNowhere = send('src', 'migrate', { uri: '{dead}' })
export const cancel = send('src', 'migrate_cancel')
export const proceed = send('src', 'migrate-continue', { state: 'pre-switchover' })
export const yank = (at: Side): Act => outOfBand(at, 'yank', { instances: [{ type: 'migration' }] })

/** An idle guest of 64 MiB is some 600 KiB to send: at this rate it takes a quarter of a minute. */
export const slowly = set('src', { 'max-bandwidth': 40_000 })
/** 0 is as fast as can be. */
export const fast = set('src', { 'max-bandwidth': 0 })

/** A migration of an idle guest that stays `active`. */
export const heldActive: readonly Act[] = [
  listen,
  slowly,
  migrate,
  announced('src', 'active'),
  announced('dst', 'active'),
]

/** Both sides are done. */
export const completed: readonly Act[] = [announced('src', 'completed'), announced('dst', 'completed')]

/** A guest writes 512 KiB a hundred times a second, and a switchover wants no more left than is sent in 1 ms. */
export const narrow = set('src', { 'max-bandwidth': 100_000, 'downtime-limit': 1 })
/** It converges then, whatever the guest does. */
export const wide = set('src', { 'max-bandwidth': 0, 'downtime-limit': 2000 })
/** A migration of a busy guest that stays `active`. */
export const busyActive: readonly Act[] = [
  listen,
  narrow,
  migrate,
  announced('src', 'active'),
  announced('dst', 'active'),
]

/** A migration that waits for `migrate-continue`, where the capability is set. */
export const atSwitchover: readonly Act[] = [listen, migrate, announced('src', 'pre-switchover')]

const everything = ['query-status', 'query-migrate', 'query-colo-status'] as const
/** Asks how these are. */
export const snapshot = (...sides: readonly Side[]): Act[] =>
  sides.flatMap(at => everything.map(query => asks(at, query)))

/** The guest of this side runs, or does not. */
export const runs = (at: Side, running = true): Act => asks(at, 'query-status', { running })

/** Of the 512 pages of firmware that the guest never looks at, ten a second are sent; those that are zero count for nothing. */
export const trickle = set('src', { 'max-postcopy-bandwidth': 4096 })
/** The rest of a postcopy, as fast as can be. */
export const gush = set('src', { 'max-postcopy-bandwidth': 0 })
export const startPostcopy = send('src', 'migrate-start-postcopy')
/** A busy guest runs on the destination, and most of its memory is still at the source. */
export const inPostcopy: readonly Act[] = [
  trickle,
  ...busyActive,
  startPostcopy,
  announced('src', 'postcopy-active'),
  announced('dst', 'postcopy-active'),
  awaits('dst', 'RESUME'),
  // A vCPU of TCG that waits for the page with its stack has the main loop wait too; by then it is there.
  wait(0.3),
]
/** The same where the destination was told to stop before: no vCPU waits there for a page. */
export const waitingInPostcopy: readonly Act[] = [
  send('dst', 'stop'),
  trickle,
  ...busyActive,
  startPostcopy,
  announced('src', 'postcopy-active'),
  announced('dst', 'postcopy-active'),
  asks('dst', 'query-status', { status: 'paused' }),
]
export const bothPaused: readonly Act[] = [announced('src', 'postcopy-paused'), announced('dst', 'postcopy-paused')]
/** A postcopy that waits for its recovery on both sides. */
export const pausedPostcopy: readonly Act[] = [...inPostcopy, outOfBand('src', 'migrate-pause'), ...bothPaused]
export const recover = outOfBand('dst', 'migrate-recover', { uri: '{uri}' })
export const resume = send('src', 'migrate', { uri: '{uri}', resume: true })

export const checkpointDelay = (ms: number): Act => set('src', { 'x-checkpoint-delay': ms })
/** A checkpoint, as the primary shows it; it takes a few milliseconds. */
export const checkpoint: readonly Act[] = [awaits('src', 'STOP', {}, 5), awaits('src', 'RESUME', {}, 5)]
/** A pair in COLO whose next checkpoint is due in so many milliseconds. */
export const inColo = (ms = 60_000): readonly Act[] => [
  checkpointDelay(ms),
  listen,
  migrate,
  announced('dst', 'colo'),
  announced('src', 'colo'),
  awaits('src', 'RESUME'),
]
/** A pair in COLO with one checkpoint behind it. */
export const replicating: readonly Act[] = [...inColo(150), ...checkpoint]
/** No further checkpoint for a while, after the one that setting the delay makes at once. */
export const noMoreCheckpoints = checkpointDelay(60_000)
/** Tells a side that the heartbeat is lost. */
export const heartbeat = (at: Side): Act => send(at, 'x-colo-lost-heartbeat')

/** A disk of qcow2 named `disk`, in a file of the case's own that is a node named `file`; it lies on that, or on what is given. */
export const diskOn = (file: Json): readonly Act[] => [
  send('src', 'blockdev-create', {
    'job-id': 'file',
    options: { driver: 'file', filename: '{dir}/disk.qcow2', size: 0 },
  }),
  awaits('src', 'JOB_STATUS_CHANGE', { id: 'file', status: 'concluded' }),
  send('src', 'job-dismiss', { id: 'file' }),
  send('src', 'blockdev-add', { driver: 'file', 'node-name': 'file', filename: '{dir}/disk.qcow2' }),
  send('src', 'blockdev-create', {
    'job-id': 'format',
    options: { driver: 'qcow2', file: 'file', size: 67_108_864 },
  }),
  awaits('src', 'JOB_STATUS_CHANGE', { id: 'format', status: 'concluded' }),
  send('src', 'job-dismiss', { id: 'format' }),
  send('src', 'blockdev-add', { driver: 'qcow2', 'node-name': 'disk', file }),
]
/** Snapshots inside that disk. */
export const inDisk: Arguments = { 'job-id': 'snapshot', tag: 'one', vmstate: 'disk', devices: ['disk'] }
export const concluded = awaits('src', 'JOB_STATUS_CHANGE', { id: 'snapshot', status: 'concluded' })
const dismiss = send('src', 'job-dismiss', { id: 'snapshot' })
export const save: readonly Act[] = [send('src', 'snapshot-save', inDisk), concluded, dismiss]
export const load: readonly Act[] = [send('src', 'snapshot-load', inDisk), concluded, dismiss]
