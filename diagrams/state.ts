/**
 * A variable as a Mermaid state diagram: an arrow for each pair of values that
 * some rule moves between, with what sets it off and what is said.
 */
import { namesOf, SpecError } from '../impl/move.ts'
import { type Arrow, arrowsOf, type Frame, GONE, gather, hoist } from './arrows.ts'
import { gatheredLabel, labelOf } from './label.ts'
import { type Line, wrapLine } from './line.ts'
import { frontMatter, literal, wrap } from './mermaid.ts'
import { numberOf, type Seen } from './scan.ts'

/** How a diagram is laid out; none of it adds or hides a fact.  A `...` in a list stands for all values between its neighbours. */
export interface Layout {
  /** The order in which states are declared, which the layout follows; those not named come after. */
  readonly order?: readonly string[]
  /** Boxes around states; what all states of a box do alike is one arrow out of it. */
  readonly frames?: readonly Frame[]
  readonly notes?: readonly { readonly at: string; readonly text: string }[]
  /** Variables that stand for something that is said a step later. */
  readonly later?: readonly string[]
}

// Depth-first, or a machine that comes back to where it began is drawn upside down; declaration order crashes ELK 0.12.
const CONFIG = [
  'layout: elk',
  'elk: { nodePlacementStrategy: NETWORK_SIMPLEX, cycleBreakingStrategy: DEPTH_FIRST, straightenEdges: true }',
  // Lines are broken here, where words and commands are still known.
  'markdownAutoWrap: false',
]
const NARROW = 36
const WIDE = 60

const KEYWORDS = new Set([
  'end',
  'state',
  'note',
  'class',
  'default',
  'direction',
  'style',
  'click',
  'as',
  'fork',
  'join',
])

/** A name that Mermaid takes for a state. */
export function idOf(value: string): string {
  const id = value.replaceAll(/[^a-zA-Z0-9]+/g, '_')
  return KEYWORDS.has(id.toLowerCase()) || !/^[a-zA-Z]/.test(id) ? `s_${id}` : id
}

/** The values that a list of a plan means.  Throws `SpecError` for one that is not there. */
export function spread(list: readonly string[], values: readonly string[]): string[] {
  const place = (name: string | undefined): number => {
    const found = values.indexOf(name ?? '')
    if (found < 0) throw new SpecError(`a plan names "${name}"; there are ${values.join(', ')}`)
    return found
  }
  return list.flatMap((name, i) =>
    name === '...' ? values.slice(place(list[i - 1]) + 1, place(list[i + 1])) : [values[place(name)] ?? name],
  )
}

/** The text of a state diagram of one variable. */
export function stateDiagram(seen: Seen, variable: string, title: string, layout: Layout = {}): string {
  const { flat } = seen
  const number = numberOf(flat, variable)
  for (const name of layout.later ?? []) numberOf(flat, name)
  const all = flat.variables[number]?.values ?? []
  const plain = arrowsOf(seen, variable)
  const starts = namesOf(seen.starts(number), all)
  const drawn = new Set([...starts, ...plain.flatMap(arrow => [arrow.from, arrow.to])])
  const order = [...new Set([...spread(layout.order ?? [], all), ...all, GONE])].filter(value => drawn.has(value))
  const frames = (layout.frames ?? [])
    .map(frame => ({ ...frame, holds: spread(frame.holds, all).filter(value => drawn.has(value)) }))
    .filter(frame => frame.holds.length > 0)
  const arrows = gather(hoist(plain, frames), frames)
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length)
  const sorted = arrows.toSorted((a, b) => place(a.from) - place(b.from) || place(a.to) - place(b.to))
  const labels = sorted.map(arrow => {
    const { from, rows, parts } = arrow
    if (parts === undefined) return labelOf(flat, rows, layout.later).flatMap(line => wrapLine(line, NARROW))
    return gatheredLabel(flat, parts, from, layout.later).flatMap(line => wrapLine(line, WIDE))
  })
  const paint = kindsOf(seen, number, order, plain)
  const lines = [
    'stateDiagram-v2',
    '  direction TB',
    ...starts.map(value => `  [*] --> ${idOf(value)}`),
    ...declarations(order, frames),
    ...sorted.map((arrow, i) => `  ${printArrow(arrow)}${printLabel(labels[i] ?? [])}`),
    ...notes(layout, drawn),
    ...legend(labels.flat(), paint),
    ...classes(paint),
  ]
  return `${[...frontMatter(title, CONFIG), ...lines].join('\n')}\n`
}

