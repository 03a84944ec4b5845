/**
 * A path through a graph as what a bystander would tell of it: commands,
 * replies, events, messages between the sides, faults, and what each side did
 * in silence meanwhile.
 */
import { type Graph, linksOf, type PathStep, pathTo } from '../impl/explore.ts'
import type { Flat, Output, Row } from '../impl/flat.ts'
import { SpecError } from '../impl/move.ts'
import { anyOf, cellsOf } from '../impl/pack.ts'
import type { Pattern } from '../spec/lang.ts'
import { printEvent } from './label.ts'
import { legFrom, type Place } from './legs.ts'

/** A path as impl/explore.ts and impl/judge.ts give it. */
export interface Path {
  readonly start: number
  readonly steps: readonly PathStep[]
  /** From this step on, what follows repeats for ever; without steps there, it stays. */
  readonly loop?: number
}

/** One thing that is told. */
export type Beat =
  | { readonly kind: 'command'; readonly side: string; readonly text: string; readonly rule: string }
  | { readonly kind: 'reply' | 'event'; readonly side: string; readonly text: string }
  | {
      readonly kind: 'message'
      readonly from: string
      readonly to: string
      readonly text: string
      readonly lost: boolean
    }
  | { readonly kind: 'end'; readonly side: string; readonly text: string }
  /** What actors of one side do by themselves, in order. */
  | {
      readonly kind: 'silent'
      readonly side: string
      readonly steps: readonly { readonly actor: string; readonly text: string }[]
    }
  /** Something that befalls these sides, or is to be said of them. */
  | { readonly kind: 'fault' | 'aside'; readonly sides: readonly string[]; readonly text: string }

/** The side and the actor of a row; a rule of the whole may name a side's actor, as `src: main loop`. */
function whose(flat: Flat, { rule }: Row): { side: string; actor: string } {
  const [before = '', ...after] = rule.actor.split(': ')
  const named = flat.sides.includes(before) && after.length > 0
  return named ? { side: before, actor: after.join(': ') } : { side: rule.side, actor: rule.actor }
}

function outputBeats(flat: Flat, output: Output): Beat[] {
  const { side } = output
  switch (output.kind) {
    case 'returns': {
      const isEmpty = JSON.stringify(output.match) === '{}'
      return [{ kind: 'reply', side, text: isEmpty ? 'return' : `return ${JSON.stringify(output.match)}` }]
    }
    case 'fails':
      return [{ kind: 'reply', side, text: `error: ${output.desc}` }]
    case 'event':
      return [{ kind: 'event', side, text: printEvent(output.name, output.data) }]
    case 'exits':
      return [
        {
          kind: 'end',
          side,
          text: output.code === null ? 'the process dies' : `the process exits with ${output.code}`,
        },
      ]
    case 'sends': {
      const { message: text, lost } = output
      return flat.sides
        .filter(to => flat.index.has(`${side}>${to}.0`))
        .map(to => ({ kind: 'message', from: side, to, text, lost }))
    }
  }
}

function causeBeat(flat: Flat, row: Row): Beat {
  const { cause, rule } = row
  const { side, actor } = whose(flat, row)
  const { name } = rule.rule
  if (cause?.kind === 'command') return { kind: 'command', side, text: cause.name, rule: name }
  if (cause?.kind === 'fault') return { kind: 'fault', sides: side === '' ? flat.sides : [side], text: name }
  if (side === '') return { kind: 'fault', sides: flat.sides, text: name }
  const text = cause?.kind === 'receives' ? `${name} (${cause.name})` : name
  return { kind: 'silent', side, steps: [{ actor, text }] }
}

/** Tells a path; `skip` steps at its beginning are one beat, `skipped` in words. */
export function tell(flat: Flat, path: Path, skip = 0, skipped = 'what came before'): Beat[] {
  const beats: Beat[] = skip > 0 ? [{ kind: 'aside', sides: flat.sides, text: `${skip} steps: ${skipped}` }] : []
  const forever = (text: string): void => {
    beats.push({ kind: 'aside', sides: flat.sides, text })
  }
  for (const [i, { row: number }] of path.steps.entries()) {
    if (i < skip) continue
    if (i === path.loop) forever('from here on, again and again')
    const row = flat.rows[number]
    if (row === undefined) throw new SpecError(`${flat.name} has no row ${number}`)
    const beat = causeBeat(flat, row)
    const last = beats.at(-1)
    if (beat.kind === 'silent' && last?.kind === 'silent' && last.side === beat.side) {
      beats[beats.length - 1] = { ...last, steps: [...last.steps, ...beat.steps] }
    } else beats.push(beat)
    beats.push(...row.outputs.flatMap(output => outputBeats(flat, output)))
  }
  if (path.loop === path.steps.length) forever('and so it stays')
  return beats
}

/** What a witness is to show, and through which places it goes, in order, on its way there. */
export interface Goal extends Place {
  readonly via?: readonly Place[]
}

/** The shortest path to a goal, leg by leg where it is to go through something.  Throws `SpecError` when there is none. */
export function witness(graph: Graph, { via = [], ...goal }: Goal): Path {
  const places = [...via, goal]
  const path = shortest(graph, places[0] ?? goal)
  const steps = [...path.steps]
  for (const place of places.slice(1)) steps.push(...legFrom(graph, steps.at(-1)?.state ?? path.start, place))
  return { ...path, steps }
}

function shortest(graph: Graph, { where, rule }: Place): Path {
  const { packed, states, size } = graph
  const { flat, words } = packed
  const fits = anyOf(packed, [cellsOf(flat, where)])
  const { heads, edges } = linksOf(graph)
  for (let state = 0; state < size.states; state++) {
    if (!fits(states, state * words)) continue
    if (rule === undefined) return pathTo(graph, state)
    const end = heads[state + 1] ?? 0
    for (let edge = heads[state] ?? 0; edge < end; edge++) {
      const [next = 0, row = 0] = [edges[edge * 2], edges[edge * 2 + 1]]
      if (flat.rows[row]?.rule.id !== rule) continue
      const path = pathTo(graph, state)
      return { ...path, steps: [...path.steps, { row, state: next }] }
    }
  }
  throw new SpecError(`${flat.name} never comes to ${rule ?? 'a state'} where ${JSON.stringify(where)}`)
}

/** How many steps of a path come before the first state that fits a pattern; 0 when none does. */
export function stepsBefore({ packed, states }: Graph, path: Path, where: Pattern): number {
  const fits = anyOf(packed, [cellsOf(packed.flat, where)])
  return 1 + path.steps.findIndex(({ state }) => fits(states, state * packed.words))
}
