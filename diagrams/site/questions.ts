/** Questions that many ask, each as what happens, where, and who is listened to.  The checker answers them. */
import type { Graph } from '../../impl/explore.ts'
import { type FlatRule, slug } from '../../impl/flat.ts'
import type { Pattern } from '../../spec/lang.ts'
import { storyOf, type ToldStory } from '../frames.ts'
import type { Mask, Outcome, QuestionInfo } from './types.ts'
import { follow } from './ways.ts'

/** A question of the plan. */
export interface QuestionPlan {
  readonly id: string
  readonly title: string
  readonly about: string
  readonly system: string
  readonly where: Pattern
  /** The rules that begin it, by name. */
  readonly begins: readonly string[]
  readonly faults: readonly string[]
  readonly until: Pattern
  readonly side: 'src' | 'dst'
  /** The variables that say what it came to. */
  readonly ends: readonly string[]
  /** Recorded runs whose name is like this show it. */
  readonly runs: RegExp
  readonly see: readonly { readonly text: string; readonly to: string }[]
}

const inColo = {
  'src.migration': 'colo',
  'dst.incoming': 'colo',
  'src.process': 'alive',
  'dst.process': 'alive',
} as const
const started = { 'src.failover': 'none', 'dst.failover': 'none', link: 'up' } as const
const never = { 'src.process': 'gone', 'dst.process': 'gone' } as const

/** The questions. */
export const questions: readonly QuestionPlan[] = [
  {
    id: 'failed-recovery',
    title: 'Which events does a postcopy recovery emit, when it fails and when it works?',
    about:
      'The source is in postcopy-paused and is told to migrate with resume: true. It may find nobody at the address, or lose the new channel while both sides compare what has arrived.',
    system: 'postcopy',
    // What is stored has been announced, too.
    where: {
      'src.migration': 'postcopy-paused',
      'src.resuming': 'no',
      'src.process': 'alive',
      'src.saying': 'nothing',
    },
    begins: ['set out to recover', 'set out to recover without a word'],
    faults: ['cut-the-link'],
    until: {
      'src.migration': ['postcopy-paused', 'postcopy-active'],
      'src.resuming': 'no',
      'src.saying': 'nothing',
    },
    side: 'src',
    ends: ['src.migration'],
    runs: /^(?!noexit).*recover/,
    see: [
      { text: 'postcopy-paused on the source', to: 'machine/postcopy-source/{release}/state/postcopy-paused' },
      { text: 'migrate, in every status', to: 'command/migrate/{release}' },
    ],
  },
  {
    id: 'primary-dies',
    title: 'What does the secondary emit when the primary dies?',
    about: 'A pair is in COLO, and the process of the primary ends. Nobody has told the secondary anything yet.',
    system: 'COLO pair',
    where: { ...inColo, ...started, 'dst.secondary': ['serving', 'asked', 'stopped', 'receiving', 'whole', 'loaded'] },
    begins: ['be killed'],
    faults: [],
    until: never,
    side: 'dst',
    ends: ['dst.incoming', 'dst.vm'],
    runs: /colo-prim-(kill|yank)|colo-sec-kill|quit-prim/,
    see: [
      { text: 'then it is told to take over', to: 'question/secondary-takes-over/{release}' },
      { text: 'colo on the secondary', to: 'machine/secondary-migration/{release}/state/colo' },
    ],
  },
  {
    id: 'secondary-dies',
    title: 'What does the primary emit when the secondary dies?',
    about: 'A pair is in COLO, and the process of the secondary ends.',
    system: 'COLO pair',
    where: { ...inColo, ...started, 'src.colo': ['waiting', 'asked', 'replied', 'sent'] },
    begins: ['be killed'],
    faults: [],
    until: never,
    side: 'src',
    ends: ['src.migration', 'src.vm'],
    runs: /colo-.*kill-dst|colo-prim-kill-hb|quit-sec/,
    see: [{ text: 'then it is told to run on alone', to: 'question/primary-leaves-colo/{release}' }],
  },
  {
    id: 'primary-leaves-colo',
    title: 'How is colo left? The primary is told x-colo-lost-heartbeat',
    about: 'A pair is in COLO between two checkpoints; an operator tells the primary to run on alone.',
    system: 'COLO pair',
    where: { ...inColo, ...started, 'src.colo': 'waiting', 'src.vm': 'running' },
    begins: ['accept a lost heartbeat on the primary'],
    faults: [],
    until: never,
    side: 'src',
    ends: ['src.migration', 'src.vm'],
    runs: /colo-prim-hb/,
    see: [
      { text: 'every arrow out of colo, on the primary', to: 'machine/primary-migration/{release}/state/colo' },
      { text: 'on the secondary', to: 'machine/secondary-migration/{release}/state/colo' },
      { text: 'the run state colo', to: 'machine/primary-runstate/{release}/state/colo' },
    ],
  },
  {
    id: 'secondary-takes-over',
    title: 'How is colo left? The secondary is told x-colo-lost-heartbeat',
    about: 'A pair is in COLO between two checkpoints; an operator tells the secondary to take over.',
    system: 'COLO pair',
    where: { ...inColo, ...started, 'dst.secondary': 'serving', 'dst.vm': 'running' },
    begins: ['accept a lost heartbeat on the secondary'],
    faults: [],
    until: never,
    side: 'dst',
    ends: ['dst.incoming', 'dst.vm'],
    runs: /colo-sec-(hb|kill-hb)/,
    see: [
      { text: 'every arrow out of colo, on the secondary', to: 'machine/secondary-migration/{release}/state/colo' },
    ],
  },
  {
    id: 'cancel-in-colo',
    title: 'How is colo left? migrate_cancel',
    about: 'A pair is in COLO between two checkpoints; an operator cancels the migration on the primary.',
    system: 'COLO pair',
    where: { ...inColo, ...started, 'src.colo': 'waiting', 'src.vm': 'running' },
    begins: ['cancel the migration', 'shut the return path to cancel'],
    faults: [],
    until: never,
    side: 'src',
    ends: ['src.migration', 'src.vm'],
    runs: /colo-cancel/,
    see: [{ text: 'migrate_cancel, in every status', to: 'command/migrate_cancel/{release}' }],
  },
]

