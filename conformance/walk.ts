/**
 * Walks: from a status that is held, a few steps at random, legal and not, with
 * the validator watching; and of a walk that fails, the shortest form.
 *
 * Chance is fast-check's, so a seed and a path are a walk.  What QEMU makes of it
 * is a race now and then: a shorter form is tried several times before it is
 * believed to be sound, and is taken only where it fails in the same way.
 */
import fc from 'fast-check'
import { type Stand, stands, within } from '../spec/holds.ts'
import type { Act, Case } from '../spec/script.ts'
import { judge, lastWords, type Result, type Validate } from './conform.ts'
import { type Run, run } from './run.ts'
import type { Target } from './stage.ts'
import { step } from './walk-steps.ts'

/** A walk as it is drawn. */
export interface Walk {
  readonly stand: Stand
  readonly over: 'unix' | 'tcp'
  readonly steps: readonly Act[]
}

/** What came of a walk. */
export interface Walked {
  readonly walk: Walk
  readonly run: Run
  readonly judged: Pick<Result, 'verdict' | 'expected' | 'message' | 'side' | 'claim' | 'rule'>
}

/** How to walk. */
export interface WalkOptions {
  readonly walks: number
  readonly seed: number
  /** Where a failure was found before: fast-check's path. */
  readonly path?: string
  /** The release that is walked in, for what it has at all; any when it is not known. */
  readonly version?: string
  readonly timeoutScale: number
  /** How long a failure may be made shorter, in seconds; 120. */
  readonly shrinkSeconds?: number
  /** How often a shorter form is tried before it is let go; 3. */
  readonly tries?: number
  readonly onWalk?: (walked: Walked, failures: number) => void
}

/** The outcome: nothing failed, or the shortest walk that did. */
export interface Outcome {
  readonly walks: number
  readonly counts: { readonly [verdict: string]: number }
  readonly failure?: Walked & { readonly path: string; readonly first: Walk }
}

/** A walk as a case that can be run. */
export const caseOf = ({ stand, over, steps }: Walk): Case => ({
  id: `walk/${stand.at}-${stand.status}/1`,
  description: `Walks on from ${stand.status} of the ${stand.at === 'src' ? 'source' : 'destination'}.`,
  expectation: 'Whatever comes is in the rules.',
  sides: ['src', 'dst'],
  capabilities: stand.capabilities,
  script: [...stand.script, ...steps],
  ...(stand.guest && { guest: stand.guest }),
  ...(over === 'tcp' && { over }),
  end: 'kill',
})

/** Walks that can be run on a target. */
export function walks(target: Target, version?: string): fc.Arbitrary<Walk> {
  const known = (stand: Stand) =>
    version === undefined ? stand.since === undefined && stand.until === undefined : within(stand, version)
  const runs = (walk: Walk) => target.unfit?.(caseOf(walk)) === undefined
  const places = stands.filter(stand => known(stand) && runs({ stand, over: 'unix', steps: [] }))
  const [first] = places
  if (first === undefined) throw new RangeError(`there is no status that can be held on ${target.name}`)
  return fc.constantFrom(...places).chain(stand => {
    // Without a guest that listens, a key is nothing.
    const heard = (act: Act) => stand.guest !== undefined || act.do !== 'send' || act.command !== 'send-key'
    const fits = (act: Act) => heard(act) && runs({ stand, over: 'unix', steps: [act] })
    return fc.record({
      stand: fc.constant(stand),
      over: fc.constantFrom('unix' as const, 'tcp' as const),
      steps: fc.array(step(fits), { minLength: 0, maxLength: 8 }),
    })
  })
}

/** What makes two failures the same one. */
const kindOf = ({ judged: { verdict, side, rule, claim } }: Walked): string =>
  JSON.stringify([verdict, side, rule ?? '', claim ?? ''])

/** Walks once. */
export async function walkOnce(walk: Walk, target: Target, validate: Validate, timeoutScale: number): Promise<Walked> {
  const done = await run(caseOf(walk), target, { timeoutScale, replyMs: 3000 })
  const judged = judge(done, validate)
  const words = judged.verdict === 'violates' ? lastWords(done) : ''
  return { walk, run: done, judged: words === '' ? judged : { ...judged, message: `${judged.message}\n${words}` } }
}

/** A walk is a failure where a rule is broken; a script that ended early because of what was done to it is none. */
const failed = ({ judged: { verdict } }: Walked): boolean => verdict === 'violates'

/**
 * Walks until one fails or all are done.
 *
 * @throws LaunchError, QmpError when the endpoints cannot be had
 */
export async function wander(target: Target, validate: Validate, options: WalkOptions): Promise<Outcome> {
  const { seed, path, version, timeoutScale, shrinkSeconds = 120, tries = 3, onWalk = () => {} } = options
  const counts: { [verdict: string]: number } = {}
  let first: Walked | undefined
  let shortest: Walked | undefined
  let deadline = Number.POSITIVE_INFINITY
  let broken: unknown
  const attempt = async (walk: Walk): Promise<boolean> => {
    if (broken !== undefined || performance.now() > deadline) return true
    for (let n = 0; n < (first === undefined ? 1 : tries); n++) {
      const walked = await walkOnce(walk, target, validate, timeoutScale)
      if (first === undefined) counts[walked.judged.verdict] = (counts[walked.judged.verdict] ?? 0) + 1
      onWalk(walked, first === undefined ? 0 : 1)
      if (!failed(walked)) continue
      if (first === undefined) {
        first = walked
        deadline = performance.now() + shrinkSeconds * 1000
      } else if (kindOf(walked) !== kindOf(first)) continue
      shortest = walked
      return false
    }
    return true
  }
  const property = fc.asyncProperty(walks(target, version), async walk => {
    try {
      return await attempt(walk)
    } catch (error) {
      // An endpoint that cannot be had is no failure of a walk, and nothing to shrink.
      broken ??= error
      return true
    }
  })
  const details = await fc.check(property, { seed, numRuns: options.walks, ...(path !== undefined && { path }) })
  if (broken !== undefined) throw broken
  const outcome = { walks: Object.values(counts).reduce((sum, n) => sum + n, 0), counts }
  if (!details.failed || first === undefined || shortest === undefined) return outcome
  return { ...outcome, failure: { ...shortest, path: details.counterexamplePath ?? '', first: first.walk } }
}
