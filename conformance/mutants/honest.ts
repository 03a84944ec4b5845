/** Runs of the unedited rules, which must be believed: the false alarms of the machinery that finds mutants. */
import { Chance } from '../../impl/chance.ts'
import { flatten } from '../../impl/flatten.ts'
import { pack } from '../../impl/pack.ts'
import type { Machine, System } from '../../spec/lang.ts'
import { queries } from '../../spec/queries.ts'
import { systems } from '../../spec/systems.ts'
import { isJudged, judged } from './judged.ts'
import type { Honest } from './score.ts'
import { Trip } from './trip.ts'

/** Every system of which runs can be judged; the proposal of 2018 is in no QEMU. */
const chosenOf = (only?: readonly string[]): System[] =>
  (systems as unknown as readonly System[]).filter(
    system =>
      system.explored &&
      system.name !== 'COLO status as proposed' &&
      isJudged(system) &&
      (only?.includes(system.name) ?? true),
  )

/** So many random runs of a release, judged by its own rules. */
export function honestRuns(
  version: string,
  runs: number,
  seed: number,
  tell: (text: string) => void = () => {},
  only?: readonly string[],
): Honest {
  const chosen = chosenOf(only)
  const packs = chosen.map(system => pack(flatten(system, version)))
  const chance = new Chance(seed)
  let alarms = 0
  for (let n = 0; n < runs; n++) {
    const which = n % chosen.length
    const [system, packed] = [chosen[which], packs[which]]
    if (system === undefined || packed === undefined) continue
    const at = chance.below(packed.starts.length / packed.words) * packed.words
    const start = packed.starts.slice(at, at + packed.words)
    const trip = new Trip(packed, start, queries as unknown as Machine, seed * 100_003 + n)
    trip.wander(10 + chance.below(40))
    if (n % 2 === 0) trip.probe()
    const rests = trip.settle()
    trip.probe()
    if (rests) trip.quiet()
    const judgement = judged(system, version, packed, start, trip.transcript(`${system.name} ${version} run ${n}`))
    if (judgement.verdict !== 'violates') continue
    alarms += 1
    tell(judgement.message)
  }
  return { version, runs, alarms }
}