const printArrow = ({ from, to }: Arrow): string => `${idOf(from)} --> ${idOf(to)}`

const printLine = (line: Line): string =>
  line.map(({ text, command }) => (command === true ? `**${literal(text)}**` : literal(text))).join('')

const printLabel = (lines: readonly Line[]): string =>
  lines.length === 0 ? '' : ` : ${lines.map(printLine).join('<br>')}`

function declarations(order: readonly string[], frames: readonly Frame[]): string[] {
  const declare = (value: string): string =>
    idOf(value) === value ? `  ${value}` : `  state "${literal(value)}" as ${idOf(value)}`
  const done = new Set<string>()
  return order.flatMap(value => {
    if (done.has(value)) return []
    const frame = frames.find(({ holds }) => holds.includes(value))
    if (frame === undefined) return [declare(value)]
    const inside = order.filter(other => frame.holds.includes(other))
    for (const other of inside) done.add(other)
    const open = `  state "${literal(frame.title)}" as ${idOf(frame.title)} {`
    return [open, ...inside.map(other => `  ${declare(other)}`), '  }']
  })
}

const notes = ({ notes = [] }: Layout, drawn: ReadonlySet<string>): string[] =>
  notes.flatMap(({ at, text }) =>
    drawn.has(at)
      ? [`  note right of ${idOf(at)}`, `    ${wrap(text, NARROW).map(literal).join('<br>')}`, '  end note']
      : [],
  )

const STYLES = {
  final: 'fill:#e2e2e2,stroke:#444444,color:#222222',
  rest: 'fill:#fdf1d8,stroke:#a06a00,color:#222222',
  gone: 'fill:#333333,stroke:#000000,color:#ffffff',
  legend: 'fill:#ffffff,stroke:#ffffff,color:#666666',
} as const

type Paint = ReadonlyMap<keyof typeof STYLES, readonly string[]>

/** Which states are coloured: where nothing leads out, where the system may stay, and the end of the process. */
function kindsOf(seen: Seen, variable: number, order: readonly string[], arrows: readonly Arrow[]): Paint {
  const values = seen.flat.variables[variable]?.values ?? []
  const rests = namesOf(seen.rests(variable), values)
  const final = order.filter(value => value !== GONE && !arrows.some(arrow => arrow.from === value))
  const rest = order.filter(value => rests.includes(value) && !final.includes(value))
  return new Map([
    ['final', final],
    // A colour that every state has says nothing.
    ['rest', rest.length === order.length ? [] : rest],
    ['gone', order.filter(value => value === GONE)],
    ['legend', ['how to read this']],
  ])
}

function legend(labels: readonly Line[], paint: Paint): string[] {
  const text = labels.flatMap(line => line.map(piece => piece.text)).join(' ')
  const marks = [
    labels.flat().some(piece => piece.command === true) ? '**bold** command' : '',
    text.includes('⇒') ? '⇒ event' : '',
    text.includes('→') ? '→ message sent' : '',
    text.includes('←') ? '← message received' : '',
    / then [A-Z]/.test(text) ? 'then a step later' : '',
  ].filter(mark => mark !== '')
  const colours = [
    paint.get('rest')?.length === 0 ? '' : 'amber may stay until an operator, a fault or a timer acts',
    paint.get('final')?.length === 0 ? '' : 'grey is never left',
  ].filter(mark => mark !== '')
  const lines = [marks.join(', '), ...colours].filter(line => line !== '')
  return [`  state "${lines.join('<br>')}" as how_to_read_this`]
}

const classes = (paint: Paint): string[] =>
  [...paint].flatMap(([name, members]) =>
    members.length === 0
      ? []
      : [`  classDef ${name} ${STYLES[name]}`, `  class ${members.map(idOf).join(',')} ${name}`],
  )
