/**
 * A machine as an SVG of our own: places from the grid, few words on each
 * arrow, and what several states do alike as one arrow from a dashed box.
 * The same text every time, so that one changed byte is noticed.
 */
import { type Flat, type Row, slug } from '../impl/flat.ts'
import { causeOf, causesOf, type Words } from './causes.ts'
import type { Grid, Place } from './grid.ts'
import { printEvent, saidLater } from './label.ts'
import { layOut } from './layout.ts'
import { widthOf } from './measure.ts'
import { PRINTED, wrap } from './mermaid.ts'

/** How something differs from an older release. */
export type Change = '' | 'new' | 'gone' | 'changed'

/** A state of a picture. */
export interface PictureState {
  readonly value: string
  readonly kind: '' | 'rest' | 'final' | 'gone'
  readonly change: Change
}

/** An arrow of a picture. */
export interface PictureArrow {
  readonly from: string
  readonly to: string
  readonly rows: readonly Row[]
  readonly change: Change
}

/** What is drawn. */
export interface Picture {
  readonly title: string
  readonly states: readonly PictureState[]
  readonly arrows: readonly PictureArrow[]
  readonly grid: Grid
  /** Said below the title. */
  readonly legend: readonly string[]
  readonly flat: Flat
  /** Variables that stand for something that is said a step later. */
  readonly later: readonly string[]
  /** All arrows to these states are one, with their causes below each other. */
  readonly gathers: readonly string[]
}

const FONT = 13
const LINE = 15
/** Words are kept to few letters a line: a picture is as wide as what is written beside each other. */
const WORDS = 18
/** A blank at which no line is broken. */
const HELD = '\u00a0'

/** The few words on an arrow: commands first, then how many other causes, then what is said. */
export function wordsOf(rows: readonly Row[], flat: Flat, later: readonly string[] = []): Words[] {
  const causes = causesOf(rows)
  const [first] = causes
  const others = causes.length - 1
  const head = wrap(first?.text ?? '', WORDS).slice(0, 4)
  const lines = head.map((text, i): Words => {
    const more = i === head.length - 1 && others > 0 ? `${text} +${others}` : text
    return first?.command === true ? { text: more, command: true } : { text: more }
  })
  const said = [
    ...new Set(
      rows.flatMap(row => [
        ...row.outputs.flatMap(output => (output.kind === 'event' ? [printEvent(output.name, output.data)] : [])),
        ...saidLater(flat, row, later),
      ]),
    ),
  ].map(text => text.replace(/^(then )?MIGRATION /, '$1'))
  return said.length === 0
    ? lines
    : [
        ...lines,
        ...wrap(`⇒${HELD}${said.join(', ').replaceAll('then ', `then${HELD}`)}`, WORDS + 2)
          .slice(0, 3)
          .map(text => ({ text: text.replaceAll(HELD, ' ') })),
      ]
}

/** An arrow that may stand for several. */
interface Drawn {
  readonly from: readonly string[]
  readonly to: string
  readonly rows: readonly Row[]
  readonly words: readonly Words[]
  readonly change: Change
}

const rowOf = (grid: Grid, value: string): number => grid[value]?.[0] ?? 99

/** Arrows to one state with the same words: one, where they are many or come from afar. */
export function together({
  arrows,
  grid,
  flat,
  later,
  gathers,
}: Omit<Picture, 'title' | 'states' | 'legend'>): Drawn[] {
  const drawn = arrows.map(
    (arrow): Drawn => ({ ...arrow, from: [arrow.from], words: wordsOf(arrow.rows, flat, later) }),
  )
  const gathered = gathers.flatMap(to => {
    const parts = drawn.filter(one => one.to === to)
    if (parts.length < 3) return []
    const rows = parts.flatMap(one => one.rows)
    const causes = [...new Set(rows.map(row => causeOf(row).text.replace(/ while .*$| before .*$| after .*$/, '')))]
    const few = causes.slice(0, 4).map(text => ({ text }))
    const words = causes.length > 4 ? [...few, { text: `+${causes.length - 4}` }] : few
    return [{ from: parts.flatMap(({ from }) => from), to, rows, words, change: '' as const }]
  })
  const left = drawn.filter(({ to }) => !gathered.some(one => one.to === to))
  // The next step of a path is drawn as one, whatever else leads there.
  const isNext = ({ from, to }: Drawn): boolean =>
    rowOf(grid, to) - rowOf(grid, from[0] ?? '') === 1 && grid[from[0] ?? '']?.[1] === grid[to]?.[1]
  const groups = Map.groupBy(
    left.filter(one => !isNext(one)),
    ({ to, words, change }) => JSON.stringify([to, words, change]),
  )
  const joined = [...groups.values()].flatMap(group => {
    const [first] = group
    const far = group.filter(({ from, to }) => Math.abs(rowOf(grid, from[0] ?? '') - rowOf(grid, to)) > 2)
    if (first === undefined || group.length < 2 || (group.length < 3 && far.length < 2)) return group
    return [{ ...first, from: group.flatMap(({ from }) => from), rows: group.flatMap(({ rows }) => rows) }]
  })
  return [...left.filter(isNext), ...joined, ...gathered]
}

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const COLOURS: { readonly [change in Change]: string } = {
  '': '#34506f',
  new: '#14702f',
  gone: '#b3261e',
  changed: '#9a5a00',
}
const FILLS = { '': '#eaf1fa', rest: '#fdf0d2', final: '#e4e6e9', gone: '#39404a' } as const

/** Where the box stands from which several arrows come as one: beside the state that they lead to, a row higher. */
function besides([row, column]: Place, taken: number): Place {
  return [Math.max(0, row - 1), column + (column > 0 ? 1 : -1) * (1 + taken)]
}

