/** A program's own log as something seen of it: which orders of lines can have been written, and which cannot. */
import { describe, expect, test } from 'vitest'
import {
  command,
  event,
  exits,
  fault,
  machine,
  type Rule,
  receives,
  returns,
  type System,
  sends,
  system,
  type Variables,
  wire,
} from '../spec/lang.ts'
import { flatten } from './flatten.ts'
import { pack } from './pack.ts'
import type { Seen, Sent } from './seen.ts'
import { Tracker } from './track.ts'
import type { Noted, Shown, Trail } from './trail.ts'

const cite = 'f.c:f'
const rule = (name: string, does: Rule['does'], more: Partial<Rule> = {}): Rule => ({ name, cite, does, ...more })
const alone = (variables: Variables, threads: { [thread: string]: readonly Rule[] }): System =>
  system('alone', { about: '', sides: { src: [machine('m', variables, threads)] } }) as System

const shown: Shown = { event: 'set', moves: ['door'] }
/** Lines as `thread: value`, or `thread: from > value`. */
const notes = (...lines: readonly string[]): Noted[] =>
  lines.map((text, line) => {
    const [, thread = '', from, to = ''] = /^(\w+): (?:(\w+) > )?(\w+)$/.exec(text) ?? []
    return { event: 'set', thread, line, to, ...(from !== undefined && { from }) }
  })
const trail = (lines: readonly Noted[], more: Partial<Trail> = {}): Trail => ({
  side: 'src',
  shown: [shown],
  notes: lines,
  lost: 0,
  ...more,
})
const track = (of: System, ...trails: Trail[]): Tracker =>
  new Tracker(pack(flatten(of, '9.0')), { observed: ['src'], fault: () => true, trails })
const came = (name: string): Seen => ({ kind: 'event', name, data: {}, line: 0 })

/** Whether all lines, and these events, fit together. */
function fits(of: System, log: Trail, ...events: readonly string[]): boolean {
  const tracker = track(of, log)
  for (const name of events) tracker.see('src', came(name))
  tracker.note('src', log.notes.length)
  return tracker.finish() === undefined
}

const door = { door: ['shut', 'ajar', 'open'], bell: ['off', 'on'] } as const
/** A door that is opened in two steps, and rings a bell that nobody writes of. */
const opened = alone(door, {
  porter: [
    rule('push', { door: 'shut -> ajar' }),
    rule('ring', { bell: 'off -> on' }),
    rule('open', { door: 'ajar -> open' }, { where: { bell: 'on' }, says: [event('OPEN')] }),
  ],
})

describe('a log', () => {
  test('tells of each move, in order, and of nothing else', () => {
    expect(fits(opened, trail(notes('a: ajar', 'a: open')), 'OPEN')).toBe(true)
    expect(fits(opened, trail(notes('a: ajar')))).toBe(true)
    expect(fits(opened, trail(notes('a: open')), 'OPEN')).toBe(false)
    expect(fits(opened, trail(notes('a: ajar', 'a: ajar')))).toBe(false)
    expect(fits(opened, trail(notes('a: open', 'a: ajar')), 'OPEN')).toBe(false)
  })

  test('tells of moves that were seen otherwise too', () => {
    expect(fits(opened, trail(notes('a: ajar')), 'OPEN')).toBe(false)
    expect(fits(opened, trail(notes('a: ajar', 'a: open')))).toBe(false)
  })

  test('may name the value before, which has to be it', () => {
    const both: Trail = trail(notes('a: shut > ajar', 'a: ajar > open'), { shown: [{ ...shown, from: true }] })
    expect(fits(opened, both, 'OPEN')).toBe(true)
    const wrong = trail(notes('a: shut > ajar', 'a: shut > open'), { shown: [{ ...shown, from: true }] })
    expect(fits(opened, wrong, 'OPEN')).toBe(false)
  })

  test('says nothing of a variable that is set to what it is', () => {
    const again = alone(door, { porter: [rule('leave open', { door: '-> open' }, { says: [event('OPEN')] })] })
    expect(fits(again, trail(notes('a: open')), 'OPEN', 'OPEN')).toBe(true)
    expect(fits(again, trail(notes('a: open', 'a: open')), 'OPEN', 'OPEN')).toBe(false)
  })

  test('that nobody keeps binds nothing', () => {
    const tracker = track(opened)
    tracker.see('src', came('OPEN'))
    expect(tracker.finish()).toBeUndefined()
    expect(tracker.untraced()).toBeUndefined()
  })
})

