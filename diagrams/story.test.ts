import { describe, expect, test } from 'vitest'
import { asciiSequence } from './ascii.ts'
import { sequenceDiagram } from './sequence.ts'
import { type Beat, stepsBefore, tell, witness } from './story.ts'
import { flat, graph } from './toy.ts'

const cast = { a: 'the door', b: 'the bell' }
const rings = tell(flat, witness(graph, { where: { 'b.bell': 'ringing', 'a.saying': 'nothing' } }))
const lost = witness(graph, { where: { link: 'cut', 'a.door': 'stuck', 'b.bell': 'mute' }, rule: 'a/be-found-missing' })
const stuck = { ...witness(graph, { where: { 'b.process': 'gone', 'a.door': 'stuck' } }), loop: 0 }
const body = (text: string): string => text.slice(text.indexOf('sequenceDiagram'))

describe('a path of the toy', () => {
  test('as Mermaid', () => {
    expect(sequenceDiagram(flat, rings, 'It rings', cast)).toMatchInlineSnapshot(`
      "---
      # Printed by \`npm run draw\`; edit the rules in spec/ or diagrams/plan.ts instead.
      title: "It rings"
      config:
        look: classic
        theme: base
        fontFamily: Verdana, DejaVu Sans, Arial, sans-serif
        fontSize: 13
        sequence: { mirrorActors: false, noteAlign: left, messageMargin: 30, boxMargin: 6, noteMargin: 8, width: 110 }
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
      sequenceDiagram
        participant client as operator
        participant side_a as the door
        participant side_b as the bell
        client->>side_a: door#95;open<br/>(accept#58; #34;open#34;#59; #35;1)
        side_a-)client: DOOR opening
        side_a-->>client: return
        Note over side_a: hinge#58;<br/>· swing
        side_a-)side_b: ring
        Note over side_a: hinge#58;<br/>· announce open
        side_a-)client: DOOR open
        Note over side_b: clapper#58;<br/>· hear the ring (ring)
        side_b-)client: RING
      "
    `)
  })

  test('as Mermaid, with a loss and an end', () => {
    expect(body(sequenceDiagram(flat, tell(flat, lost), 'Lost', cast))).toMatchInlineSnapshot(`
      "sequenceDiagram
        participant client as operator
        participant side_a as the door
        participant network
        participant side_b as the bell
        client->>side_a: door#95;open<br/>(accept#58; #34;open#34;#59; #35;1)
        side_a-)client: DOOR opening
        side_a-->>client: return
        Note over side_a,side_b: ⚡ cut the wire
        Note over side_a: hinge#58;<br/>· swing
        side_a-xnetwork: ring (lost)
        Note over side_a: hinge#58;<br/>· jam
        Note over side_b: clapper#58;<br/>· lose the door while still
        Note over side_a: hinge#58;<br/>· be found missing
        side_a-)client: GONE
        Note over side_a: the process exits with 3
      "
    `)
  })

  test('in ASCII', () => {
    expect(asciiSequence(flat, rings, cast)).toMatchInlineSnapshot(`
      "operator                      the door                               the bell
          |                             |                                      |
          |--------- door_open -------->|                                      |
          |                             *  accept: "open"; #1                  |
          |<====== DOOR opening ========|                                      |
          |<--------- return -----------|                                      |
          |                             *  hinge: swing                        |
          |                             |---------------- ring --------------->|
          |                             *  hinge: announce open                |
          |<======== DOOR open =========|                                      |
          |                             |       clapper: hear the ring (ring)  *
          |<============================================= RING ================|
          |                             |                                      |
      "
    `)
  })

  test('in ASCII, with a loss and an end', () => {
    expect(asciiSequence(flat, tell(flat, lost), cast)).toMatchInlineSnapshot(`
      "operator                      the door                               the bell
          |                             |                                      |
          |--------- door_open -------->|                                      |
          |                             *  accept: "open"; #1                  |
          |<====== DOOR opening ========|                                      |
          |<--------- return -----------|                                      |
          !!!!!!!!!!!!!!!!!!!!!!!!!!!! cut the wire !!!!!!!!!!!!!!!!!!!!!!!!!!!!
          |                             *  hinge: swing                        |
          |                             |------ ring -----x                    |
          |                             *  hinge: jam                          |
          |                             |  clapper: lose the door while still  *
          |                             *  hinge: be found missing             |
          |<========== GONE ============|                                      |
          |                             X  the process exits with 3            |
          |                                                                    |
      "
    `)
  })

  test('may begin later, and go on for ever', () => {
    const path = { ...stuck, loop: stuck.steps.length }
    const skip = stepsBefore(graph, path, { 'a.door': 'open' })
    expect(asciiSequence(flat, tell(flat, path, skip, 'the door opens'), cast)).toMatchInlineSnapshot(`
      "operator                      the door                               the bell
          |                             |                                      |
          ~~~~~~~~~~~~~~~~~~~~~~ 2 steps: the door opens ~~~~~~~~~~~~~~~~~~~~~~~
          |                             *  hinge: jam                          |
          |                             |                           be killed  !
          |                             |                    the process dies  X
          ~~~~~~~~~~~~~~~~~~~~~~~~~~ and so it stays ~~~~~~~~~~~~~~~~~~~~~~~~~~~
          |                             |
      "
    `)
  })

  test('fails when there is none', () => {
    expect(() => witness(graph, { where: { 'a.door': 'shut' }, rule: 'a/jam' })).toThrow(
      'toy never comes to a/jam where {"a.door":"shut"}',
    )
  })

  test('goes through what it is to go through, which is not the shortest way', () => {
    const where = { 'b.process': 'gone' }
    const names = (path: ReturnType<typeof witness>): (string | undefined)[] =>
      path.steps.map(({ row }) => flat.rows[row]?.rule.rule.name)
    expect(names(witness(graph, { where }))).toEqual(['be killed'])
    const path = witness(graph, {
      via: [{ where: { 'a.door': 'open' } }, { where: { link: 'cut' }, rule: 'a/jam' }],
      where,
    })
    expect(names(path)).toEqual(['accept: "open"; #1', 'swing', 'cut the wire', 'jam', 'be killed'])
    // Each step leads from where the last one ended.
    const next = new Int32Array(graph.packed.words)
    let at = path.start
    for (const { row, state } of path.steps) {
      const ends: number[] = []
      graph.packed.step(graph.states, at * graph.packed.words, next, taken => {
        if (taken === row) ends.push(graph.find(next, 0))
      })
      expect(ends).toContain(state)
      at = state
    }
  })

  test('takes no leg where it is there already', () => {
    const place = { where: { 'a.door': 'open' } }
    expect(witness(graph, { via: [place], ...place })).toEqual(witness(graph, place))
  })

  test('fails where it cannot go on from what it went through', () => {
    expect(() =>
      witness(graph, {
        via: [{ where: { 'b.process': 'gone' } }],
        where: { 'b.bell': 'ringing', 'b.process': 'alive' },
      }),
    ).toThrow('toy never comes on to a state where {"b.bell":"ringing","b.process":"alive"}')
  })

  test('tells a loop where it begins', () => {
    expect(tell(flat, stuck)[0]).toEqual({ kind: 'aside', sides: ['a', 'b'], text: 'from here on, again and again' })
  })
})

