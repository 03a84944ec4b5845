/** Rows as an XState machine: what the chart looks like, and that it lives. */
import { describe, expect, test } from 'vitest'
import { createActor } from 'xstate'
import { command, type Rule, returns, type System, system } from '../spec/lang.ts'
import { chart, chartConfig, eventOf, logic, rowOf, stateOf } from './chart.ts'
import type { Flat } from './flat.ts'
import { flatten } from './flatten.ts'
import { starts } from './walk.ts'

const variables = { door: ['shut', 'open'], lamp: ['off', 'v.1', 'on'], bell: ['mute', 'loud', 'spare'] } as const
const rule = (name: string, rest: Partial<Rule<typeof variables>>): Rule<typeof variables> => ({
  name,
  cite: 'f.c:f',
  does: {},
  ...rest,
})
const house = (...rules: Rule<typeof variables>[]): Flat =>
  flatten(
    system('house', { about: '', sides: {}, shared: variables, rules: { world: rules } as never }) as System,
    '9.0',
  )

const enter = rule('enter', { does: { door: 'shut -> open', lamp: 'off -> v.1' }, where: { bell: ['mute', 'loud'] } })
const event = (flat: Flat, id: string) => eventOf(flat.rows.find(row => row.rule.id === id) as Flat['rows'][number])

describe('a chart', () => {
  test('has a region for each variable, and arrows on the values that they leave', () => {
    expect(
      chartConfig(house(enter, rule('look', { does: { lamp: '!off' } }), rule('reset', { does: { bell: '-> mute' } }))),
    ).toMatchInlineSnapshot(`
      {
        "id": "house",
        "states": {
          "bell": {
            "initial": "mute",
            "states": {
              "loud": {
                "on": {
                  "reset#2": [
                    {
                      "target": "mute",
                    },
                  ],
                },
              },
              "mute": {
                "on": {
                  "reset#2": [
                    {
                      "target": "mute",
                    },
                  ],
                },
              },
              "spare": {
                "on": {
                  "reset#2": [
                    {
                      "target": "mute",
                    },
                  ],
                },
              },
            },
          },
          "door": {
            "initial": "shut",
            "states": {
              "open": {
                "on": {},
              },
              "shut": {
                "on": {
                  "enter#0": [
                    {
                      "guard": "lamp is off, bell is !spare",
                      "target": "open",
                    },
                  ],
                },
              },
            },
          },
          "lamp": {
            "initial": "off",
            "states": {
              "off": {
                "on": {
                  "enter#0": [
                    {
                      "guard": "door is shut, bell is !spare",
                      "target": "v\\.1",
                    },
                  ],
                },
              },
              "on": {
                "on": {
                  "look#1": [
                    {
                      "target": "on",
                    },
                  ],
                },
              },
              "v.1": {
                "on": {
                  "look#1": [
                    {
                      "target": "v\\.1",
                    },
                  ],
                },
              },
            },
          },
        },
        "type": "parallel",
      }
    `)
  })

  test('is plain JSON', () => {
    const config = chartConfig(house(enter))
    expect(JSON.parse(JSON.stringify(config))).toEqual(config)
  })

  test('moves all regions of a row together, or none', () => {
    const flat = house(enter, rule('mute', { does: { bell: '-> spare' } }))
    const actor = createActor(chart(flat)).start()
    expect(actor.getSnapshot().can(event(flat, 'enter'))).toBe(true)
    actor.send(event(flat, 'enter'))
    expect(actor.getSnapshot().value).toEqual({ door: 'open', lamp: 'v.1', bell: 'mute' })
    actor.send(event(flat, 'enter'))
    expect(actor.getSnapshot().value).toEqual({ door: 'open', lamp: 'v.1', bell: 'mute' })
    const other = createActor(chart(flat)).start()
    other.send(event(flat, 'mute'))
    expect(other.getSnapshot().can(event(flat, 'enter'))).toBe(false)
    other.send(event(flat, 'enter'))
    expect(other.getSnapshot().value).toEqual({ door: 'shut', lamp: 'off', bell: 'spare' })
  })

  test('knows an event of a row that moves nothing, where it may be taken', () => {
    const flat = house(
      rule('knock', { on: command('knock'), does: { door: 'shut', lamp: '!on' }, says: [returns()] }),
      enter,
    )
    const snapshot = createActor(chart(flat)).start().getSnapshot()
    expect(snapshot.can(event(flat, 'knock'))).toBe(true)
    const open = createActor(chart(flat, { door: 'open', lamp: 'off', bell: 'mute' }))
      .start()
      .getSnapshot()
    expect(open.can(event(flat, 'knock'))).toBe(false)
  })

  test('knows an event of a row that tests nothing at all', () => {
    const flat = house(rule('wait', {}))
    const actor = createActor(chart(flat)).start()
    expect(actor.getSnapshot().can(event(flat, 'wait'))).toBe(true)
    actor.send(event(flat, 'wait'))
    expect(stateOf(flat, actor.getSnapshot().value)).toEqual(starts(flat)[0])
  })

  test('knows no event of somebody else', () => {
    const flat = house(enter)
    expect(createActor(chart(flat)).start().getSnapshot().can({ type: 'leave' })).toBe(false)
    expect(rowOf({ type: 'leave' })).toBe(-1)
  })

  test('starts where it is told', () => {
    const start = { door: 'open', lamp: 'on', bell: 'loud' }
    expect(
      createActor(chart(house(enter), start))
        .start()
        .getSnapshot().value,
    ).toEqual(start)
  })
})

describe('the rules as logic', () => {
  test('offer the events of enabled rows only, and take them', () => {
    const flat = house(enter, rule('leave', { does: { door: 'open -> shut' } }))
    const rules = logic(flat)
    const actor = createActor(rules.logic).start()
    expect(rules.events(actor.getSnapshot())).toEqual([event(flat, 'enter')])
    actor.send(event(flat, 'enter'))
    expect(actor.getSnapshot().context).toEqual({ door: 'open', lamp: 'v.1', bell: 'mute' })
    expect(rules.events(actor.getSnapshot())).toEqual([event(flat, 'leave')])
  })

  test('stand still at an event of somebody else', () => {
    const actor = createActor(logic(house(enter)).logic).start()
    const before = actor.getSnapshot().context
    actor.send({ type: 'leave' })
    expect(actor.getSnapshot().context).toBe(before)
  })
})