describe('the lines of a log', () => {
  const two = alone(
    { left: ['0', '1', '2'], right: ['0', '3', '4'] },
    {
      one: [rule('l1', { left: '0 -> 1' }), rule('l2', { left: '1 -> 2' })],
      other: [rule('r1', { right: '0 -> 3' }), rule('r2', { right: '3 -> 4' }, { where: { left: '2' } })],
    },
  )
  const sides: Shown = { event: 'set', moves: ['left', 'right'] }

  test('are in the order of their own thread only', () => {
    const log = (...lines: string[]) => trail(notes(...lines), { shown: [sides] })
    expect(fits(two, log('b: 3', 'b: 4', 'a: 1', 'a: 2'))).toBe(true)
    expect(fits(two, log('b: 4', 'b: 3', 'a: 1', 'a: 2'))).toBe(false)
    expect(fits(two, log('a: 3', 'a: 4', 'a: 1', 'a: 2'))).toBe(false)
  })

  test('may come before the monitor says the same, or after it', () => {
    const asked = alone(door, {
      porter: [rule('push', { door: 'shut -> ajar' }, { says: [event('PUSHED')] })],
      monitor: [rule('look', {}, { on: command('look'), says: [returns()] })],
    })
    const look: Sent = { name: 'look', arguments: {}, oob: false, answer: { returns: {} }, line: 0 }
    for (const before of [1, 0]) {
      const tracker = track(asked, trail(notes('a: ajar')))
      tracker.note('src', before)
      expect(tracker.send('src', look)).toBeUndefined()
      tracker.see('src', came('PUSHED'))
      tracker.note('src', 1 - before)
      tracker.see('src', { kind: 'answer', sent: look, line: 1 })
      expect(tracker.finish()).toBeUndefined()
      expect(tracker.rest()).toBe(true)
    }
  })

  test('are all there where nothing more comes', () => {
    const tracker = track(opened, trail(notes('a: ajar')))
    tracker.note('src')
    expect(tracker.finish()).toBeUndefined()
    // The door has to be opened, and nothing says that it is.
    expect(tracker.rest()).toBe(false)
    const all = track(opened, trail(notes('a: ajar', 'a: open')))
    all.see('src', came('OPEN'))
    all.note('src', 2)
    expect(all.finish()).toBeUndefined()
    expect(all.rest()).toBe(true)
    expect(tracker.unread()).toBeUndefined()
  })

  test('may lack the last where the process ended first', () => {
    const dies = alone(door, {
      porter: [rule('push', { door: 'shut -> ajar' }), rule('open', { door: 'ajar -> open' })],
      world: [
        rule('be killed', { bell: 'off -> on' }, { on: fault('kill'), where: { door: 'open' }, says: [exits(null)] }),
      ],
    })
    const end = (lost: number, ...lines: string[]) => {
      const tracker = track(dies, trail(notes(...lines), { lost }))
      tracker.note('src', lines.length)
      tracker.see('src', { kind: 'exit', code: null, line: 9 })
      return tracker.finish() === undefined
    }
    expect(end(0, 'a: ajar', 'a: open')).toBe(true)
    expect(end(0, 'a: ajar')).toBe(false)
    expect(end(1, 'a: ajar')).toBe(true)
    expect(end(1)).toBe(false)
    expect(end(1, 'a: open')).toBe(false)
    // Not of one that was seen to live on.
    const quiet = track(dies, trail(notes('a: ajar'), { lost: 1 }))
    quiet.note('src')
    expect(quiet.finish()).toBeUndefined()
    expect(quiet.rest()).toBe(false)
  })

  test('may begin with what was done before anybody looked', () => {
    const opening: Shown = { ...shown, opening: [['shut', 'ajar']], from: true }
    const ajar = system('ajar', {
      about: '',
      sides: {
        src: [machine('m', door, { porter: [rule('open', { door: 'ajar -> open' }, { says: [event('OPEN')] })] })],
      },
      start: { 'src.door': 'ajar' },
    }) as unknown as System
    expect(fits(ajar, trail(notes('a: shut > ajar', 'a: ajar > open'), { shown: [opening] }), 'OPEN')).toBe(true)
    expect(fits(ajar, trail(notes('a: ajar > open'), { shown: [opening] }), 'OPEN')).toBe(true)
    expect(fits(ajar, trail(notes('a: ajar > open', 'a: shut > ajar'), { shown: [opening] }), 'OPEN')).toBe(false)
  })
})