/** What was found to follow something, in one release. */
export interface PartOutcome {
  /** The id of the question. */
  readonly question: string
  readonly events: readonly string[]
  readonly end: string
  readonly story: ToldStory
}

/** More different endings than this are told of no question: the shortest are. */
const MOST = 12

/** Asks a graph all that is asked of its system. */
export const outcomesOf = (graph: Graph, placeOf: (rule: FlatRule) => number): PartOutcome[] =>
  questions
    .filter(({ system }) => system === graph.packed.flat.name)
    .flatMap(plan => {
      const killed = plan.side === 'src' ? 'dst' : 'src'
      const begins = plan.begins.flatMap(name => {
        const sides = name === 'be killed' ? [killed] : [plan.side]
        return sides.map(side => `${side}/${slug(name)}`)
      })
      return follow(graph, { ...plan, begins }, plan.ends)
        .toSorted((a, b) => a.events.length - b.events.length || a.path.steps.length - b.path.steps.length)
        .slice(0, MOST)
        .map(({ events, end, path }) => ({
          ...{ question: plan.id, events, end },
          story: storyOf(graph, path, plan.title, placeOf),
        }))
    })

/** What is gathered of a question. */
interface Gathered {
  readonly plan: QuestionPlan
  readonly outcomes: Map<string, { mask: Mask; readonly outcome: Omit<Outcome, 'mask'> }>
}

/** Collects answers while releases go by. */
export class Answers {
  private readonly all: readonly Gathered[] = questions.map(plan => ({ plan, outcomes: new Map() }))

  /** Takes what was found in these releases; a story is told once. */
  hear(found: readonly PartOutcome[], mask: Mask, told: (story: ToldStory) => number): void {
    for (const { question, events, end, story } of found) {
      const outcomes = this.all.find(({ plan }) => plan.id === question)?.outcomes
      const key = JSON.stringify([events, end])
      const known = outcomes?.get(key)
      if (known === undefined) outcomes?.set(key, { mask, outcome: { events, end, story: told(story) } })
      else known.mask |= mask
    }
  }

  /** What was found, with the runs that show it. */
  infos(runs: readonly { readonly id: string; readonly title: string }[]): QuestionInfo[] {
    return this.all.map(({ plan: { id, title, about, side, system, see, runs: like }, outcomes }) => ({
      ...{ id, title, about, see, system, side },
      outcomes: [...outcomes.values()].map(({ mask, outcome }) => ({ mask, ...outcome })),
      runs: runs.filter(run => like.test(run.title)).map(run => run.id),
    }))
  }
}