/** The picture as SVG. */
export async function drawPicture(picture: Picture): Promise<string> {
  const { title, states, grid, legend } = picture
  const drawn = together(picture)
  const boxes = drawn.filter(({ from }) => from.length > 1)
  const boxText = ({ from }: Drawn): string[] => wrap(from.join(', '), 30)
  const boxId = (one: Drawn): string => `from ${one.from.join(', ')} to ${one.to}`
  const whole: Record<string, Place> = { ...grid }
  for (const [i, box] of boxes.entries()) whole[boxId(box)] = besides(grid[box.to] ?? [99, 0], i)
  const room = (lines: readonly string[], bold = false): number =>
    Math.max(0, ...lines.map(line => widthOf(line, FONT, bold)))
  const laid = await layOut(
    [
      ...states.map(({ value }) => ({ value, w: Math.max(84, room([value], true) + 24), h: 34 })),
      ...boxes.map(box => ({ value: boxId(box), w: room(boxText(box)) + 16, h: 10 + LINE * boxText(box).length })),
    ],
    drawn.map(one => ({
      from: one.from.length > 1 ? boxId(one) : (one.from[0] ?? ''),
      to: one.to,
      w:
        8 +
        room(
          one.words.map(({ text }) => text),
          true,
        ),
      h: 4 + LINE * one.words.length,
    })),
    whole,
  )
  const head = 34 + LINE * legend.length
  const text = (x: number, y: number, lines: readonly Words[], more = ''): string =>
    `<text x="${x}" y="${y}" text-anchor="middle"${more}>${lines
      .map(
        ({ text: line, command }, i) =>
          `<tspan x="${x}" dy="${i === 0 ? 0 : LINE}"${command === true ? ' font-weight="700"' : ''}>${escapeText(line)}</tspan>`,
      )
      .join('')}</text>`
  const arrowTexts = drawn.map(({ words, rows, change, from, to }, i) => {
    const { points = [], label = { x: 0, y: 0, w: 0, h: 0 } } = laid.edges[i] ?? {}
    const [rule] = rows.map(row => row.rule)
    const names = [...new Set(rows.map(row => `${row.rule.rule.name}: ${row.rule.rule.cite}`))]
    const way = points.map(({ x, y }) => `${x},${y}`).join(' ')
    const dash = change === 'gone' ? ' stroke-dasharray="7 5"' : ''
    const width = change === '' ? 1.4 : 2.6
    return {
      line: `<polyline points="${way}" fill="none" stroke="${COLOURS[change]}" stroke-width="${width}"${dash} marker-end="url(#head-${change})"/>`,
      label: [
        `<a href="rules-${slug(rule?.machine ?? '')}.md#${slug(rule?.rule.name ?? '')}">`,
        `<title>${escapeText([`${from.join(', ')} to ${to}${change === '' ? '' : ` (${change})`}`, ...names].join('\n'))}</title>`,
        `<rect x="${label.x}" y="${label.y}" width="${label.w}" height="${label.h}" fill="#ffffff" fill-opacity="0.9"/>`,
        text(label.x + label.w / 2, label.y + 13, words, change === '' ? '' : ` fill="${COLOURS[change]}"`),
        '</a>',
      ].join(''),
    }
  })
  const stateTexts = states.map(({ value, kind, change }) => {
    const { x = 0, y = 0, w = 0, h = 0 } = laid.nodes.get(value) ?? {}
    const fill = kind === 'gone' ? '#ffffff' : change === '' ? '#1c2430' : COLOURS[change]
    const dash = change === 'gone' ? ' stroke-dasharray="7 5"' : ''
    return `<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="6" fill="${FILLS[kind]}" stroke="${COLOURS[change]}" stroke-width="${change === '' ? 1.2 : 2.6}"${dash}/>${text(x + w / 2, y + h / 2 + 4.5, [{ text: value, command: true }], ` fill="${fill}"`)}`
  })
  const boxTexts = boxes.map(box => {
    const { x = 0, y = 0, w = 0, h = 0 } = laid.nodes.get(boxId(box)) ?? {}
    const lines = boxText(box).map(line => ({ text: line }))
    return `<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="6" fill="#ffffff" stroke="#8794a5" stroke-dasharray="4 3"/>${text(x + w / 2, y + 18, lines, ' font-style="italic"')}`
  })
  const width = Math.max(Math.ceil(laid.width), widthOf(title, 17, true) + 24, room(legend) + 24)
  // What is narrower than the words above it stands below their middle.
  const left = Math.round((width - laid.width) / 2)
  const marker = ([change, colour]: readonly [string, string]): string =>
    `<marker id="head-${change}" viewBox="0 0 10 10" refX="9" refY="5" markerUnits="userSpaceOnUse" markerWidth="10" markerHeight="10" orient="auto"><path d="M0,1 L10,5 L0,9 z" fill="${colour}"/></marker>`
  return `${[
    `<!-- ${PRINTED} -->`,
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${Math.ceil(laid.height) + head}" width="${width}" role="img" font-family="Verdana, DejaVu Sans, Arial, sans-serif" font-size="${FONT}" fill="#1c2430">`,
    `<title>${escapeText(title)}</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<defs>${Object.entries(COLOURS).map(marker).join('')}</defs>`,
    `<text x="12" y="26" font-size="17" font-weight="700">${escapeText(title)}</text>`,
    ...legend.map((line, i) => `<text x="12" y="${46 + LINE * i}" fill="#55606f">${escapeText(line)}</text>`),
    `<g transform="translate(${left} ${head})">`,
    ...arrowTexts.map(({ line }) => line),
    ...stateTexts,
    ...boxTexts,
    ...arrowTexts.map(({ label }) => label),
    '</g>',
    '</svg>',
  ].join('\n')}\n`
}
