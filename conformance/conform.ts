/**
 * The conformance run: every case against every target, each judged by the
 * rules of the version that greets.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Case } from '../spec/script.ts'
import { deviate } from './deviate.ts'
import { QmpError } from './failure.ts'
import { NotFitError } from './foreign.ts'
import { LaunchError } from './launch.ts'
import { printText } from './print.ts'
import { type Run, run, sideName } from './run.ts'
import type { Target } from './stage.ts'
import type { Allowed, Judgement, VerdictName } from './validate.ts'
import { profileFor } from './whose.ts'

/** Verdicts of a case: the ladder of a log, and why there may be none. */
export type CaseVerdict = VerdictName | 'skipped' | 'error'

/** What came of one case on one target. */
export interface Result {
  readonly case: string
  /** The target, such as the path of a binary. */
  readonly endpoint: string
  /** QEMU's own, such as `11.1.3`; empty when nobody greeted. */
  readonly version: string
  readonly seed: number
  readonly verdict: CaseVerdict
  /** Whether this is no reason for alarm. */
  readonly expected: boolean
  readonly line?: number
  readonly side?: string
  readonly claim?: string
  readonly rule?: string
  /** The id of the known deviation that it is, or that did not come. */
  readonly deviation?: string
  /** Where it left the rules: what could have been seen next instead. */
  readonly allowed?: readonly Allowed[]
  /** One line or several, for people; may be empty when all is well. */
  readonly message: string
  /** The command that runs this again. */
  readonly rerun: string
  /** Where the transcript is. */
  readonly file?: string
  /** How long it took. */
  readonly seconds: number
}

/** What to run. */
export interface ConformOptions {
  readonly targets: readonly Target[]
  readonly cases: readonly Case[]
  readonly seed: number
  readonly repeat: number
  readonly timeoutScale: number
  /** A version to judge by instead of the one that greets. */
  readonly version?: string
  /** A folder for transcripts. */
  readonly out?: string
  /** Is told what is about to be run, and how many runs are done of how many. */
  readonly progress?: (target: string, of: string, done: number, all: number) => void
}

/** How a transcript is judged; `validate` of validate.ts. */
export type Validate = (transcript: Run['transcript'], options?: { version?: string }) => Judgement

/** What a name may not have when it is a file's. */
const fileName = (text: string): string => text.replaceAll(/[^\w.-]+/g, '-').replaceAll(/^-+|-+$/g, '')

/** That a monitor stopped answering, in a sentence. */
export function printFrozen({ side, command, at, seconds, outOfBand, stalled }: NonNullable<Run['frozen']>): string {
  const also =
    outOfBand === undefined
      ? 'it knows no out-of-band commands'
      : `an out-of-band command was ${outOfBand ? '' : 'not '}answered`
  return `${sideName[side]}'s monitor stopped answering: \`${command}\` sent at ${at.toFixed(3)} s had no answer for ${seconds} s; ${also}${stalled ? '; its threads wait for each other' : ''}`
}

/** The verdict on a run: what the rules say, and what the run itself has to say. */
export function judge(
  { transcript, versions, short, frozen, left }: Run,
  validate: Validate,
  version?: string,
  subject: { readonly case: string; readonly real: boolean } = { case: '', real: false },
): Pick<
  Result,
  'version' | 'verdict' | 'expected' | 'message' | 'line' | 'side' | 'claim' | 'rule' | 'deviation' | 'allowed'
