import { describe, expect, test } from 'vitest'
import { explore } from '../impl/explore.ts'
import { flatten } from '../impl/flatten.ts'
import { pack } from '../impl/pack.ts'
import { command, fails, machine, not, returns, type System, system } from '../spec/lang.ts'
import { markdown, printMatch, rst } from './print.ts'
import { scan } from './scan.ts'
import { commandTable, ruleTable } from './table.ts'
import { flat, graph } from './toy.ts'

const rules = flat.rules.filter(({ machine }) => machine === 'door')

describe('tables of the toy', () => {
  test('rules in Markdown', () => {
    expect(markdown(ruleTable(rules, 'The rules of door'))).toMatchInlineSnapshot(`
      "<!-- Printed by \`npm run draw\`; edit the rules in spec/ or diagrams/plan.ts instead. -->

      # The rules of door

      A condition stands for itself, a -> b for a move, -> b for a store, a ~> b for a compare-and-swap.

      | rule | who | set off by | what must be, and what becomes of it | what is seen | in QEMU | versions |
      | --- | --- | --- | --- | --- | --- | --- |
      | <a id="accept-open-1"></a>accept: "open"; #1 | monitor | \`door_open {key: not unlike /^[a-z]+\\|x$/}\` | \`door: shut -> opening\` | \`⇒ DOOR {status: "opening"}\`<br>\`return\` | \`door.c:qmp_open\`<br>\`door.c:door_open\` |  |
      | <a id="refuse-a-key"></a>refuse a key | monitor | \`door_open {key: unlike /^[a-z]+\\|x$/}\` |  | \`GenericError: No such key \\| in *opening*\` | \`door.c:qmp_open\` |  |
      | <a id="give-up"></a>give up | monitor | \`cancel\` | \`door: opening or open\` | \`return {given: like /^up$/}\` | \`door.c:qmp_cancel\` | since 1.1 |
      | <a id="shut-the-open-door"></a>shut the open door | monitor | \`shut\` | \`door: opening or open or stuck\`<br>\`door: -> shut\` | \`⇒ DOOR {status: "shut"}\`<br>\`return\` | \`door.c:qmp_shut\` |  |
      | <a id="swing"></a>swing | hinge |  | \`door: opening -> open\`<br>\`saying: -> open\` | \`→ ring\` | \`door.c:swing\` |  |
      | <a id="announce-open"></a>announce open | hinge |  | \`saying: open -> nothing\` | \`⇒ DOOR {status: "open"}\` | \`door.c:say\` |  |
      | <a id="jam"></a>jam | hinge |  | \`door: open -> stuck\` |  | \`door.c:jam\` |  |
      | <a id="be-found-missing"></a>be found missing | hinge |  | \`door: stuck -> end\` | \`⇒ GONE\`<br>\`exit 3\` | \`door.c:exit\` |  |
      | <a id="be-closed-for-ever"></a>be closed for ever | hinge |  | \`door: stuck -> welded\` |  | \`door.c:weld\` | until 1.9 |
      "
    `)
  })

  test('rules in rST', () => {
    expect(rst(ruleTable(rules.slice(0, 2), 'The rules of door'))).toMatchInlineSnapshot(`
      ".. Printed by \`\`npm run draw\`\`; edit the rules in spec/ or diagrams/plan.ts instead.

      The rules of door
      =================

      A condition stands for itself, a -> b for a move, -> b for a store, a ~> b for a compare-and-swap.

      .. list-table::
         :header-rows: 1
         :widths: 18 10 14 22 18 14 4

         * - rule
           - who
           - set off by
           - what must be, and what becomes of it
           - what is seen
           - in QEMU
           - versions
         * - accept: "open"; #1
           - monitor
           - \`\`door_open {key: not unlike /^[a-z]+|x$/}\`\`
           - \`\`door: shut -> opening\`\`
           - | \`\`⇒ DOOR {status: "opening"}\`\`
             | \`\`return\`\`
           - | \`\`door.c:qmp_open\`\`
             | \`\`door.c:door_open\`\`
           -
         * - refuse a key
           - monitor
           - \`\`door_open {key: unlike /^[a-z]+|x$/}\`\`
           -
           - \`\`GenericError: No such key | in *opening*\`\`
           - \`\`door.c:qmp_open\`\`
           -
      "
    `)
  })

  test('commands by status', () => {
    const table = commandTable(scan(graph, ['a.door']), 'a', 'a.door', 'Commands to the door')
    expect(markdown(table)).toMatchInlineSnapshot(`
      "<!-- Printed by \`npm run draw\`; edit the rules in spec/ or diagrams/plan.ts instead. -->

      # Commands to the door

      yes: accepted, with what becomes of the status; no: refused, with the text below; ·: never answered there.

      | command | shut | opening | open | stuck | end | welded |
      | --- | --- | --- | --- | --- | --- | --- |
      | \`cancel\` | · | yes | yes | · | · | · |
      | \`door_open\` | yes → opening | · | · | · | · | · |
      | \`door_open (key that cannot be read)\` | no 1 | no 1 | no 1 | no 1 | · | no 1 |
      | \`shut\` | · | yes → shut | yes → shut | yes → shut | · | · |

      - no 1: No such key \\| in \\*opening\\*
      "
    `)
    expect(rst(table).split('\n').slice(0, 24).join('\n')).toMatchInlineSnapshot(`
      ".. Printed by \`\`npm run draw\`\`; edit the rules in spec/ or diagrams/plan.ts instead.

      Commands to the door
      ====================

      yes: accepted, with what becomes of the status; no: refused, with the text below; ·: never answered there.

      .. list-table::
         :header-rows: 1
         :widths: 24 10 10 10 10 10 10

         * - command
           - shut
           - opening
           - open
           - stuck
           - end
           - welded
         * - \`\`cancel\`\`
           - ·
           - yes
           - yes
           - ·
           - ·"
    `)
  })
})

test('a command with rules for each status is two rows', () => {
  const values = ['a', 'b', 'c', 'd']
  const each = machine(
    'each',
    { at: values },
    {
      monitor: values.flatMap(at => [
        { name: `go on in ${at}`, cite: 'x.c:go', on: command('go', { state: at }), does: { at }, says: [returns()] },
        {
          name: `refuse in ${at}`,
          cite: 'x.c:go',
          on: command('go', { state: not(at) }),
          does: { at },
          says: [fails(`It is ${at}`)],
        },
      ]),
      world: [{ name: 'turn', cite: 'x.c:turn', does: { at: '-> b' } }],
    },
  )
  const of = explore(pack(flatten(system('each', { about: '', sides: { q: [each] } }) as System, '1.0')))
  expect(commandTable(scan(of, ['q.at']), 'q', 'q.at', '').rows.map(row => row.map(cell => cell.lines.join()))).toEqual(
    [
      ['go (state: not the status)', 'no 1', 'no 1'],
      ['go (state: the status)', 'yes', 'yes'],
    ],
  )
})

test('every word of a match is printed', () => {
  const matches = [
    { $present: 1 },
    { $absent: true },
    { $not: 'a' },
    { $like: '^a$' },
    { $unlike: '^a very long regular expression' },
    { $oneOf: ['a', 1] },
    [{ type: 'migration' }],
    null,
  ]
  expect(matches.map(printMatch)).toEqual([
    'any',
    'absent',
    'not "a"',
    'like /^a$/',
    'unlike /^a very long regular ex…/',
    '"a" or 1',
    '[{type: "migration"}]',
    'null',
  ])
})
