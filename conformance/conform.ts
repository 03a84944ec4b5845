/**
 * The conformance run: every case against every target, each judged by the
 * rules of the version that greets.
 */
import { dirname, join } from 'node:path'
import { isIn } from '../impl/flat.ts'
import type { Case } from '../spec/script.ts'
import { deviate } from './deviate.ts'
import { QmpError } from './failure.ts'
import { NotFitError } from './foreign.ts'
import { LaunchError } from './launch.ts'
import { printText } from './print.ts'
import { type Run, run, sideName } from './run.ts'
import type { Target } from './stage.ts'
import { store, storeIn } from './store.ts'
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
  /** All claims that it breaks however it is explained, the one that is told first among them. */
  readonly claims?: readonly string[]
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
  /** How many may run side by side; 1. */
  readonly jobs?: number
  /** Is told what is about to be run, and how many runs are done of how many. */
  readonly progress?: (target: string, of: string, done: number, all: number) => void
}

/** How a transcript is judged; `validate` of validate.ts. */
export type Validate = (transcript: Run['transcript'], options?: { version?: string }) => Judgement

/** The same, here and now or elsewhere and later; see judges.ts. */
export type Judges = (transcript: Run['transcript'], options?: { version?: string }) => Judgement | Promise<Judgement>

/** What a name may not have when it is a file's. */
const fileName = (text: string): string => text.replaceAll(/[^\w.-]+/g, '-').replaceAll(/^[-.]+|-+$/g, '')

/** That a monitor stopped answering, in a sentence. */
export function printFrozen(frozen: NonNullable<Run['frozen']>): string {
  const { side, command, at, seconds, outOfBand, stalled, excused } = frozen
  const also =
    outOfBand === undefined
      ? 'it knows no out-of-band commands'
      : `an out-of-band command was ${outOfBand ? '' : 'not '}answered`
  const how = stalled
    ? '; its threads wait for each other'
    : excused
      ? '; its main loop waits for a lock, as the rules allow, and was not waited for'
      : ''
  return `${sideName[side]}'s monitor stopped answering: \`${command}\` sent at ${at.toFixed(3)} s had no answer for ${seconds} s; ${also}${how}`
}

/** What of a result is the verdict. */
export type Judged = Pick<
  Result,
  | 'version'
  | 'verdict'
  | 'expected'
  | 'message'
  | 'line'
  | 'side'
  | 'claim'
  | 'claims'
  | 'rule'
  | 'deviation'
  | 'allowed'
>

/** What a run is judged as. */
export interface Judging {
  readonly case: string
  readonly real: boolean
}

/** What there is to say of a run besides what the rules say of its transcript. */
const notesOn = ({ short, frozen, left }: Run): string[] => [
  ...(frozen ? [printFrozen(frozen)] : []),
  ...(short !== undefined ? [`the script ended early: ${short}`] : []),
  ...(left ? [`left behind, and killed then: ${left.map(pid => `process ${pid}`).join(', ')}`] : []),
]

const greetedBy = ({ versions }: Run): string[] => [...new Set(Object.values(versions))]

/** The verdict on a run that no rules can be held against. */
function unjudged(run: Run, version: string | undefined): Judged | undefined {
  const greeted = greetedBy(run)
  const unknown = greeted.map(profileFor).find(profile => profile.rules === undefined)
  if (version !== undefined || unknown === undefined) return undefined
  const message = [...notesOn(run), unknown.problem].join('\n')
  return { version: greeted.join('/'), verdict: 'inconclusive', expected: true, message }
}

/** The verdict on a run whose transcript was judged. */
function judged(run: Run, judgement: Judgement, version: string | undefined, subject: Judging): Judged {
  const { frozen, left, refused } = run
  const greeted = greetedBy(run)
  const notes = notesOn(run)
  const { verdict, line, side, claim, claims, rule, allowed, might = [] } = judgement
  const enough = notes.length === 0 || verdict !== 'conforms'
  // Where what the rules do not speak of could not be set up, there is nothing to know of.
  const unset = refused !== undefined && Object.hasOwn(judgement.skipped, refused) && verdict === 'known deviation'
  const final = left ? 'violates' : enough && !unset ? verdict : 'inconclusive'
  const said = verdict === 'conforms' ? [] : [judgement.message]
  const found = {
    version: greeted.join('/'),
    verdict: final,
    // Where the rules of that release let the monitor fall silent, nothing unexpected has come.
    expected:
      final === 'conforms' || final === 'known deviation' || (!left && frozen !== undefined && verdict === 'conforms'),
    message: [...notes, ...said].join('\n'),
    ...(line !== undefined && { line }),
    ...(side !== undefined && { side }),
    ...(claim !== undefined && { claim }),
    ...(claims !== undefined && { claims }),
    ...(rule !== undefined && { rule }),
    ...(allowed !== undefined && { allowed }),
  }
  const release = version ?? profileFor(greeted[0] ?? '').rules
  return deviate(found, { ...subject, release, frozen: frozen !== undefined && verdict === 'conforms', might })
}

const nobody: Judging = { case: '', real: false }

