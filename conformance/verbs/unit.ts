/**
 * A part of `lockstep check` that can be done by itself: one system under one
 * release, explored once, and every claim about it judged.  As a worker thread
 * this file does those that it is sent, one after the other.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { asciiSequence } from '../../diagrams/ascii.ts'
import { storyOf, type ToldStory } from '../../diagrams/frames.ts'
import type { Part } from '../../diagrams/site/part.ts'
import { tell } from '../../diagrams/story.ts'
import { type EngineName, explore, type Graph, LimitError, type Progress } from '../../impl/explore.ts'
import { isIn, slug } from '../../impl/flat.ts'
import { flatten } from '../../impl/flatten.ts'
import { isLasting, Judge, type ReducedVerdict, type Verdict } from '../../impl/judge.ts'
import { tlaName } from '../../impl/tla.ts'
import type { Claim, System } from '../../spec/lang.ts'
import { Cache, cacheFolder, drawingHash, keyOf } from './cache.ts'
import { allClaims, allSystems } from './ids.ts'

/** What to look at; releases that have the very same rules of a system are one. */
export interface Unit {
  readonly system: string
  readonly versions: readonly string[]
  /** The ids of the claims to judge. */
  readonly claims: readonly string[]
  /** A release with these rules in whose words the page is to tell of it; nothing is told when left out. */
  readonly drawn?: string
}

/** What was found of a claim. */
export interface FoundClaim {
  readonly id: string
  readonly holds: boolean
  readonly states: number
  /** Steps of the shortest witness. */
  readonly witness?: number
  /** The witness, told step by step; a rule's number is its place among the names. */
  readonly told?: { readonly story: ToldStory; readonly rules: readonly string[] }
  /** The witness as a picture, where the claim is not as known. */
  readonly picture: string
  /** What a reduced search says of it, where that was asked for and can judge it. */
  readonly reduced?: ReducedVerdict
}

/** What was found. */
export interface Found {
  readonly size: { readonly states: number; readonly steps: number; readonly depth: number }
  readonly fingerprint: string
  readonly rules: readonly string[]
  readonly unused: readonly string[]
  readonly seconds: number
  readonly claims: readonly FoundClaim[]
  /** What the page takes of it. */
  readonly part?: Part
  /** It was cut off: claims were judged by reduced searches alone, and these not at all. */
  readonly unjudged?: readonly string[]
  /** It was found before, and nothing that it rests on has changed since. */
  readonly recalled?: true
}

/**
 * Those that are to be done, in order.  Under two releases with the same rules
 * of a system all is the same: they are done once.
 */
export function unitsOf(systems: readonly System[], releases: readonly string[], claims: readonly string[]): Unit[] {
  return systems.flatMap(system => {
    const bounded = [system, ...Object.values(system.sides).flat()]
      .flatMap(part => Object.values(part.rules).flat())
      .filter(({ since, until }) => since !== undefined || until !== undefined)
    const same = Map.groupBy(releases, release => bounded.map(rule => (isIn(release, rule) ? 1 : 0)).join(''))
    const about = new Set(allClaims.filter(claim => claim.system === system.name).map(({ id }) => id))
    const own = claims.filter(id => about.has(id))
    return [...same.values()].map(versions => ({ system: system.name, versions, claims: own }))
  })
}

/** The way to what surprised us, as a picture. */
function picture({ witness, claim }: Verdict): string {
  if (witness === undefined) return ''
  const { flat } = witness.graph.packed
  const beats = tell(flat, witness)
  return `\n${asciiSequence(flat, beats).replaceAll(/^(?=.)/gm, '    ')}    lockstep explain ${slug(claim.system)}/${slug(claim.name)}\n`
}

/** The way to what a verdict rests on, for whoever wants to go it. */
function told({ witness, claim }: Verdict): Pick<FoundClaim, 'told'> {
  if (witness === undefined) return {}
  const rules: string[] = []
  const story = storyOf(witness.graph, witness, claim.name, ({ rule: { name } }) => {
    const known = rules.indexOf(name)
    return known < 0 ? rules.push(name) - 1 : known
  })
  return { told: { story, rules } }
}

/** How it is explored; what is not said is chosen by size. */
export interface How {
  readonly engine?: EngineName
  /** More states than this are not looked for. */
  readonly limit?: number
  /** More bytes than this are not taken. */
  readonly bytes?: number
  /** So many threads may search one system, where it is large; one when left out. */
  readonly threads?: number
  /** Whether claims are judged by a reduced search as well. */
  readonly reduce?: boolean
}

/** How to go on with a system that was cut off. */
const elsewhere = (system: string, version: string): string => `.
What is too large for one machine other checkers can go on with:
  lockstep export ${JSON.stringify(system)} --version ${version} --to promela > m.pml
      spin -o1 -o2 -a m.pml && gcc -O2 -DSAFETY -DNOREDUCE pan.c -o pan && ./pan -E      all of it, in memory
      swarm -c8 -m16G m.pml                                                     parts of it, on many machines
  lockstep export ${JSON.stringify(system)} --version ${version} --to tla > ${tlaName(system)}.tla
      java -jar tla2tools.jar -workers auto ${tlaName(system)}.tla                  all of it, with a queue on disk`

