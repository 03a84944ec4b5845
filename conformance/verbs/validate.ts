/** `lockstep validate`: recorded logs against the rules. */
import { statSync } from 'node:fs'
import { claims } from '../../spec/claims.ts'
import { versions } from '../../spec/versions.ts'
import { type Foreknown, LogStream, type StreamOptions } from '../log-stream.ts'
import type { Format, Item } from '../logs/format.ts'
import { formats } from '../logs/formats.ts'
import { bytesOf, foreknownOf, growing } from '../logs/input.ts'
import { LogFeed, logOf, sideOf } from '../logs/read.ts'
import { profileOf as newestFor, release } from '../profile.ts'
import { judgeTogether } from '../together.ts'
import { type Line, type Side, type Transcript, TranscriptReader } from '../transcript.ts'
import type { Judgement } from '../validate.ts'
import { print, prose, releases, UsageError } from './common.ts'

const verdicts = ['conforms', 'known deviation', 'violates', 'inconclusive'] as const

/** What the verb is told. */
export interface ValidateFlags {
  readonly version?: string
  readonly json?: boolean
  /** The name of a log format, where it is not to be recognised. */
  readonly format?: string
  /** Only list the formats. */
  readonly formats?: boolean
  /** Go on as the log grows. */
  readonly follow?: boolean
  /** Lines may be missing. */
  readonly gaps?: boolean
  /** Whose log it is, where it does not say. */
  readonly side?: Side
  /** The log of a source and that of its destination, which are judged as one pair. */
  readonly src?: string
  readonly dst?: string
}

/** The command that judges a log again. */
const again = (
  file: string,
  { version, format }: { version: string | undefined; format: string | undefined },
): string =>
  [
    'lockstep validate',
    ...(version === undefined ? [] : [`--version ${version}`]),
    ...(format === undefined ? [] : [`--format ${format}`]),
    file,
  ].join(' ')

function listFormats(json: boolean | undefined): number {
  const shown = formats.map(({ name, about, sample, events }) => ({ name, about, sample, events: events ?? 'seen' }))
  if (json) print(JSON.stringify({ formats: shown }, null, 2))
  else {
    const width = Math.max(...shown.map(({ name }) => name.length))
    print(shown.map(({ name, about }) => `${name.padEnd(width)}  ${about}`).join('\n'))
  }
  return 0
}

function formatNamed(name: string | undefined): Format | undefined {
  if (name === undefined) return undefined
  const found = formats.find(format => format.name === name)
  if (found === undefined)
    throw new UsageError(`there is no format "${name}"; there are ${formats.map(one => one.name).join(', ')}`)
  return found
}

/** A file that is longer than this is read twice, if it is a pair's: first for what its harness saw. */
const LONG = 2 ** 21

