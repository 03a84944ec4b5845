import { describe, expect, test } from 'vitest'
import { enabled, key, starts, take } from '../impl/walk.ts'
import { arrowsOf } from './arrows.ts'
import { literal } from './mermaid.ts'
import { scan, unexplored } from './scan.ts'
import { idOf, spread, stateDiagram } from './state.ts'
import { flat, graph } from './toy.ts'

const seen = scan(graph, ['a.door', 'b.bell'])
const body = (text: string): string => text.slice(text.indexOf('stateDiagram-v2'))

describe('a state diagram of the toy', () => {
  test('says what sets each arrow off and what is said', () => {
    expect(stateDiagram(seen, 'a.door', 'The "door"', { later: ['a.saying'] })).toMatchInlineSnapshot(`
      "---
      # Printed by \`npm run draw\`; edit the rules in spec/ or diagrams/plan.ts instead.
      title: "The \\"door\\""
      config:
        look: classic
        theme: base
        fontFamily: Verdana, DejaVu Sans, Arial, sans-serif
        fontSize: 13
        layout: elk
        elk: { nodePlacementStrategy: NETWORK_SIMPLEX, cycleBreakingStrategy: DEPTH_FIRST, straightenEdges: true }
        markdownAutoWrap: false
        themeVariables:
          fontFamily: Verdana, DejaVu Sans, Arial, sans-serif
          fontSize: 13px
          primaryColor: "#eef3fa"
          primaryBorderColor: "#34506f"
          lineColor: "#34506f"
          edgeLabelBackground: "#ffffff"
          compositeBackground: "#fafafa"
          noteBkgColor: "#fff8dc"
          noteBorderColor: "#c9b458"
      ---
      stateDiagram-v2
        direction TB
        [*] --> shut
        shut
        opening
        open
        stuck
        welded
        state "process gone" as process_gone
        shut --> opening : **door#95;open**<br>⇒ DOOR opening
        opening --> shut : **shut**<br>⇒ DOOR shut
        opening --> open : swing<br>⇒ then DOOR open<br>→ ring
        open --> shut : **shut**<br>⇒ DOOR shut
        open --> stuck : jam
        stuck --> shut : **shut**<br>⇒ DOOR shut
        stuck --> welded : be closed for ever
        stuck --> process_gone : be found missing<br>⇒ GONE, exit 3
        state "**bold** command, ⇒ event, → message sent, then a step later<br>amber may stay until an operator, a fault or a timer acts<br>grey is never left" as how_to_read_this
        classDef final fill:#e2e2e2,stroke:#444444,color:#222222
        class welded final
        classDef rest fill:#fdf1d8,stroke:#a06a00,color:#222222
        class shut,opening,open,stuck rest
        classDef gone fill:#333333,stroke:#000000,color:#ffffff
        class process_gone gone
        classDef legend fill:#ffffff,stroke:#ffffff,color:#666666
        class how_to_read_this legend
      "
    `)
  })

  test('makes one arrow of what a frame does alike, and keeps the rest', () => {
    const frames = [{ title: 'not shut', holds: ['opening', '...', 'stuck'] }]
    expect(body(stateDiagram(seen, 'a.door', 'The door', { frames }))).toMatchInlineSnapshot(`
      "stateDiagram-v2
        direction TB
        [*] --> shut
        shut
        state "not shut" as not_shut {
          opening
          open
          stuck
        }
        welded
        state "process gone" as process_gone
        shut --> opening : **door#95;open**<br>⇒ DOOR opening
        opening --> open : swing<br>→ ring
        open --> stuck : jam
        stuck --> welded : be closed for ever
        stuck --> process_gone : be found missing<br>⇒ GONE, exit 3
        not_shut --> shut : **shut**<br>⇒ DOOR shut
        state "**bold** command, ⇒ event, → message sent<br>amber may stay until an operator, a fault or a timer acts<br>grey is never left" as how_to_read_this
        classDef final fill:#e2e2e2,stroke:#444444,color:#222222
        class welded final
        classDef rest fill:#fdf1d8,stroke:#a06a00,color:#222222
        class shut,opening,open,stuck rest
        classDef gone fill:#333333,stroke:#000000,color:#ffffff
        class process_gone gone
        classDef legend fill:#ffffff,stroke:#ffffff,color:#666666
        class how_to_read_this legend
      "
    `)
  })

  test('gathers arrows and says which comes from where', () => {
    const frames = [{ title: 'alive', holds: ['still', 'ringing'], gathers: ['mute'] }]
    const notes = [{ at: 'mute', text: 'for ever; really' }]
    expect(body(stateDiagram(seen, 'b.bell', 'The bell', { frames, notes }))).toMatchInlineSnapshot(`
      "stateDiagram-v2
        direction TB
        [*] --> still
        state "alive" as alive {
          still
          ringing
        }
        mute
        still --> ringing : ← ring<br>⇒ RING
        ringing --> still : fall silent
        alive --> mute : lose the door while still, ringing
        note right of mute
          for ever#59; really
        end note
        state "⇒ event, ← message received<br>amber may stay until an operator, a fault or a timer acts<br>grey is never left" as how_to_read_this
        classDef final fill:#e2e2e2,stroke:#444444,color:#222222
        class mute final
        classDef rest fill:#fdf1d8,stroke:#a06a00,color:#222222
        class still rest
        classDef legend fill:#ffffff,stroke:#ffffff,color:#666666
        class how_to_read_this legend
      "
    `)
  })

  test('has the arrows that a plain walk over all states finds', () => {
    const found = new Set<string>()
    const todo = starts(flat)
    const known = new Set(todo.map(key))
    for (const state of todo) {
      for (const row of enabled(flat, state)) {
        const next = take(flat, state, row)
        const to = row.rule.rule.name === 'be found missing' ? 'process gone' : next['a.door']
        if (state['a.door'] !== to) found.add(`${state['a.door']} -> ${to}: ${row.rule.id}`)
        if (!known.has(key(next))) todo.push(next)
        known.add(key(next))
      }
    }
    const drawn = arrowsOf(seen, 'a.door').flatMap(({ from, to, rows }) =>
      rows.map(row => `${from} -> ${to}: ${row.rule.id}`),
    )
    expect(new Set(drawn)).toEqual(found)
  })

  test('of rules alone shows arrows that no reachable state takes', () => {
    const pairs = (of: typeof seen): string[] => arrowsOf(of, 'a.door').map(({ from, to }) => `${from} ${to}`)
    expect(pairs(unexplored(flat))).toEqual(pairs(seen))
    expect(arrowsOf(unexplored(flat), 'a.saying').map(({ from }) => from)).toEqual(['nothing', 'open'])
  })

  test('fails where a plan names what is not there', () => {
    expect(() => stateDiagram(seen, 'a.window', '')).toThrow('toy has no variable "a.window"')
    expect(() => stateDiagram(seen, 'a.door', '', { order: ['ajar'] })).toThrow(
      'a plan names "ajar"; there are shut, opening',
    )
    expect(() => stateDiagram(seen, 'a.saying', '')).toThrow('variable "a.saying" was not watched')
  })
})

describe('names', () => {
  test('that Mermaid would read as syntax are changed', () => {
    expect(['end', 'pre-switchover', '2nd', 'active'].map(idOf)).toEqual(['s_end', 'pre_switchover', 's_2nd', 'active'])
  })

  test('may be left out between two others', () => {
    expect(spread(['b', '...', 'e', 'a'], ['a', 'b', 'c', 'd', 'e'])).toEqual(['b', 'c', 'd', 'e', 'a'])
  })

  test('keep their characters', () => {
    expect(literal('a: "b"; #1 <c> *d*_e_ `f`\n%%')).toMatchInlineSnapshot(
      `"a#58; #34;b#34;#59; #35;1 #60;c#62; #42;d#42;#95;e#95; #96;f#96; #37;#37;"`,
    )
  })
})
