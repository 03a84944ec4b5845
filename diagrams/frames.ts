/** A path through a graph step by step: what is told of each, and what both sides are after it. */
import type { Graph } from '../impl/explore.ts'
import type { FlatRule } from '../impl/flat.ts'
import { decode } from '../impl/pack.ts'
import type { BeatInfo, Frame, Story } from './site/types.ts'
import { type Beat, type Path, tell } from './story.ts'

/** A story whose frames are its own. */
export type ToldStory = Omit<Story, 'frames' | 'id'> & { readonly frames: readonly Frame[] }

/** What of a side is shown, where it has it. */
const SHOWN = ['migration', 'incoming', 'vm', 'failover', 'half', 'colo', 'secondary', 'process']

/** The variables of a system that a story shows. */
export const shownOf = (names: readonly string[]): string[] =>
  names.filter(name => !name.includes('>') && SHOWN.includes(name.slice(name.indexOf('.') + 1)))

function beatInfo(beat: Beat): BeatInfo {
  switch (beat.kind) {
    case 'message':
      return [beat.lost ? 'lost' : 'message', beat.from, beat.text, beat.to]
    case 'silent':
      return ['silent', beat.side, beat.steps.map(({ actor, text }) => `${actor}: ${text}`).join('\n')]
    case 'fault':
    case 'aside':
      return ['fault', beat.sides.length === 1 ? (beat.sides[0] ?? '') : '', beat.text]
    default:
      return [beat.kind, beat.side, beat.text]
  }
}

/** What the two sides are called in a system: those of COLO have names of their own. */
export const castOf = (system: string): { readonly [side: string]: string } =>
  system.startsWith('COLO') ? { src: 'primary', dst: 'secondary' } : { src: 'source', dst: 'destination' }

/** Tells a path; `numberOf` gives rules their numbers. */
export function storyOf(graph: Graph, path: Path, title: string, numberOf: (rule: FlatRule) => number): ToldStory {
  const { packed, states } = graph
  const { flat, words } = packed
  const shown = shownOf(flat.variables.map(({ name }) => name))
  const look = (state: number): Record<string, string> => {
    const all = decode(packed, states, state * words)
    return Object.fromEntries(shown.map(name => [name, all[name] ?? '']))
  }
  const start = look(path.start)
  let before = start
  const frames = path.steps.map((step): Frame => {
    const after = look(step.state)
    const set = Object.fromEntries(Object.entries(after).filter(([name, value]) => before[name] !== value))
    before = after
    const rule = flat.rows[step.row]?.rule
    const beats = tell(flat, { start: path.start, steps: [step] }).map(beatInfo)
    return { beats, set, rule: rule === undefined ? -1 : numberOf(rule) }
  })
  const base = { title, release: flat.version, system: flat.name, cast: castOf(flat.name), start, frames }
  return path.loop === undefined ? base : { ...base, loop: path.loop }
}
