import { describe, expect, test } from 'vitest'
import { answersOf, arrowsOf, type Knowns } from '../impl/arrows.ts'
import { flatten } from '../impl/flatten.ts'
import { reach } from '../impl/reach.ts'
import type { Claim } from '../spec/lang.ts'
import { command, event, fails, machine, returns, type System, system } from '../spec/lang.ts'
import { markdownPage, rstPage } from './print.ts'
import { answersPage, changesPage, claimsPage, fileFor, transitionsPage } from './releases.ts'
import type { ReleaseRows } from './rows.ts'

const rules = {
  monitor: [
    { name: 'open it', cite: 'new/d.c:f', on: command('open'), does: { door: 'shut -> open' }, says: [returns()] },
    {
      name: 'refuse',
      cite: 'd.c:f',
      on: command('open'),
      where: { door: 'open' },
      does: {},
      says: [fails('It is open')],
    },
    { name: 'slam it', cite: 'd.c:g', does: { door: 'open -> shut' }, says: [event('BANG')], since: '2.0' },
    { name: 'close it', cite: 'd.c:h, d.c:g', does: { door: 'open -> shut' }, until: '1.9' },
    { name: 'break it', cite: 'd.c:b', does: { door: 'open -> gone' }, since: '2.0' },
  ],
}
const doors = { door: ['shut', 'open', 'gone'] }
const made = system('house', { about: '', sides: { src: [machine('door', doors, rules as never)] } }) as System
const knowns: Knowns = { door: { enum: 'Door', side: { src: 'source' }, role: { src: 'source' } } }
function release(version: string): ReleaseRows {
  const flat = flatten(made, version)
  const found = reach(flat)
  const taken = new Set(flat.rules.map(({ id }) => id))
  const byId = new Map(flat.rules.map(rule => [rule.id, rule]))
  return { version, rules: byId, taken, arrows: arrowsOf(found, knowns), answers: answersOf(found, knowns) }
}
const releases = ['1.0', '2.0'].map(release)
const charts = [{ title: 'The door', machine: 'Door', side: 'source', order: ['open', 'shut', 'gone'] }] as const
const lines = (page: {
  readonly tables: readonly { readonly rows: readonly (readonly { readonly lines: readonly string[] }[])[] }[]
}) => page.tables.map(({ rows }) => rows.map(row => row.map(cell => cell.lines.join('; ')).join(' | ')))

describe('pages about releases', () => {
  test('tell every transition, who makes it, and where it is not everywhere', () => {
    expect(lines(transitionsPage(releases, '1.0', charts))).toEqual([
      ['open | shut | close it | d.c:h; d.c:g | ', 'shut | open | open it | new/d.c:f | '],
    ])
    expect(lines(transitionsPage(releases, '2.0', charts))).toEqual([
      [
        'open | shut | slam it | d.c:g | ',
        'open | gone | break it | d.c:b | 2.0',
        'shut | open | open it | new/d.c:f | ',
      ],
    ])
  })

  test('tell what a command is answered', () => {
    expect(lines(answersPage(release('2.0'), charts))).toEqual([
      ['open | no | open | It is ‹status›', ' | yes | shut | '],
    ])
  })

  test('tell what changed', () => {
    const page = changesPage(releases)
    expect(page.tables.map(({ title }) => title)).toEqual(['From QEMU 1.0 to 2.0'])
    expect(lines(page)).toEqual([
      [
        'gone | door | close it |  | d.c:h; d.c:g | until 1.9',
        'new | door | slam it | ⇒ BANG | d.c:g | since 2.0',
        'new | door | break it |  | d.c:b | since 2.0',
      ],
    ])
  })

  test('tell which claims hold', () => {
    const claim = {
      kind: 'never',
      name: 'it is gone',
      system: 'house',
      broken: { '2.0': 'It breaks.' },
      seen: { '2.0': 'once' },
    } as unknown as Claim
    expect(lines(claimsPage([claim], ['1.0', '2.0']))).toEqual([
      ['it is gone | never | holds | broken: It breaks.; seen: once'],
    ])
  })

  test('have their tables below headings, in Markdown and in rST', () => {
    const { title, before, tables } = transitionsPage(releases, '1.0', charts)
    const md = markdownPage(title, before, tables)
    expect(md).toContain('\n# Transitions, QEMU 1.0\n')
    expect(md).toContain('\n## The door\n\n| from | to | rules | in QEMU | only in |\n')
    expect(md).toContain('| `shut` | `open` | open it | `new/d.c:f` |  |\n')
    const rst = rstPage(title, before, tables)
    expect(rst).toContain('\nTransitions, QEMU 1.0\n=====================\n')
    expect(rst).toContain('\nThe door\n--------\n\n.. list-table::\n')
    expect(rst).toContain('   * - ``shut``\n     - ``open``\n     - open it\n')
  })

  test('have a file for each release', () => {
    expect(fileFor('transitions', '10.0')).toBe('transitions-10-0')
  })
})
