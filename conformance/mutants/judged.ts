/** The unedited rules of the whole pair, as they judge a run of a smaller system. */
import { flatten } from '../../impl/flatten.ts'
import { type Packed, pack, read } from '../../impl/pack.ts'
import type { Machine, System } from '../../spec/lang.ts'
import { queries } from '../../spec/queries.ts'
import { pair, systems } from '../../spec/systems.ts'
import type { Transcript } from '../transcript.ts'
import { type Judgement, validate } from '../validate.ts'

const all = systems as unknown as readonly System[]
const whole = pair as unknown as System

/** Where a whole pair starts so that it may be this system. */
function pairLike(system: System): System {
  const [[side, machines] = ['', []], second] = Object.entries(system.sides)
  if (second === undefined) {
    // One that does not migrate is that one, with nothing left out: a pair's other side would be anything at all.
    const asked = [...machines, queries as unknown as Machine]
    return { ...system, sides: { [side]: asked }, without: [] }
  }
  const declared = new Map<string, readonly string[]>()
  for (const [side, machines] of Object.entries(system.sides))
    for (const { variables } of machines)
      for (const [name, values] of Object.entries(variables))
        declared.set(name in system.shared ? name : `${side}.${name}`, values)
  const there = new Set(
    Object.entries(whole.sides).flatMap(([side, machines]) =>
      machines.flatMap(({ variables }) =>
        Object.keys(variables).map(name => (name in whole.shared ? name : `${side}.${name}`)),
      ),
    ),
  )
  const own = Object.fromEntries(
    [...declared].flatMap(([name, values]) => (there.has(name) ? [[name, values[0] ?? '']] : [])),
  )
  // What only the pair has is as the pair has it: nobody uses it.
  return { ...whole, start: { ...whole.start, ...own, ...system.start }, starts: system.starts }
}

/**
 * Whether runs of a system can be judged: one that begins in the middle, with a secondary that took over, has a past
 * that no judge of whole runs knows.
 */
export const isJudged = ({ name }: System): boolean => name !== 'COLO again'

const judges = new Map<string, Packed>()

/** The pair of a release, packed, as it judges runs of a system that began like this. */
export function judgeOf(system: System, version: string, packed: Packed, start: Int32Array): Packed {
  const key = `${version} ${system.name}`
  let judge = judges.get(key)
  if (judge === undefined) {
    const original = all.find(({ name }) => name === system.name) ?? system
    judge = pack(flatten(pairLike(original), version))
    if (judges.size > 24) judges.delete([...judges.keys()][0] ?? '')
    judges.set(key, judge)
  }
  const { starts, words, fields, flat } = judge
  const same = packed.flat.variables.flatMap(({ name }, i) => {
    const at = flat.index.get(name)
    const [mine, theirs] = [packed.fields[i], fields[at ?? -1]]
    return mine === undefined || theirs === undefined || name.includes('>')
      ? []
      : [{ value: read(start, 0, mine), field: theirs }]
  })
  const fit: number[] = []
  for (let at = 0; at < starts.length; at += words) {
    if (same.every(({ value, field }) => read(starts, at, field) === value))
      fit.push(...starts.subarray(at, at + words))
  }
  return { ...judge, starts: Int32Array.from(fit) }
}

/** What the unedited rules say of a run. */
export function judged(
  system: System,
  version: string,
  packed: Packed,
  start: Int32Array,
  transcript: Transcript,
): Judgement {
  return validate(transcript, { version, packed: judgeOf(system, version, packed, start), limit: 60_000 })
}
