import { describe, expect, test } from 'vitest'
import type { Row } from '../impl/flat.ts'
import { causesOf } from './causes.ts'
import { widthOf } from './measure.ts'
import { drawPicture, together, wordsOf } from './picture.ts'
import { differenceOf, pictureOf } from './pictures.ts'
import { scan } from './scan.ts'
import { graph } from './toy.ts'

const seen = scan(graph, ['a.door', 'b.bell'])
const plan = { file: 'toy', system: 'toy', variable: 'a.door', title: 'The <door>' }
const picture = pictureOf(seen, plan, plan.title)

describe('a picture of a machine', () => {
  test('is the same when drawn again, shows every state and every arrow, and links to rules', async () => {
    const svg = await drawPicture(picture)
    expect(await drawPicture(picture)).toBe(svg)
    for (const { value } of picture.states) expect(svg).toContain(`>${value}</tspan>`)
    expect(svg.match(/<polyline /g)?.length).toBe(together(picture).length)
    expect(together(picture).flatMap(({ from }) => from).length).toBe(picture.arrows.length)
    expect(svg).toContain('The &lt;door&gt;')
    expect(svg).toMatch(/<a href="rules-[a-z-]+\.md#[a-z-]+">/)
  })

  test('keeps to the rows that it is given', async () => {
    const values = picture.states.map(({ value }) => value)
    const grid = Object.fromEntries(values.map((value, row) => [value, [row, 0] as const]))
    const svg = await drawPicture({ ...picture, grid })
    const tops = values.map(value =>
      Number(new RegExp(`y="([0-9.]+)"[^>]*><tspan[^>]*>${value}</tspan>`).exec(svg)?.[1]),
    )
    expect(tops).toEqual(tops.toSorted((a, b) => a - b))
  })

  test('is as wide as the words above it', async () => {
    const legend = ['a legend that is a good deal wider than anything that a door and a bell could ever come to']
    const svg = await drawPicture({ ...picture, legend })
    const [, width] = /viewBox="0 0 (\d+) /.exec(svg) ?? []
    expect(Number(width)).toBeGreaterThan(widthOf(legend[0] ?? '', 13))
  })

  test('says the command, how many causes there are besides, and what is heard', () => {
    const [first] = picture.arrows
    expect(wordsOf(first?.rows ?? [], seen.flat).length).toBeGreaterThan(0)
  })
})

describe('a picture of what changed', () => {
  test('is none where nothing did', () => {
    expect(differenceOf(seen, seen, plan, 'same')).toBeUndefined()
  })

  test('marks what is new, what is gone and what others take', () => {
    const { flat } = seen
    // One rule less takes an arrow away, or one of its causes.
    const [rule] = picture.arrows[0]?.rows.map(row => row.rule.id) ?? []
    const less = { ...seen, flat: { ...flat, rows: flat.rows.filter(row => row.rule.id !== rule) } }
    const marks = (found: ReturnType<typeof differenceOf>) => new Set(found?.arrows.map(({ change }) => change))
    const gone = marks(differenceOf(seen, less, plan, 'less'))
    const come = marks(differenceOf(less, seen, plan, 'more'))
    expect(gone.has('gone') || gone.has('changed')).toBe(true)
    expect(come.has('new') || come.has('changed')).toBe(true)
  })
})

describe('the causes of an arrow', () => {
  const row = (name: string, more: object): Row =>
    ({ rule: { rule: { name } }, outputs: [], cause: undefined, ...more }) as unknown as Row
  const dies = [{ kind: 'exits', side: 'a', code: null }]
  const move = { kind: 'command', name: 'migrate' }

  test('are commands, then faults, then the rest', () => {
    const rows = [row('end', {}), row('be cut', { cause: { kind: 'fault', name: 'cut' } }), row('go', { cause: move })]
    expect(causesOf(rows)).toEqual([{ text: 'migrate', command: true }, { text: 'be cut' }, { text: 'end' }])
  })

  test('name why a process dies, not what set it off', () => {
    const rows = [row('abort on a migration', { cause: move, outputs: dies })]
    expect(causesOf([...rows, row('be killed', { cause: { kind: 'fault', name: 'kill' }, outputs: dies })])).toEqual([
      { text: 'be killed' },
      { text: 'abort on a migration' },
    ])
  })
})