describe('ASCII', () => {
  const long = 'a very long text, as errors of QEMU are, that does not fit between any two lifelines of a terminal'
  const beats: Beat[] = [
    { kind: 'command', side: 'b', text: 'x-a-command-with-quite-a-name', rule: long },
    { kind: 'reply', side: 'a', text: long },
    { kind: 'event', side: 'b', text: long },
    { kind: 'message', from: 'b', to: 'a', text: 'short', lost: true },
    { kind: 'silent', side: 'a', steps: [{ actor: 'thread', text: long }] },
    { kind: 'fault', sides: ['a', 'b'], text: long },
    { kind: 'fault', sides: ['b'], text: long },
  ]

  test('keeps to 80 columns and to ASCII whatever is said', () => {
    const text = asciiSequence(flat, beats, { a: 'a side with a name', b: 'another side with a name' })
    expect(text).toMatch(/^[\n\x20-\x7e]+$/)
    expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThanOrEqual(80)
    expect(text).toMatchInlineSnapshot(`
      "operator                 a side with a name             another side with a name
          |                             |                                      |
          |--------------------------------- x-a-command-with-quite-a-name --->|
          |                             |      a very long text, as errors of  *
          |                             |         QEMU are, that does not fit  |
          |                             |      between any two lifelines of a  |
          |                             |                            terminal  |
          | a very long text, as errors |                                      |
          | of QEMU are, that does not  |                                      |
          |     fit between any two     |                                      |
          |   lifelines of a terminal   |                                      |
          |<----------------------------|                                      |
          |                             | a very long text, as errors of QEMU  |
          |                             |  are, that does not fit between any  |
          |                             |     two lifelines of a terminal      |
          |<===================================================================|
          |                             |                    x---- short ------|
          |                             *  thread: a very long text, as        |
          |                             |  errors of QEMU are, that does not   |
          |                             |  fit between any two lifelines of a  |
          |                             |  terminal                            |
          !!!!! a very long text, as errors of QEMU are, that does not fit !!!!!
          !!!!!!!!!!!!!! between any two lifelines of a terminal !!!!!!!!!!!!!!!
          |                             |      a very long text, as errors of  !
          |                             |         QEMU are, that does not fit  |
          |                             |      between any two lifelines of a  |
          |                             |                            terminal  |
          |                             |                                      |
      "
    `)
  })

  test('draws a system of one side', () => {
    const one = { ...flat, sides: ['a'] }
    expect(
      asciiSequence(one, [{ kind: 'command', side: 'a', text: 'stop', rule: 'stop the running guest' }]),
    ).toMatchInlineSnapshot(`
      "operator                          a
          |                             |
          |----------- stop ----------->|
          |                             *  stop the running guest
          |                             |
      "
    `)
  })
})
