/** A validator is worth what it notices: recorded transcripts with one line damaged. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { migrationStatuses } from '../spec/run-state.ts'
import { type Damage, damagesOf } from './damage.ts'
import type { JsonObject } from './json.ts'
import { observe } from './observe.ts'
import { type Line, readTranscript, type Transcript } from './transcript.ts'
import { packedFor, validate } from './validate.ts'

const extra = { status: migrationStatuses, reason: ['request', 'error'] }

describe('the damages of a transcript', () => {
  const messages: readonly (readonly [Line['dir'], JsonObject])[] = [
    ['->', { execute: 'migrate', id: 1 }],
    ['<-', { event: 'MIGRATION', data: { status: 'setup', n: 1 } }],
    ['<-', { error: { class: 'GenericError', desc: 'no' }, id: 1 }],
    ['<-', { event: 'MIGRATION', data: { status: 'failed' } }],
    ['<-', { event: 'RTC_CHANGE', data: { offset: 1 } }],
    ['!!', { quiet: 1 }],
  ]
  const lines = messages.map(([dir, msg], i): Line => ({ line: i + 2, t: i, side: 'src', dir, msg }))
  const tiny: Transcript = { file: 'tiny.ndjson', header: { lockstep: 1 }, lines }
  const judged = new Set([2, 3, 4, 5, 7])
  const damages = damagesOf(tiny, judged, { status: ['active'], reason: ['error'] })

  test('are one line each, and only what QEMU said and a rule speaks of', () => {
    expect(damages.map(({ kind, line, what }) => `${line} ${kind}: ${what}`)).toMatchInlineSnapshot(`
      [
        "3 drop: MIGRATION is dropped",
        "3 double: MIGRATION comes twice",
        "3 status: MIGRATION.status: setup becomes failed",
        "3 status: MIGRATION.status: setup becomes active",
        "4 double: an answer comes twice",
        "4 class: another class of error",
        "4 turn: an error becomes success",
        "5 drop: MIGRATION is dropped",
        "5 double: MIGRATION comes twice",
        "5 status: MIGRATION.status: failed becomes setup",
        "5 status: MIGRATION.status: failed becomes active",
      ]
    `)
  })

  test('leave all other lines as they were', () => {
    for (const { line, transcript } of damages) {
      const others = (of: Transcript) => of.lines.filter(other => other.line !== line)
      expect(others(transcript)).toEqual(others(tiny))
      expect(transcript.lines).not.toEqual(tiny.lines)
    }
  })

  test('say something else, drop it or say it twice', () => {
    const changed = (kind: Damage['kind']) =>
      damages
        .filter(damage => damage.kind === kind)
        .map(({ line, transcript }) => transcript.lines.filter(other => other.line === line).map(({ msg }) => msg))
    expect(changed('drop')).toEqual([[], []])
    expect(changed('double')[1]).toEqual([lines[2]?.msg, lines[2]?.msg])
    expect(changed('class')).toEqual([[{ error: { class: 'DeviceNotFound', desc: 'no' }, id: 1 }]])
    expect(changed('turn')).toEqual([[{ return: {}, id: 1 }]])
  })
})

/** What comes out of a damage and could have happened too, each with the reason. */
const possible: readonly { readonly why: string; readonly fits: (damage: Damage, of: Transcript) => boolean }[] = [
  {
    why: 'how often memory is gone through is free, and so is the number',
    fits: ({ what }) => /^MIGRATION_PASS (is dropped|comes twice)$/.test(what),
  },
  {
    why: 'which reason COLO_EXIT names is a race of two threads, seen to go either way on a real QEMU',
    fits: ({ what }) => /^COLO_EXIT\.reason: (request becomes error|error becomes request)$/.test(what),
  },
  {
    why: 'a process that was killed just after may not have come to say it',
    fits: ({ kind, line }, { lines }) => {
      const side = lines.find(other => other.line === line)?.side
      const after = lines.filter(other => other.side === side && other.line > line && !('fault' in other.msg))
      return kind === 'drop' && after.length === 1 && /"signal":"SIGKILL".*"by":"harness"/.test(JSON.stringify(after))
    },
  },
  {
    why: 'a checkpoint that the death of the other side cut short does not resume the guest',
    fits: ({ what, line }, { lines }) => {
      const at = lines.findIndex(other => other.line === line)
      const next = lines.slice(at + 1).find(({ side, dir }) => side === lines[at]?.side && dir === '<-')
      return what === 'RESUME is dropped' && next?.msg.event === 'COLO_EXIT'
    },
  },
  {
    // Order between the monitors is not observable: the source may have been told while both were in a checkpoint,
    // which resumes its guest, and have quit before its thread came to say why it left.
    why: 'a thread that resumed the guest of its checkpoint may not have come to say COLO_EXIT before a quit',
    fits: ({ what, line }, { lines }) => {
      const side = lines.find(other => other.line === line)?.side
      const later = lines.filter(other => other.side === side && other.line > line)
      return (
        what === 'COLO_EXIT is dropped' &&
        later.some(({ msg }) => msg.event === 'RESUME') &&
        later.some(({ msg }) => msg.execute === 'quit')
      )
    },
  },
]