> {
  const greeted = [...new Set(Object.values(versions))]
  const shown = greeted.join('/')
  const notes = [
    ...(frozen ? [printFrozen(frozen)] : []),
    ...(short !== undefined ? [`the script ended early: ${short}`] : []),
    ...(left ? [`left behind, and killed then: ${left.map(pid => `process ${pid}`).join(', ')}`] : []),
  ]
  const unknown = greeted.map(profileFor).find(profile => profile.rules === undefined)
  if (version === undefined && unknown !== undefined) {
    const message = [...notes, unknown.problem].join('\n')
    return { version: shown, verdict: 'inconclusive', expected: true, message }
  }
  const judgement = validate(transcript, { version: version ?? 'auto' })
  const { verdict, line, side, claim, rule, allowed, might = [] } = judgement
  const enough = notes.length === 0 || verdict !== 'conforms'
  const final = left ? 'violates' : enough ? verdict : 'inconclusive'
  const said = verdict === 'conforms' ? [] : [judgement.message]
  const judged = {
    version: shown,
    verdict: final,
    // Where the rules of that release let the monitor fall silent, nothing unexpected has come.
    expected:
      final === 'conforms' || final === 'known deviation' || (!left && frozen !== undefined && verdict === 'conforms'),
    message: [...notes, ...said].join('\n'),
    ...(line !== undefined && { line }),
    ...(side !== undefined && { side }),
    ...(claim !== undefined && { claim }),
    ...(rule !== undefined && { rule }),
    ...(allowed !== undefined && { allowed }),
  }
  const release = version ?? profileFor(greeted[0] ?? '').rules
  return deviate(judged, { ...subject, release, frozen: frozen !== undefined && verdict === 'conforms', might })
}

/** The last words of processes that wrote some, for a message. */
export function lastWords({ stderr }: Run): string {
  return Object.entries(stderr)
    .flatMap(([side, text]) =>
      text
        .trim()
        .split('\n')
        .filter(Boolean)
        .slice(-3)
        .map(line => `${side} wrote: ${line}`),
    )
    .join('\n')
}

/** Nobody is there to be tested, or nobody who speaks QMP: a reason to stop.  Runs swallow what happens later. */
const unreachable = (error: unknown): error is Error => error instanceof QmpError || error instanceof LaunchError

/** Runs everything, one after another, and calls back with each result. */
export async function conform(
  options: ConformOptions,
  validate: Validate,
  onResult: (result: Result) => void = () => {},
): Promise<Result[]> {
  const { targets, cases, seed, repeat, timeoutScale, out, version, progress } = options
  const results: Result[] = []
  const all = targets.length * cases.length * repeat
  for (const target of targets) {
    const lost = { reason: '' }
    for (const of of cases) {
      for (let n = 0; n < repeat; n++) {
        progress?.(target.name, of.id, results.length, all)
        const result = await one(target, of, seed + n, { timeoutScale, out, version, validate, lost })
        results.push(result)
        onResult(result)
      }
    }
  }
  return results
}

async function one(
  target: Target,
  of: Case,
  seed: number,
  {
    timeoutScale,
    out,
    version,
    validate,
    lost,
  }: {
    timeoutScale: number
    out: string | undefined
    version: string | undefined
    validate: Validate
    lost: { reason: string }
  },
): Promise<Result> {
  const scale = timeoutScale === 1 ? '' : ` --timeout-scale ${timeoutScale}`
  const rerun = `lockstep conform ${target.rerun} --only ${of.id} --seed ${seed}${scale}`
  const before = performance.now()
  const base = { case: of.id, endpoint: target.name, seed, rerun }
  const seconds = () => Math.round(performance.now() - before) / 1000
  const none = (verdict: 'skipped' | 'error', message: string): Result => ({
    ...base,
    version: '',
    verdict,
    expected: verdict === 'skipped',
    message,
    seconds: seconds(),
  })
  const unfit = target.unfit?.(of)
  if (unfit !== undefined) return none('skipped', unfit)
  if (lost.reason !== '') return none('error', lost.reason)
  let file: string | undefined
  if (out !== undefined) {
    file = join(out, 'transcripts', fileName(target.name), `${fileName(of.id)}.seed${seed}.ndjson`)
    mkdirSync(dirname(file), { recursive: true })
  }
  try {
    const done = await run(of, target, { seed, timeoutScale, ...(file !== undefined && { file }) })
    if (file !== undefined) writeFileSync(file.replace(/ndjson$/, 'txt'), printText(done.transcript))
    const judged = judge(done, validate, version, { case: of.id, real: target.model !== true })
    const words = judged.verdict === 'violates' ? lastWords(done) : ''
    return {
      ...base,
      ...judged,
      message: words === '' ? judged.message : `${judged.message}\n${words}`,
      seconds: seconds(),
      ...(file !== undefined && { file }),
    }
  } catch (error) {
    if (error instanceof NotFitError) return none(error.expected ? 'skipped' : 'error', error.message)
    if (!unreachable(error)) throw error
    lost.reason = error.message
    return none('error', error.message)
  }
}
