/** A told path as a Mermaid sequence diagram. */
import type { Flat } from '../impl/flat.ts'
import { frontMatter, literal, wrap } from './mermaid.ts'
import type { Beat } from './story.ts'

/** How the lifelines are called; a side that is not named goes by its own name. */
export interface Cast {
  readonly [side: string]: string
}

const NOTE = 44
/** A note across lifelines is only as wide as they are apart. */
const ACROSS = 30
const CONFIG = [
  'sequence: { mirrorActors: false, noteAlign: left, messageMargin: 30, boxMargin: 6, noteMargin: 8, width: 110 }',
]

const id = (side: string): string => `side_${side.replaceAll(/[^a-zA-Z0-9]/g, '_')}`

const lines = (text: string, width = NOTE): string => wrap(text, width).map(literal).join('<br/>')

/** Silent steps by actor: the actor's name once, its steps below each other. */
function silent({ steps }: Extract<Beat, { kind: 'silent' }>): string {
  let actor = ''
  return steps
    .flatMap(step => {
      const head = step.actor === actor ? [] : [`${literal(step.actor)}#58;`]
      actor = step.actor
      return [...head, ...wrap(step.text, NOTE).map((line, i) => `${i === 0 ? '· ' : '  '}${literal(line)}`)]
    })
    .join('<br/>')
}

function print(beat: Beat, network: boolean): string {
  switch (beat.kind) {
    case 'command':
      return `client->>${id(beat.side)}: ${literal(beat.text)}<br/>(${literal(beat.rule)})`
    case 'reply':
      return `${id(beat.side)}-->>client: ${lines(beat.text)}`
    case 'event':
      return `${id(beat.side)}-)client: ${literal(beat.text)}`
    case 'message':
      return beat.lost
        ? `${id(beat.from)}-x${network ? 'network' : id(beat.to)}: ${literal(beat.text)} (lost)`
        : `${id(beat.from)}-)${id(beat.to)}: ${literal(beat.text)}`
    case 'end':
      return `Note over ${id(beat.side)}: ${literal(beat.text)}`
    case 'silent':
      return `Note over ${id(beat.side)}: ${silent(beat)}`
    default: {
      const ends = [...new Set([beat.sides[0] ?? '', beat.sides.at(-1) ?? ''])].map(id).join(',')
      return `Note over ${ends}: ${beat.kind === 'fault' ? '⚡ ' : ''}${lines(beat.text, ACROSS)}`
    }
  }
}

/** The text of a sequence diagram.  The network has a lifeline where something is lost on it. */
export function sequenceDiagram(flat: Flat, beats: readonly Beat[], title: string, cast: Cast = {}): string {
  const network = beats.some(beat => beat.kind === 'message' && beat.lost)
  const sides = flat.sides.map(side => `participant ${id(side)} as ${literal(cast[side] ?? side)}`)
  const between = network ? ['participant network'] : []
  return `${[
    ...frontMatter(title, CONFIG),
    'sequenceDiagram',
    ...['participant client as operator', ...sides.slice(0, 1), ...between, ...sides.slice(1)].map(line => `  ${line}`),
    ...beats.map(beat => `  ${print(beat, network)}`),
  ].join('\n')}\n`
}