/** The verdict on a run: what the rules say, and what the run itself has to say. */
export const judge = (run: Run, validate: Validate, version?: string, subject = nobody): Judged =>
  unjudged(run, version) ?? judged(run, validate(run.transcript, { version: version ?? 'auto' }), version, subject)

/** The same, by judges that take their time. */
export const judgeLater = async (run: Run, judges: Judges, version?: string, subject = nobody): Promise<Judged> =>
  unjudged(run, version) ?? judged(run, await judges(run.transcript, { version: version ?? 'auto' }), version, subject)

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

/** Why a case is not for a version, if it is not. */
export function untimely(of: Case, version: string): string | undefined {
  const { since, until, why } = of
  if (isIn(version, of)) return undefined
  if (why !== undefined) return why
  const span = since === undefined ? `until ${until}` : until === undefined ? `since ${since}` : `${since} to ${until}`
  return `it is for QEMU ${span}, and this is ${version}`
}

/** A run that is due. */
interface Due {
  readonly target: Target
  readonly of: Case
  readonly seed: number
  /** Why the target cannot be had any more, once it was found so. */
  readonly lost: { reason: string }
  readonly at: number
}

/**
 * Runs everything, so many side by side, and calls back with each result as it comes.
 *
 * @returns the results, in the order of targets and cases
 */
export async function conform(
  options: ConformOptions,
  judges: Judges,
  onResult: (result: Result) => void = () => {},
): Promise<Result[]> {
  const { targets, cases, seed, repeat, progress, jobs = 1 } = options
  const due: Due[] = []
  for (const target of targets) {
    const lost = { reason: '' }
    for (const of of cases)
      for (let n = 0; n < repeat; n++) due.push({ target, of, seed: seed + n, lost, at: due.length })
  }
  const results = new Map<number, Result>()
  const waiting = [...due]
  const alone = new Set<Target>()
  const judging: Promise<void>[] = []
  let failed: { readonly error: unknown } | undefined
  const finish = async (at: number, result: Promise<Result>): Promise<void> => {
    const done = await result
    results.set(at, done)
    onResult(done)
  }
  const work = async (): Promise<void> => {
    while (failed === undefined) {
      const next = waiting.findIndex(({ target }) => !alone.has(target))
      const [one] = next < 0 ? [] : waiting.splice(next, 1)
      // What is left is for those who have the endpoint now.
      if (one === undefined) return
      const { target, of, at } = one
      progress?.(target.name, of.id, results.size, due.length)
      if (target.alone) alone.add(target)
      try {
        const { result } = await drive(one, options, judges)
        // Meanwhile whoever serves has time to see that its endpoints have ended, and to start others.
        if (target.alone) await result
        judging.push(finish(at, result))
        judging.at(-1)?.catch(error => {
          failed ??= { error }
        })
      } catch (error) {
        failed ??= { error }
      } finally {
        alone.delete(target)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, due.length) }, work))
  await Promise.allSettled(judging)
  if (failed !== undefined) throw failed.error
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result)
}

/** Drives one run to its end; its result comes when it has been judged, which is not waited for. */
async function drive(
  { target, of, seed, lost }: Due,
  { timeoutScale, out, version }: ConformOptions,
  judges: Judges,
): Promise<{ readonly result: Promise<Result> }> {
  const scale = timeoutScale === 1 ? '' : ` --timeout-scale ${timeoutScale}`
  const rerun = `lockstep conform ${target.rerun} --only ${of.id} --seed ${seed}${scale}`
  const before = performance.now()
  const base = { case: of.id, endpoint: target.name, seed, rerun }
  const seconds = () => Math.round(performance.now() - before) / 1000
  const none = (verdict: 'skipped' | 'error', message: string) => ({
    result: Promise.resolve<Result>({
      ...base,
      version: '',
      verdict,
      expected: verdict === 'skipped',
      message,
      seconds: seconds(),
    }),
  })
  const unfit = (target.release === undefined ? undefined : untimely(of, target.release)) ?? target.unfit?.(of)
  if (unfit !== undefined) return none('skipped', unfit)
  if (lost.reason !== '') return none('error', lost.reason)
  let file: string | undefined
  if (out !== undefined) {
    file = join(out, 'transcripts', fileName(target.name), `${fileName(of.id)}.seed${seed}.ndjson`)
    storeIn(dirname(file))
  }
  try {
    const asked = { version: version ?? 'auto' }
    const excused = async (transcript: Run['transcript']) => (await judges(transcript, asked)).verdict !== 'violates'
    const done = await run(of, target, { seed, timeoutScale, excused, ...(file !== undefined && { file }) })
    if (file !== undefined) store(file.replace(/ndjson$/, 'txt'), printText(done.transcript))
    const took = { seconds: seconds(), ...(file !== undefined && { file }) }
    const result = judgeLater(done, judges, version, { case: of.id, real: target.model !== true }).then(found => {
      const words = found.verdict === 'violates' ? lastWords(done) : ''
      return { ...base, ...found, message: words === '' ? found.message : `${found.message}\n${words}`, ...took }
    })
    return { result }
  } catch (error) {
    if (error instanceof NotFitError) return none(error.expected ? 'skipped' : 'error', error.message)
    if (!unreachable(error)) throw error
    lost.reason = error.message
    return none('error', error.message)
  }
}