/** Does one; `progress` is told now and then how far it has come. */
export function find(
  { system: name, versions, claims }: Unit,
  how: How = {},
  progress: (at: Progress) => void = () => {},
  look?: (graph: Graph) => Part,
): Found {
  const system = allSystems.find(one => one.name === name)
  const [version] = versions
  if (system === undefined || version === undefined) throw new Error(`there is no system "${name}" to explore`)
  const chosen = claims.flatMap(id => allClaims.filter(claim => claim.id === id))
  const lasting =
    look !== undefined || chosen.some(claim => isLasting(claim) || claim.without.length + claim.observers.length > 0)
  // Its graphs are let go with the judge: the next may be large.
  const judge = new Judge((packed, options) => {
    try {
      return explore(packed, { ...how, ...options, progress })
    } catch (error) {
      if (error instanceof LimitError) error.message += elsewhere(name, version)
      throw error
    }
  })
  const before = performance.now()
  let whole: Graph
  try {
    whole = judge.graph(system, version, undefined, lasting)
  } catch (error) {
    if (!(error instanceof LimitError) || how.reduce !== true) throw error
    return leftOver(error, before, chosen, claim => judge.reduced(claim, system, version, how.limit))
  }
  const { size, fingerprint, unused, packed } = whole
  const seconds = Math.round(performance.now() - before) / 1000
  const part = look?.(whole)
  // Claims about the same graph follow each other: it is explored once, however many there are.
  const groups = Map.groupBy(chosen, ({ without, observers }) => JSON.stringify([without, observers]))
  const verdicts = new Map<string, FoundClaim>()
  for (const claim of [...groups.values()].flat()) {
    const verdict = judge.judge(claim, system, version)
    const { holds, states, witness } = verdict
    const reduced = how.reduce === true ? judge.reduced(claim, system, version) : undefined
    const known = versions.every(one => holds === (claim.broken[one] === undefined))
    verdicts.set(claim.id, {
      ...{ id: claim.id, holds, states },
      ...(witness !== undefined && { witness: witness.steps.length }),
      ...told(verdict),
      picture: known ? '' : picture(verdict),
      ...(reduced !== undefined && { reduced }),
    })
  }
  return {
    ...{ size, fingerprint, unused, seconds },
    rules: packed.flat.rules.map(({ id }) => id),
    claims: claims.flatMap(id => verdicts.get(id) ?? []),
    ...(part !== undefined && { part }),
  }
}

/** What can still be said of a system that was cut off: what reduced searches, each of them whole, say of its claims. */
function leftOver(
  { at }: LimitError,
  before: number,
  claims: typeof allClaims,
  reduced: (claim: Claim) => ReducedVerdict | undefined,
): Found {
  const found = claims.map((claim): FoundClaim | string => {
    try {
      const verdict = reduced(claim)
      return verdict === undefined ? claim.id : { id: claim.id, ...verdict, picture: '' }
    } catch (error) {
      if (error instanceof RangeError) return claim.id
      throw error
    }
  })
  return {
    size: { states: at.states, steps: at.steps, depth: at.depth },
    ...{ fingerprint: '', rules: [], unused: [], seconds: Math.round(performance.now() - before) / 1000 },
    claims: found.filter(one => typeof one !== 'string'),
    unjudged: found.filter(one => typeof one === 'string'),
  }
}

/** Does one, or answers what was found when it was done before, from the very same rules and claims by the same code. */
export function findOrRecall(
  unit: Unit,
  folder: string | undefined = cacheFolder(),
  how: How = {},
  progress: (at: Progress) => void = () => {},
  look?: (graph: Graph) => Part,
): Found {
  const system = allSystems.find(one => one.name === unit.system)
  const [version] = unit.versions
  if (system === undefined || version === undefined || folder === undefined) return find(unit, how, progress, look)
  const claims = unit.claims.flatMap(id => allClaims.filter(claim => claim.id === id))
  const flat = flatten(system, version)
  const cache = new Cache<Omit<Found, 'part'>>(folder)
  const parts = new Cache<Part>(folder)
  const key = keyOf(flat, { system, versions: unit.versions, claims })
  // Whichever release is named, what is taken of the same rules is the same.
  const partKey = look && keyOf({ ...flat, version: '' }, { system, versions: [], claims: [] }, drawingHash())
  const known = cache.get(key)
  const part = partKey === undefined ? undefined : parts.get(partKey)
  if (known !== undefined && (partKey === undefined || part !== undefined))
    return { ...known, ...(part !== undefined && { part }), recalled: true }
  const wanted = known === undefined ? unit : { ...unit, claims: [] }
  const { part: fresh = part, ...found } = find(wanted, how, progress, part === undefined ? look : undefined)
  if (known === undefined) cache.set(key, found)
  if (partKey !== undefined && part === undefined && fresh !== undefined) parts.set(partKey, fresh)
  return { ...(known ?? found), ...(fresh !== undefined && { part: fresh }) }
}

/** What is sent to a worker. */
export interface Order {
  readonly unit: Unit
  /** Whether what was found before may be answered. */
  readonly recall: boolean
  readonly how: How
}

/** What marks a worker thread as one of ours. */
export const WORKER = 'lockstep check'

/** What a worker answers. */
export type Answer =
  | { readonly found: Found }
  | { readonly progress: Progress }
  | { readonly error: { readonly name: string; readonly message: string; readonly stack: string } }

/** Does one as it is ordered. */
export async function obey({ unit, recall, how }: Order, progress: (at: Progress) => void): Promise<Found> {
  // Whoever only checks does not wait for what draws.
  const look = unit.drawn === undefined ? undefined : (await import('../../diagrams/site/part.ts')).partOf
  return recall ? findOrRecall(unit, undefined, how, progress, look) : find(unit, how, progress, look)
}

if (!isMainThread && workerData === WORKER) {
  parentPort?.on('message', async (order: Order) => {
    let answer: Answer
    try {
      const progress = (at: Progress) => parentPort?.postMessage({ progress: at } satisfies Answer)
      answer = { found: await obey(order, progress) }
    } catch (error) {
      const { name, message, stack = '' } = error instanceof Error ? error : new Error(String(error))
      answer = { error: { name, message, stack } }
    }
    parentPort?.postMessage(answer)
  })
}