const recorded = join(import.meta.dirname, 'transcripts/recorded')

const files = [
  'precopy-running-19',
  'precopy-return-path-76',
  // Its first migration goes to an address where nobody is; `dead-unix` has one side only and takes a minute here.
  'retry-failed-12',
  'cancel-active-12',
  'kill-dst-9',
  'colo-prim-hb-alone-14',
  'colo-sec-hb-alone-11',
  'hb-fresh-66',
  // Other releases, and postcopy with its recovery.
  ...['7.2.22', '10.0.13', '11.1.3'].flatMap(version =>
    ['postcopy-complete', 'recover-dead-unix'].flatMap(scenario =>
      readdirSync(join(recorded, version))
        .filter(file => file.replace(/-\d+\.ndjson$/, '') === scenario)
        .map(file => `${version}/${file.replace('.ndjson', '')}`),
    ),
  ),
]

/** Every how manieth damage is tried: the third, unless told otherwise.  All take some minutes. */
const every = Number(process.env.LOCKSTEP_DAMAGES ?? 3)

/** What became of one damage. */
interface Tried {
  readonly damage: Damage
  readonly of: Transcript
  readonly noticed: boolean
  /** It was noticed at the damaged line; a missing line is noticed at one that comes after it. */
  readonly there: boolean
}

function attempt(name: string): Tried[] {
  const file = `${name}.ndjson`
  const of = readTranscript(readFileSync(join(recorded, file), 'utf8'), file)
  expect(of.header.faults).toBe('listed')
  const { verdict, version = '' } = validate(of)
  expect(verdict, file).toMatch(/^(conforms|known deviation)$/)
  const judged = new Set(observe(packedFor(version.replace(/\.\d+$/, '')).flat, of).told.map(({ line }) => line.line))
  // A status can be changed into sixteen others, which fail alike: every fifth is tried.
  let statuses = 0
  const damages = damagesOf(of, judged, extra).filter(({ kind }) => kind !== 'status' || statuses++ % 5 === 0)
  return damages
    .filter((_, i) => i % every === 0)
    .map(damage => {
      const { verdict, line = 0 } = validate(damage.transcript)
      const noticed = verdict === 'violates'
      return {
        damage,
        of,
        noticed,
        there: noticed && (damage.kind === 'drop' ? line > damage.line : line === damage.line),
      }
    })
}

describe('a damaged transcript of a real QEMU', () => {
  let tried: readonly Tried[] = []
  const unnoticed = () => tried.filter(({ noticed }) => !noticed)
  beforeAll(() => {
    tried = files.flatMap(attempt)
  }, 300_000)

  test(`is noticed, and at the right line (every ${every}th; LOCKSTEP_DAMAGES=1 tries all)`, () => {
    const kinds = [...new Set(tried.map(({ damage }) => damage.kind))].sort()
    const row = (name: string, some: readonly Tried[]) => {
      const count = (is: keyof Tried) => some.filter(one => one[is] === true).length
      return `${name}: ${count('noticed')} of ${some.length} noticed, ${count('there')} at the line`
    }
    const summary = [
      ...kinds.map(kind =>
        row(
          kind,
          tried.filter(({ damage }) => damage.kind === kind),
        ),
      ),
      row('all', tried),
    ]
    console.log(`damages of ${files.length} transcripts\n${summary.join('\n')}`)
    if (every !== 3) return
    expect(summary).toMatchInlineSnapshot(`
      [
        "class: 6 of 6 noticed, 6 at the line",
        "data: 22 of 23 noticed, 22 at the line",
        "double: 227 of 234 noticed, 227 at the line",
        "drop: 56 of 64 noticed, 55 at the line",
        "status: 155 of 155 noticed, 150 at the line",
        "turn: 2 of 2 noticed, 2 at the line",
        "all: 468 of 484 noticed, 462 at the line",
      ]
    `)
  })

  test('is not noticed only where it could have happened too', () => {
    const without = unnoticed().filter(({ damage, of }) => !possible.some(({ fits }) => fits(damage, of)))
    expect(without.map(({ damage, of }) => `${of.file}:${damage.line}: ${damage.what}`)).toEqual([])
  })

  test('need not be noticed for each of these reasons', () => {
    const reasons = possible.map(({ why, fits }) => {
      const count = unnoticed().filter(({ damage, of }) => fits(damage, of)).length
      return `${why}: ${count}`
    })
    if (every !== 3) return
    expect(reasons).toMatchInlineSnapshot(`
      [
        "how often memory is gone through is free, and so is the number: 15",
        "which reason COLO_EXIT names is a race of two threads, seen to go either way on a real QEMU: 1",
        "a process that was killed just after may not have come to say it: 0",
        "a checkpoint that the death of the other side cut short does not resume the guest: 0",
        "a thread that resumed the guest of its checkpoint may not have come to say COLO_EXIT before a quit: 0",
      ]
    `)
  })
})
