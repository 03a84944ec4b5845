/** `lockstep validate`: recorded logs against the rules. */
import { versions } from '../../spec/versions.ts'
import { judgeLog } from '../judge-log.ts'
import type { Format } from '../logs/format.ts'
import { formats } from '../logs/formats.ts'
import { type Log, readLog } from '../logs/read.ts'
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

/** What came of a log that should be said besides its verdicts. */
function remarksOf(file: string, { format, unreadable, transcripts }: Log): string[] {
  const remarks: string[] = []
  if (unreadable > 0) remarks.push(`${file}: ${unreadable} lines of ${format.name} could not be read`)
  if (transcripts.length > 1) remarks.push(`${file}: ${transcripts.length} monitors, each judged by itself`)
  return remarks
}

/** The skipped names of a judgement, in words; empty where nothing was. */
const skippedIn = ({ skipped }: Judgement): string => {
  const names = Object.entries(skipped).sort(([, a], [, b]) => b - a)
  if (names.length === 0) return ''
  const shown = names.slice(0, 6).map(([name, count]) => (count === 1 ? name : `${name} (${count} times)`))
  return `\n  skipped, since no rule speaks of it: ${shown.join(', ')}${names.length > 6 ? `, and ${names.length - 6} more` : ''}`
}

/** Runs the verb; answers the exit code: 1 when a log violates the rules. */
export async function validateVerb(files: readonly string[], flags: ValidateFlags): Promise<number> {
  const { version, json } = flags
  if (flags.formats) return listFormats(json)
  const format = formatNamed(flags.format)
  const forced = version === undefined || version === 'auto' ? undefined : releases(versions, version)[0]
  const results: (Judgement & { readonly rerun: string })[] = []
  const say = prose(json)
  for (const file of files) {
    const log = await readLog(file, format)
    for (const remark of remarksOf(file, log)) say(remark)
    for (const transcript of log.transcripts) {
      const judgement = judgeLog(transcript, forced === undefined ? {} : { version: forced })
      const name = file === '-' ? 'stdin' : file
      results.push({ ...judgement, rerun: again(name, { version: forced, format: format?.name }) })
      const { verdict } = judgement
      say(`${verdict === 'violates' ? '' : `${verdict}: `}${judgement.message}${skippedIn(judgement)}`)
    }
  }
  const summary = Object.fromEntries(verdicts.map(v => [v, results.filter(({ verdict }) => verdict === v).length]))
  if (json) print(JSON.stringify({ results, summary: { results: results.length, ...summary } }, null, 2))
  return results.some(({ verdict }) => verdict === 'violates') ? 1 : 0
}
