import { describe, expect, test } from 'vitest'
import { command, event, exits, fails, machine, returns, type System, system } from '../spec/lang.ts'
import { answersOf, arrowsOf, joinAnswers, joinArrows, type Knowns } from './arrows.ts'
import { flatten } from './flatten.ts'
import { reach } from './reach.ts'

const rules = {
  monitor: [
    {
      name: 'open',
      cite: 'd.c:f',
      on: command('open', { key: 1 }),
      does: { door: 'shut -> open' },
      says: [said('open'), returns()],
    },
    {
      name: 'refuse',
      cite: 'd.c:f',
      on: command('open'),
      where: { door: ['open', 'stuck', 'lost'] },
      does: {},
      says: [fails('It is')],
    },
    // Stores what is there already, and says so.
    {
      name: 'shut',
      cite: 'd.c:f',
      on: command('shut'),
      where: { door: '!stuck' },
      does: { door: '-> shut' },
      says: [said('shut'), returns()],
    },
    // Stores what is there already, and nobody hears of it.
    { name: 'wedge', cite: 'd.c:f', does: { door: '-> stuck' }, since: '2.0' },
    { name: 'kick', cite: 'd.c:f', on: command('kick'), does: { door: 'stuck ~> shut' }, says: [exits(1)] },
    // One store after the other.
    {
      name: 'slam',
      cite: 'd.c:f',
      on: command('slam'),
      does: { door: 'open -> shut' },
      says: [said('ajar'), said('shut'), returns()],
    },
  ],
} as const
function said(status: string) {
  return event('DOOR', { status }, { loud: 'yes' })
}
const doors = { door: ['shut', 'open', 'ajar', 'stuck', 'lost'], loud: ['yes', 'no'] } as const
const made = system('house', {
  about: '',
  sides: {
    a: [
      machine('door', doors, rules as never, [
        { command: 'query-door', cite: 'd.c:q', where: { door: '!shut' }, tables: [[[{}, {}]]] },
      ]),
    ],
  },
  start: { 'a.loud': ['yes', 'no'] } as never,
}) as System
const knowns: Knowns = {
  door: { enum: 'Door', side: { a: 'front' }, role: { a: 'host' }, said: { event: 'DOOR', member: 'status' } },
}
const at = (version: string) => {
  const flat = flatten(made, version)
  return { version, flat, found: reach(flat) }
}
const arrows = (version: string) => joinArrows([{ version, arrows: arrowsOf(at(version).found, knowns) }])
const short = (version: string) => arrows(version).map(({ from, to, rules }) => `${from} -> ${to}: ${rules.join(', ')}`)

describe('the arrows of a variable', () => {
  test('are written out, for what can be reached', () => {
    expect(short('1.0')).toEqual([
      // Not from lost, which nothing leads to; and through what is stored on the way.
      'ajar -> shut: a/slam',
      'open -> ajar: a/slam',
      'open -> shut: a/shut',
      'shut -> open: a/open',
      'shut -> shut: a/shut',
    ])
  })

  test('are those of the release', () => {
    expect(short('2.0').filter(text => !short('1.0').includes(text))).toEqual([
      'open -> stuck: a/wedge',
      'shut -> stuck: a/wedge',
      'stuck -> shut: a/kick',
    ])
  })

  test('say whose they are', () => {
    expect(arrows('1.0')[0]).toEqual({
      ...{ machine: 'Door', side: 'front', role: 'host', variable: 'door', from: 'ajar', to: 'shut' },
      ...{ rules: ['a/slam'], versions: ['1.0'] },
    })
  })

  test('are joined over releases', () => {
    const both = joinArrows(['1.0', '2.0'].map(version => ({ version, arrows: arrowsOf(at(version).found, knowns) })))
    expect(both.map(({ from, to, versions }) => [from, to, versions.join()])).toContainEqual([
      'shut',
      'open',
      '1.0,2.0',
    ])
    expect(both.map(({ from, to, versions }) => [from, to, versions.join()])).toContainEqual(['stuck', 'shut', '2.0'])
  })
})

describe('what a command is answered', () => {
  const answers = joinAnswers([{ version: '2.0', answers: answersOf(at('2.0').found, knowns) }], { a: 'front' })
  const of = (name: string) => answers.filter(one => one.command === name).map(one => `${one.state}: ${one.outcome}`)

  test('is told for each value that can be reached', () => {
    expect(of('open')).toEqual(['open: refused', 'shut: accepted', 'stuck: refused'])
    expect(of('shut')).toEqual(['open: accepted', 'shut: accepted'])
    expect(of('kick')).toEqual(['open: aborts', 'shut: aborts', 'stuck: aborts'])
    expect(of('query-door')).toEqual(['open: accepted', 'stuck: accepted'])
  })

  test('is told of a process by what it is itself', () => {
    expect(joinAnswers([{ version: '2.0', answers: answersOf(at('2.0').found, knowns) }], { a: 'back' })).toEqual([])
  })

  test('has its class, its text, and who says so', () => {
    expect(answers.find(one => one.outcome === 'refused')).toEqual({
      ...{ command: 'open', machine: 'Door', side: 'front', role: 'host', state: 'open', outcome: 'refused' },
      ...{ class: 'GenericError', text: 'It is', arguments: [null], rules: ['a/refuse'], versions: ['2.0'] },
    })
    expect(answers.find(one => one.command === 'open' && one.outcome === 'accepted')?.arguments).toEqual([{ key: 1 }])
  })
})

test('a rule that no state leads to is not taken', () => {
  const { flat, found } = at('1.0')
  const rows = Map.groupBy(flat.rows, row => row.rule.id)
  const stuck = flatten(
    system('still', {
      about: '',
      sides: { a: [machine('m', { v: ['x', 'y'] }, { t: [{ name: 'go', cite: 'd.c:f', does: { v: 'y -> x' } }] })] },
    }) as System,
    '1.0',
  )
  expect(rows.get('a/open')?.some(found.taken)).toBe(true)
  expect(stuck.rows.some(reach(stuck).taken)).toBe(false)
})
