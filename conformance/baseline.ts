/**
 * Earlier results to hold new ones against: only what is worse than they were fails.
 *
 * A baseline is the object that `--json` prints, of which only what is read here
 * is kept: it goes into a repository, where its changes are looked at.
 */
import { existsSync, readFileSync } from 'node:fs'
import * as v from 'valibot'
import type { CaseVerdict, Result } from './conform.ts'
import { problemOf } from './shape.ts'

/** One earlier result, as far as it matters. */
export interface Known {
  readonly case: string
  readonly endpoint: string
  /** QEMU's own, such as `11.1.3`; empty where nobody greeted. */
  readonly version: string
  readonly verdict: CaseVerdict
  readonly expected: boolean
  readonly claim?: string
}

/** A baseline cannot be read: a mistake of usage. */
export class BaselineError extends Error {
  override readonly name = 'BaselineError'
}

const verdicts = ['conforms', 'known deviation', 'inconclusive', 'skipped', 'error', 'violates'] as const
const known = v.looseObject({
  case: v.string(),
  endpoint: v.string(),
  version: v.string(),
  verdict: v.picklist(verdicts),
  expected: v.boolean(),
  claim: v.optional(v.string()),
})
const shape = v.looseObject({ results: v.array(known) })

/**
 * Reads a baseline, or a whole report in JSON.
 *
 * @throws BaselineError when it is not there, no JSON, or something else
 */
export function readBaseline(file: string): readonly Known[] {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new BaselineError(
      code === undefined
        ? `${file}: not JSON: ${message}`
        : `${file}: cannot be read (${code})${code === 'ENOENT' ? '; --update-baseline writes it' : ''}`,
    )
  }
  const problem = problemOf(shape, value as never)
  if (problem !== undefined) throw new BaselineError(`${file}: no results of an earlier run: ${problem}`)
  return (value as v.InferOutput<typeof shape>).results as readonly Known[]
}

/** The same, and nothing where there is no such file yet. */
export const readBaselineToUpdate = (file: string): readonly Known[] => (existsSync(file) ? readBaseline(file) : [])

/** How bad it is: what is expected of that version is as good as anything. */
function grade({ verdict, expected }: Known): number {
  if (verdict === 'skipped') return 1
  if (verdict === 'conforms' || expected) return 0
  return verdict === 'inconclusive' ? 2 : verdict === 'error' ? 3 : 4
}

const release = (version: string) => version.split('.').slice(0, 2).join('.')

/**
 * The earlier results that are of this endpoint: of its name, else of its
 * version, else of its release, else of the only one there is.
 */
function matching(baseline: readonly Known[], endpoint: string, version: string): readonly Known[] {
  const tries: readonly ((one: Known) => boolean)[] = [
    one => one.endpoint === endpoint,
    one => version !== '' && one.version === version,
    one => version !== '' && release(one.version) === release(version),
    () => new Set(baseline.map(one => one.endpoint)).size === 1,
  ]
  for (const fits of tries) {
    const found = baseline.filter(fits)
    if (found.length > 0) return found
  }
  return []
}

/** Results in the light of earlier ones. */
export interface Compared {
  /** The same; what is no worse than it was is as expected, and what is worse is not. */
  readonly results: readonly Result[]
  /** What there is to say of the baseline itself, a line each. */
  readonly remarks: readonly string[]
}

const add = (message: string, line: string): string => (message === '' ? line : `${message}\n${line}`)

const list = (ids: readonly string[]): string => [...new Set(ids)].join(', ')

/** Holds results against a baseline. */
export function compareWith(baseline: readonly Known[], results: readonly Result[]): Compared {
  const missing: string[] = []
  const better: string[] = []
  const seen = new Set<Known>()
  const compared = results.map(result => {
    const version = results.find(one => one.endpoint === result.endpoint && one.version !== '')?.version ?? ''
    const before = matching(baseline, result.endpoint, version).filter(one => one.case === result.case)
    for (const one of before) seen.add(one)
    const worst = before.reduce<Known | undefined>(
      (a, b) => (a === undefined || grade(b) > grade(a) ? b : a),
      undefined,
    )
    if (worst === undefined) {
      missing.push(result.case)
      return result
    }
    const [was, is] = [grade(worst), grade(result)]
    // What could not be run at all is no better for having been so before.
    if (result.verdict === 'error') return result
    if (is > was)
      return {
        ...result,
        expected: false,
        message: add(result.message, `worse than the baseline, which has it as: ${worst.verdict}`),
      }
    if (is < was) better.push(result.case)
    if (result.expected) return result
    return {
      ...result,
      expected: true,
      message: add(result.message, `no worse than the baseline, which has it as: ${worst.verdict}`),
    }
  })
  const gone = baseline.filter(one => !seen.has(one)).map(one => one.case)
  const ran = new Set(results.map(result => result.case))
  const lost = gone.filter(id => !ran.has(id))
  const remarks = [
    ...(missing.length > 0 ? [`not in the baseline: ${list(missing)}`] : []),
    ...(better.length > 0 ? [`better than the baseline: ${list(better)}; --update-baseline keeps it so`] : []),
    ...(lost.length > 0 ? [`in the baseline, and not run: ${list(lost)}`] : []),
  ]
  return { results: compared, remarks }
}

/** The baseline that these results make of an earlier one: what was not run stays, and errors are not kept. */
export function printBaseline(earlier: readonly Known[], results: readonly Result[]): string {
  const key = (one: Known) => JSON.stringify([one.case, one.endpoint])
  const now = results.filter(({ verdict }) => verdict !== 'error')
  const fresh = new Set(now.map(key))
  const kept = [...earlier.filter(one => !fresh.has(key(one))), ...now]
  const lines = kept.map(({ case: id, endpoint, version, verdict, expected, claim }) =>
    JSON.stringify({ case: id, endpoint, version, verdict, expected, ...(claim !== undefined && { claim }) }),
  )
  return `{"results": [\n${[...new Set(lines)].sort().join(',\n')}\n]}\n`
}