describe('a rule', () => {
  test('may write something else than what it moves, or something besides', () => {
    const log = (more: Partial<Shown>, ...lines: string[]) => trail(notes(...lines), { shown: [{ ...shown, ...more }] })
    const both = { instead: { open: ['ajar', 'open'], push: [] } }
    expect(fits(opened, log(both, 'a: ajar', 'a: open'), 'OPEN')).toBe(true)
    expect(fits(opened, log(both, 'a: open'), 'OPEN')).toBe(false)
    const besides = { may: { push: ['shut'] } }
    expect(fits(opened, log(besides, 'a: ajar', 'a: shut', 'a: open'), 'OPEN')).toBe(true)
    expect(fits(opened, log(besides, 'a: ajar', 'a: open'), 'OPEN')).toBe(true)
    expect(fits(opened, log(besides, 'a: shut', 'a: open'), 'OPEN')).toBe(false)
  })

  test('may write of messages', () => {
    const talk = system('talk', {
      about: '',
      sides: {
        src: [
          machine(
            's',
            { said: ['no', 'yes'] },
            { porter: [rule('say', { said: 'no -> yes' }, { says: [sends('hello')] })] },
          ),
        ],
        dst: [
          machine(
            'd',
            { heard: ['no', 'yes'] },
            { porter: [rule('hear', { heard: 'no -> yes' }, { on: receives('hello') })] },
          ),
        ],
      },
      wires: [wire('src', 'dst', 1)],
    }) as unknown as System
    const of = (side: string, lines: readonly string[]): Trail => ({
      side,
      shown: [{ event: 'set', sends: side === 'src' ? ['hello'] : [], receives: side === 'dst' ? ['hello'] : [] }],
      notes: notes(...lines),
      lost: 0,
    })
    const both = (src: readonly string[], dst: readonly string[]): boolean => {
      const tracker = new Tracker(pack(flatten(talk, '9.0')), {
        observed: ['src', 'dst'],
        fault: () => false,
        trails: [of('src', src), of('dst', dst)],
      })
      tracker.note('src', src.length)
      tracker.note('dst', dst.length)
      return tracker.finish() === undefined
    }
    expect(both(['a: hello'], ['b: hello'])).toBe(true)
    expect(both([], ['b: hello'])).toBe(false)
    expect(both(['a: hello', 'a: hello'], ['b: hello'])).toBe(false)
    expect(both(['a: hello'], [])).toBe(true)
  })
})

test('what is not explained is found by its line', () => {
  const tracker = track(opened, trail(notes('a: ajar', 'a: shut')))
  tracker.note('src', 2)
  expect(tracker.finish()).toBeDefined()
  const found = tracker.unread()
  expect(found).toEqual({ side: 'src', note: { event: 'set', thread: 'a', line: 1, to: 'shut' } })
  const telling = (note: Noted) =>
    tracker.packed.flat.rows.filter(row => tracker.tells(row.id, note)).map(row => row.rule.rule.name)
  expect(telling({ event: 'set', thread: '', line: 0, to: 'ajar' })).toEqual(['push'])
  expect(telling({ event: 'set', thread: '', line: 0, to: 'shut' })).toEqual([])
})