/** What is known of a log before it is read: of a long pair transcript what its harness saw, of others nothing. */
async function foreknown(file: string): Promise<Foreknown | undefined> {
  if (file === '-' || (statSync(file, { throwIfNoEntry: false })?.size ?? 0) < LONG) return undefined
  for await (const chunk of bytesOf(file)) {
    if (!/^\ufeff?\s*\{[^\n]*"lockstep"\s*:/.test(chunk.toString('utf8', 0, 4096))) return undefined
    break
  }
  const { sides, observations } = await foreknownOf(file)
  const reader = new TranscriptReader(file)
  reader.take('{"lockstep": 1}', 1)
  const lines: Line[] = []
  for (const text of observations) {
    try {
      const line = reader.take(text, 2)
      if (line !== undefined) lines.push(line)
    } catch {
      // Whoever reads it in its place will say what is wrong with it.
    }
  }
  return { sides, observations: lines }
}

/** Judges one file, as far as it goes; with `follow` until it leaves the rules, or somebody interrupts. */
async function judgeFile(file: string, options: StreamOptions, say: (text: string) => void): Promise<Judgement[]> {
  const name = file === '-' ? 'stdin' : file
  const known = options.follow ? undefined : await foreknown(file)
  const stream = new LogStream(name, { ...options, ...(known !== undefined && { foreknown: known }) })
  const abort = new AbortController()
  const stop = () => abort.abort()
  if (options.follow) process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    const bytes = options.follow && file !== '-' ? growing(file, abort.signal) : bytesOf(file, abort.signal)
    for await (const chunk of bytes) {
      stream.push(chunk)
      if (options.follow) stream.look()
      if (stream.over) break
    }
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
  const judged = stream.finish()
  const { unreadable, format } = stream.feed
  if (unreadable > 0) say(`${name}: ${unreadable} lines of ${format?.name} could not be read`)
  if (judged.length > 1) say(`${name}: ${judged.length} monitors, each judged by itself`)
  return judged
}

/** What one log of a pair tells of its side. */
async function oneSide(file: string, side: Side, format: Format | undefined): Promise<Transcript> {
  const name = file === '-' ? 'stdin' : file
  const feed = new LogFeed(name, format)
  const items: Item[] = []
  for await (const chunk of bytesOf(file)) for (const item of feed.push(chunk)) items.push(item)
  items.push(...feed.end())
  const told = items.some(item => item.side !== undefined)
  const { transcripts } = logOf(name, feed, items, told ? undefined : side)
  const fitting = transcripts.filter(({ lines }) => [side, 'either'].includes(told ? side : sideOf(lines)))
  const [only, ...more] = transcripts.length === 1 ? transcripts : fitting
  if (only === undefined || more.length > 0)
    throw new UsageError(
      `${name} has ${transcripts.length} monitors, of which ${fitting.length} may be the ${side === 'src' ? 'source' : 'destination'}: give a log of one`,
    )
  return only
}

/** The skipped names of a judgement, in words; empty where nothing was. */
const skippedIn = ({ skipped }: Judgement): string => {
  const names = Object.entries(skipped).sort(([, a], [, b]) => b - a)
  if (names.length === 0) return ''
  const shown = names.slice(0, 6).map(([name, count]) => (count === 1 ? name : `${name} (${count} times)`))
  return `\n  skipped, since no rule speaks of it: ${shown.join(', ')}${names.length > 6 ? `, and ${names.length - 6} more` : ''}`
}

/** Whose bug a known deviation is, and until when it was there; empty for any other verdict. */
function bugOf({ verdict, claim, version }: Judgement): string {
  const found = claims.find(one => one.name === claim)
  const rules = newestFor(release(version))
  if (verdict !== 'known deviation' || found === undefined || rules === undefined) return ''
  const fixed = versions
    .slice((versions as readonly string[]).indexOf(rules))
    .find(one => found.broken[one] === undefined)
  return `\n  a known bug of ${rules}: claim "${found.name}", ${fixed === undefined ? 'broken in every later release that is known' : `kept in ${fixed}`}`
}

/** Runs the verb; answers the exit code: 1 when a log violates the rules. */
export async function validateVerb(files: readonly string[], flags: ValidateFlags): Promise<number> {
  const { version, json } = flags
  if (flags.formats) return listFormats(json)
  const { src, dst } = flags
  if ((src === undefined) !== (dst === undefined)) throw new UsageError('--src goes with --dst')
  if (src !== undefined && (files.length > 0 || flags.follow || flags.side !== undefined))
    throw new UsageError('--src and --dst are the logs of one pair: no others, no --follow and no --side go with them')
  if (flags.follow && files.length > 1) throw new UsageError('--follow goes with one log')
  const format = formatNamed(flags.format)
  const forced = version === undefined || version === 'auto' ? undefined : releases(versions, version)[0]
  const results: (Judgement & { readonly rerun: string })[] = []
  const say = prose(json)
  const options: StreamOptions = {
    explain: true,
    ...(forced !== undefined && { version: forced }),
    ...(format !== undefined && { format }),
    ...(flags.follow && { follow: true }),
    ...(flags.gaps && { gaps: true }),
    ...(flags.side !== undefined && { side: flags.side }),
  }
  const tell = (judgement: Judgement, file: string): void => {
    results.push({ ...judgement, rerun: again(file, { version: forced, format: format?.name }) })
    const { verdict } = judgement
    say(`${verdict === 'violates' ? '' : `${verdict}: `}${judgement.message}${bugOf(judgement)}${skippedIn(judgement)}`)
  }
  for (const file of files)
    for (const judgement of await judgeFile(file, options, say)) tell(judgement, file === '-' ? 'stdin' : file)
  if (src !== undefined && dst !== undefined) {
    const both = [await oneSide(src, 'src', format), await oneSide(dst, 'dst', format)] as const
    tell(judgeTogether(both[0], both[1], options), `--src ${src} --dst ${dst}`)
  }
  const summary = Object.fromEntries(verdicts.map(v => [v, results.filter(({ verdict }) => verdict === v).length]))
  if (json) print(JSON.stringify({ results, summary: { results: results.length, ...summary } }, null, 2))
  return results.some(({ verdict }) => verdict === 'violates') ? 1 : 0
}
