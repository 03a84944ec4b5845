/** Which recorded runs are printed, and how the page that leads to them does. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cases } from '../spec/cases.ts'
import { type Example, examplesMarkdown, examplesOf, printExample, printJson, shortened } from './examples.ts'
import { sectionPages } from './sections.ts'

const example = (id: string, more: Partial<Example> = {}): Example => ({
  ...{ id, qemu: '11.1.3', description: 'Sets `this`.', expectation: 'It is set.', lines: [] },
  ...more,
})
const line = (dir: string, msg: { readonly [member: string]: unknown }, side = 'src') => ({ side, dir, msg })

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-sections-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

test('of a case that was recorded more than once, the newest release is printed, by number', () => {
  for (const src of ['9.2.4', '10.0.13', '7.2.22'])
    writeFileSync(join(folder, `${src}.ndjson`), `${JSON.stringify({ case: 'a/b/1', qemu: { src } })}\n`)
  const words = { description: 'Does it.', expectation: 'It is done.' }
  const found = examplesOf(
    [
      { id: 'a/c/1', ...words },
      { id: 'a/b/1', ...words },
    ],
    folder,
  )
  expect(found.map(({ id, qemu }) => [id, qemu])).toEqual([['a/b/1', '10.0.13']])
})

describe('a run', () => {
  test('has single back-ticks nowhere in rST', () => {
    expect(printExample(example('a/b/1')).join('\n')).toContain('Sets ``this``. It is set.')
  })

  test('shows replies, but not what is long in them', () => {
    const text = examplesMarkdown('A', 'B', [
      example('a/b/1', {
        lines: [
          line('->', { execute: 'query-it', id: 1 }),
          line('<-', { return: { short: 1, long: 'x'.repeat(500) }, id: 1 }),
          line('->', { execute: 'query-all', id: 2 }),
          line('<-', { return: Array.from({ length: 200 }, (_, i) => i), id: 2 }),
        ],
      }),
    ])
    expect(text).toContain('<- { "return": { "short": 1, "long": { ... } } }')
    expect(text).toContain('-> { "execute": "query-all" }\n<- { "return": { ... } }')
  })

  test('breaks long lists between their items', () => {
    expect(printJson({ of: ['a', 'b'].map(name => ({ name: name.repeat(30), state: true })) })).toBe(
      [
        '{ "of": [ { "name": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "state": true },',
        '       { "name": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "state": true } ] }',
      ].join('\n'),
    )
  })
})

describe('the pages', () => {
  const pages = sectionPages('all', [example('one/a/1'), example('two/b-c/1'), example('one/d/2')])
  const [index, ...rest] = pages

  test('are one for each section, and one that leads to them', () => {
    expect(pages.map(({ file }) => file)).toEqual(['all', 'cases-one', 'cases-two'])
    expect(rest.map(({ rst }) => rst.split('.. qmp-example::').length - 1)).toEqual([2, 1])
    expect(index?.rst).toContain('* :doc:`cases-one`: 2 cases')
  })

  test('have a heading for each link', () => {
    const links = [...(index?.markdown ?? '').matchAll(/\(([a-z-]+)\.md#([^)]+)\)/g)].map(([, file, anchor]) => [
      file,
      anchor,
    ])
    const headings = rest.flatMap(({ file, markdown }) =>
      [...markdown.matchAll(/^## (.+)$/gm)].map(([, text = '']) => [
        file,
        text.toLowerCase().replaceAll(/[^\w -]/g, ''),
      ]),
    )
    expect(links.sort()).toEqual(headings.sort())
    expect(links.length).toBe(3)
  })
})

test('what is printed of QEMU names no machine, and has both sides', () => {
  const runs = examplesOf(cases)
  expect(runs.length).toBeGreaterThan(100)
  for (const { markdown, file } of sectionPages('examples', runs))
    expect([file, markdown.match(/\/(tmp|home|root)\//)]).toEqual([file, null])
  const colo = runs.filter(({ id }) => id.startsWith('colo/'))
  for (const { id, lines } of colo)
    expect([id, [...new Set(lines.map(({ side }) => side))].sort()]).toEqual([id, ['dst', 'src']])
})

test('every case that is written one by one has a transcript, under its name', () => {
  const nameOf = (id: string) => id.split('/').slice(0, 2).join('/')
  const have = new Set(examplesOf(cases).map(({ id }) => nameOf(id)))
  // What is tried in every status is many cases of one kind.
  const written = cases.filter(({ id }) => !/-in-/.test(id)).map(({ id }) => nameOf(id))
  expect([...new Set(written)].filter(name => !have.has(name))).toEqual([])
})

test('what goes on and on is shown by how it begins and ends', () => {
  const said = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ side: 'src', text: String(i), outside: false }))
  expect(shortened(said(83))).toEqual(said(83))
  const short = shortened(said(600))
  expect(short.length).toBe(81)
  expect(short.map(({ text }) => text).slice(58, 63)).toEqual([
    '58',
    '59',
    'And so on: 520 more messages are left out here.',
    '580',
    '581',
  ])
})
