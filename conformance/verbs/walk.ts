/** `lockstep conform --walk N`: random walks on each target, and the shortest form of the first that fails. */
import { join } from 'node:path'
import type { Case } from '../../spec/script.ts'
import { printText } from '../print.ts'
import type { Target } from '../stage.ts'
import { store, storeIn } from '../store.ts'
import { validate } from '../validate.ts'
import { caseOf, type Outcome, wander } from '../walk.ts'
import { print, progressLine, prose } from './common.ts'
import { actText } from './explain.ts'

/** What the verb is told. */
export interface WalkFlags {
  readonly walk: number
  readonly at?: string
  readonly seed: number
  readonly timeoutScale: number
  readonly json?: boolean
  readonly out?: string
}

/** A target and the release that it is of, where that is known before it greets. */
export interface Place {
  readonly target: Target
  readonly version?: string
}

const rerun = ({ target }: Place, { walk, seed, timeoutScale }: WalkFlags, path: string): string => {
  const scale = timeoutScale === 1 ? '' : ` --timeout-scale ${timeoutScale}`
  return `lockstep conform ${target.rerun} --walk ${walk} --seed ${seed} --at ${path}${scale}`
}

const scriptOf = ({ script, guest, over, capabilities }: Case): string[] => [
  `  pair    over ${over ?? 'unix'}${guest === undefined ? '' : `, with a ${guest} guest`}, with ${capabilities.map(one => (typeof one === 'string' ? one : one.name)).join(', ')}`,
  ...script.map((act, i) => `  ${String(i + 1).padStart(4)}    ${actText(act)}`),
]

/** An outcome for people. */
export function printOutcome(place: Place, flags: WalkFlags, { walks, counts, failure }: Outcome): string {
  const told = Object.entries(counts).map(([verdict, count]) => `${count} ${verdict}`)
  const head = `${place.target.name}: ${walks} walk${walks === 1 ? '' : 's'}: ${told.join(', ') || 'nothing to report'}`
  if (failure === undefined) return `${head}\n`
  const { first, walk, judged, path } = failure
  return [
    head,
    '',
    `${judged.verdict}: the shortest walk that fails so (${first.steps.length} steps at first, ${walk.steps.length} now)`,
    ...scriptOf(caseOf(walk)),
    ...judged.message.split('\n').map(line => `  ${line}`),
    `  again: ${rerun(place, flags, path)}`,
    '',
  ].join('\n')
}

/** Walks on every target; answers the exit code. */
export async function walkVerb(places: readonly Place[], flags: WalkFlags): Promise<number> {
  const line = progressLine()
  const outcomes: { endpoint: string; outcome: Outcome }[] = []
  for (const place of places) {
    let done = 0
    const outcome = await wander(place.target, validate, {
      walks: flags.walk,
      seed: flags.seed,
      timeoutScale: flags.timeoutScale,
      ...(flags.at !== undefined && { path: flags.at }),
      ...(place.version !== undefined && { version: place.version }),
      onWalk: ({ walk }, failures) =>
        line.show(
          `${++done}${failures > 0 ? ', making it shorter' : `/${flags.walk}`}  ${caseOf(walk).id}  ${place.target.name}`,
        ),
    })
    line.clear()
    outcomes.push({ endpoint: place.target.name, outcome })
    prose(flags.json)(printOutcome(place, flags, outcome))
    const { failure } = outcome
    if (flags.out !== undefined && failure !== undefined) {
      storeIn(flags.out)
      store(join(flags.out, `walk.seed${flags.seed}.txt`), printText(failure.run.transcript))
    }
  }
  if (flags.json) {
    const results = outcomes.map(({ endpoint, outcome: { walks, counts, failure } }) => ({
      endpoint,
      seed: flags.seed,
      walks,
      counts,
      ...(failure && {
        failure: {
          path: failure.path,
          message: failure.judged.message,
          script: caseOf(failure.walk).script,
        },
      }),
    }))
    print(`${JSON.stringify({ results }, null, 2)}\n`)
  }
  return outcomes.some(({ outcome }) => outcome.failure !== undefined) ? 1 : 0
}
