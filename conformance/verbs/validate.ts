/** `lockstep validate`: recorded logs against the rules. */
import { readFileSync } from 'node:fs'
import { versions } from '../../spec/versions.ts'
import { isTrace, readTrace } from '../logs/trace.ts'
import { readTranscript } from '../transcript.ts'
import { type Judgement, validate } from '../validate.ts'
import { print, prose, releases } from './common.ts'

/** A log that cannot be read at all: no file, no permission. */
class UnreadableError extends Error {
  override readonly name = 'UnreadableError'
}

function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new UnreadableError(`cannot read ${file === '-' ? 'standard input' : file}: ${(error as Error).message}`)
  }
}

const verdicts = ['conforms', 'known deviation', 'violates', 'inconclusive'] as const

/** The command that judges a log again. */
const again = (file: string, version: string | undefined): string =>
  `lockstep validate ${version === undefined ? '' : `--version ${version} `}${file}`

/** Runs the verb; answers the exit code: 1 when a log violates the rules. */
export async function validateVerb(
  files: readonly string[],
  { version, json }: { readonly version?: string; readonly json?: boolean },
): Promise<number> {
  const forced = version === undefined || version === 'auto' ? undefined : releases(versions, version)[0]
  const results: Judgement[] = []
  const say = prose(json)
  for (const file of files) {
    const name = file === '-' ? 'stdin' : file
    const text = textOf(file)
    const transcript = isTrace(text) ? readTrace(text, name) : readTranscript(text, name)
    const judgement = validate(transcript, forced === undefined ? {} : { version: forced })
    results.push(judgement)
    say(judgement.verdict === 'violates' ? judgement.message : `${judgement.verdict}: ${judgement.message}`)
  }
  const summary = Object.fromEntries(verdicts.map(v => [v, results.filter(({ verdict }) => verdict === v).length]))
  if (json) {
    const shown = results.map(result => ({ ...result, rerun: again(result.file, forced) }))
    print(JSON.stringify({ results: shown, summary: { results: results.length, ...summary } }, null, 2))
  }
  return results.some(({ verdict }) => verdict === 'violates') ? 1 : 0
}
