/**
 * Finds which rules real QEMU was seen to take, and writes `spec/seen.json`.
 *
 *     node scripts/seen.ts [FILE...]
 *
 * A rule counts as seen under a release when some recorded transcript of a
 * real binary of that release can be explained with it and cannot be without:
 * whatever else is true, QEMU did that.  A rule that every transcript can do
 * without stays marked as read from source only.  With no files, all of
 * `conformance/transcripts`.
 *
 * The releases are gone through by two processes at once.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { observe } from '../conformance/observe.ts'
import { readTranscript, type Transcript } from '../conformance/transcript.ts'
import { faultsOf, follow, foreseenOf, packedFor, systemFor } from '../conformance/validate.ts'
import { profileOfTranscript } from '../conformance/whose.ts'
import { compareVersions, type Flat } from '../impl/flat.ts'
import type { Packed } from '../impl/pack.ts'
import { Tracker, TrackLimitError, type TrackOptions } from '../impl/track.ts'

const root = new URL('..', import.meta.url).pathname
const folder = join(root, 'conformance', 'transcripts')

/** The id that several rules are given to be gone without together; no rule is called so. */
const GONE = 'gone'

/** A tracker like another, from the beginning, that goes without all these rules. */
function withoutAll(packed: Packed, options: TrackOptions, gone: ReadonlySet<string>, like: Tracker): Tracker {
  const rows = packed.flat.rows.map(row => (gone.has(row.rule.id) ? { ...row, rule: { ...row.rule, id: GONE } } : row))
  const flat: Flat = { ...packed.flat, rows }
  return new Tracker({ ...packed, flat }, { ...options, without: GONE }, like)
}

/** The names of the rules without which a transcript cannot be explained, but for those that are known already. */
export function neededRules(transcript: Transcript, version: string, known: ReadonlySet<string>): string[] {
  const packed = packedFor(version, systemFor(transcript))
  const { flat } = packed
  const observed = observe(flat, transcript)
  const options: TrackOptions = {
    observed: observed.sides,
    fault: faultsOf(transcript, observed, packed),
    foreseen: { ...foreseenOf(packed, observed), tests: [] },
  }
  // Where too many states are possible nobody knows; then nothing is seen of it.
  const explains = (tracker: Tracker): boolean | undefined => {
    try {
      return follow(tracker, observed) === undefined
    } catch (error) {
      if (error instanceof TrackLimitError) return undefined
      throw error
    }
  }
  const whole = new Tracker(packed, options)
  if (explains(whole) !== true) return []
  const names = new Map(flat.rules.map(({ id, rule }) => [id, rule.name]))
  const nameOf = (id: string): string => names.get(id) ?? id
  const asked = [...whole.tried].filter(id => {
    // Of a side that nobody recorded, no rule is ever needed.
    const side = observed.sides.some(one => id.startsWith(`${one}/`))
    return (side || observed.sides.length === flat.sides.length) && !known.has(nameOf(id))
  })
  // What all of them can be gone without together, each can be gone without: so few have to be tried alone.
  const gone = new Set<string>()
  const left: string[] = []
  const shed = (ids: readonly string[]): void => {
    if (ids.length === 0) return
    if (explains(withoutAll(packed, options, new Set([...gone, ...ids]), whole)) === true) {
      for (const id of ids) gone.add(id)
    } else if (ids.length === 1) left.push(...ids)
    else {
      const half = ids.length >> 1
      shed(ids.slice(0, half))
      shed(ids.slice(half))
    }
  }
  shed(asked)
  return [...new Set(left.filter(id => explains(whole.without(id)) === false).map(nameOf))]
}

const read = (file: string): Transcript => readTranscript(readFileSync(file, 'utf8'), file)

/** All that is seen in the transcripts of one release; each is told of as it is done. */
function seenIn(version: string, files: readonly string[]): string[] {
  const seen = new Set<string>()
  for (const file of files) {
    const found = neededRules(read(file), version, seen)
    for (const rule of found) seen.add(rule)
    if (process.stderr.isTTY || found.length > 0)
      process.stderr.write(`${file.replace(`${folder}/`, '')}: ${found.length} more, ${seen.size} of ${version}\n`)
  }
  return [...seen]
}

/** What a process is asked, and answers. */
interface Job {
  readonly version: string
  readonly files: readonly string[]
}
type Done = { readonly version: string; readonly rules: readonly string[] }

async function ask(worker: ChildProcess, job: Job): Promise<Done> {
  const ended = once(worker, 'exit').then(() => {
    throw new Error(`the process for ${job.version} ended early`)
  })
  worker.send(job)
  const [done] = await Promise.race([once(worker, 'message'), ended])
  return done as Done
}

async function main(): Promise<void> {
  const given = process.argv.slice(2)
  const files =
    given.length > 0
      ? given
      : readdirSync(folder, { recursive: true })
          .map(name => join(folder, String(name)))
          .filter(name => name.endsWith('.ndjson'))
          .sort()
  const byVersion = new Map<string, string[]>()
  for (const file of files) {
    const { rules: version } = profileOfTranscript(read(file), 'auto')
    if (version !== undefined) byVersion.set(version, [...(byVersion.get(version) ?? []), file])
  }
  // The longest first, so that two processes end at about the same time.
  const jobs: Job[] = [...byVersion].map(([version, own]) => ({ version, files: own }))
  jobs.sort((a, b) => b.files.length - a.files.length)
  const seen = new Map<string, string[]>()
  const work = async (): Promise<void> => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      // A process of its own for each: what one has compiled is of no use for another.
      const worker = fork(import.meta.filename, ['--worker'])
      const { version, rules } = await ask(worker, job)
      for (const rule of rules) seen.set(rule, [...(seen.get(rule) ?? []), version])
      worker.disconnect()
    }
  }
  await Promise.all([work(), work()])
  const lines = [...seen]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([rule, versions]) => {
      const list = versions.sort(compareVersions).map(version => JSON.stringify(version))
      return `  ${JSON.stringify(rule)}: [${list.join(', ')}]`
    })
  const head = '  "//": "Printed by `node scripts/seen.ts`; do not edit."'
  writeFileSync(join(root, 'spec', 'seen.json'), `{\n${[head, ...lines].join(',\n')}\n}\n`)
  process.stderr.write(`${seen.size} rules were seen to be taken\n`)
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv[2] === '--worker')
    process.on('message', ({ version, files }: Job) => process.send?.({ version, rules: seenIn(version, files) }))
  else await main()
}
