/** The rules of a machine as a table, and what each command is answered at each value of a variable. */
import { type FlatRule, type Row, slug } from '../impl/flat.ts'
import { namesOf } from '../impl/move.ts'
import type { Match } from '../spec/lang.ts'
import { type Cell, printDoes, printMatch, printSays, printTrigger, printVersions, type Table } from './print.ts'
import { numberOf, type Seen } from './scan.ts'

const actorOf = ({ actor, side }: FlatRule): string => (side === '' ? actor : actor.slice(side.length + 2))

/** Every rule with all that it says, a row each. */
export function ruleTable(rules: readonly FlatRule[], title: string): Table {
  const rows = rules.map((flat): Cell[] => {
    const { rule } = flat
    const on = printTrigger(rule.on)
    return [
      { lines: [rule.name], anchor: slug(rule.name) },
      { lines: [actorOf(flat)] },
      on === '' ? { lines: [] } : { lines: [on], code: true },
      { lines: printDoes(rule), code: true },
      { lines: (rule.says ?? []).map(printSays), code: true },
      { lines: rule.cite.split(', '), code: true },
      { lines: [printVersions(rule)].filter(text => text !== '') },
    ]
  })
  const heads = [
    'rule',
    'who',
    'set off by',
    'what must be, and what becomes of it',
    'what is seen',
    'in QEMU',
    'versions',
  ]
  const before =
    'A condition stands for itself, `a -> b` for a move, `-> b` for a store, `a ~> b` for a compare-and-swap.'
  return { title, before: before.replaceAll('`', ''), heads, widths: [18, 10, 14, 22, 18, 14, 4], rows, after: [] }
}

const isObject = (match: Match): match is { readonly [member: string]: Match } =>
  match !== null && typeof match === 'object' && !Array.isArray(match)

/** The arguments that tell one row of a command from another; what only excludes another row's is left out. */
function printArguments(match: Match): string {
  if (!isObject(match)) return ''
  const parts = Object.entries(match).flatMap(([name, value]) => {
    const [key] = isObject(value) ? Object.keys(value) : []
    if (key === '$not' || key === '$like') return []
    return key === '$unlike' ? [`${name} that cannot be read`] : [`${name}: ${printMatch(value)}`]
  })
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}

/** More ways to call a command than this are one row of a table. */
const WAYS = 3

/** The text that each member of a row's arguments is, or, by the same name, is not. */
const textsOf = ({ cause }: Row): [string, string][] =>
  cause?.kind !== 'command' || !isObject(cause.arguments)
    ? []
    : Object.entries(cause.arguments).flatMap(([name, value]): [string, string][] => {
        const text = isObject(value) ? value.$not : value
        return typeof text === 'string' ? [[name, text]] : []
      })

/**
 * The rows of each command, by the arguments that tell them apart.  Of very
 * many, `isStatus` says whether a text is the status the row is taken at.
 */
function callsOf(rows: readonly Row[], isStatus: (row: Row, text: string) => boolean): [string, readonly Row[]][] {
  const calls = Map.groupBy(rows, ({ cause }) => (cause?.kind === 'command' ? cause.name : ''))
  return [...calls].flatMap(([name, group]): [string, readonly Row[]][] => {
    const printed = (row: Row): string => (row.cause?.kind === 'command' ? printArguments(row.cause.arguments) : '')
    const ways = Map.groupBy(group, printed)
    if (ways.size <= WAYS) return [...ways].map(([text, some]) => [`${name}${text}`, some])
    const every = group.every(row => textsOf(row).every(([, text]) => isStatus(row, text)))
    const shortened = (row: Row): string => {
      const not = printed(row) === '' ? 'not ' : ''
      const parts = textsOf(row).map(([member]) => `${member}: ${not}${every ? 'the status' : '…'}`)
      return parts.length === 0 ? name : `${name} (${parts.join(', ')})`
    }
    return [...Map.groupBy(group, shortened)]
  })
}

/**
 * What each command of a side is answered at each value of a variable, in all
 * reachable states: accepted, accepted and moving the variable, refused with
 * one of the numbered texts, or never answered there.
 */
export function commandTable(seen: Seen, side: string, variable: string, title: string): Table {
  const { flat } = seen
  const number = numberOf(flat, variable)
  const all = flat.variables[number]?.values ?? []
  const values = namesOf(seen.reached(number), all)
  const rows = flat.rows.filter(row => row.cause?.kind === 'command' && row.cause.side === side)
  const isStatus = (row: Row, text: string): boolean =>
    all.includes(text) && namesOf(seen.before(row.id, number), all).every(value => value === text)
  const commands = callsOf(rows, isStatus).sort(([a], [b]) => (a < b ? -1 : 1))
  const refusals: string[] = []
  const refusal = (text: string): number =>
    (refusals.includes(text) ? refusals.indexOf(text) : refusals.push(text) - 1) + 1

  // A text that names the status is one text for all of them.
  const general = (text: string, value: string): string =>
    text.endsWith(` ${value}`) ? `${text.slice(0, -value.length)}‹status›` : text

  const cell = (group: readonly Row[], value: string): Cell => {
    const here = group.filter(row => (seen.before(row.id, number) >>> all.indexOf(value)) & 1)
    const marks = here.map(row => {
      const failed = row.outputs.find(output => output.kind === 'fails')
      const to = all[row.cells.find(({ variable }) => variable === number)?.to ?? -1] ?? value
      const moves = to === value ? '' : ` → ${to}`
      return failed === undefined ? `yes${moves}` : `no ${refusal(general(failed.desc, value))}${moves}`
    })
    const distinct = [...new Set(marks)].sort((a, b) => (a < b ? 1 : -1))
    return { lines: distinct.length === 0 ? ['·'] : distinct }
  }
  const table = commands.map(([name, group]): Cell[] => [
    { lines: [name], code: true },
    ...values.map(value => cell(group, value)),
  ])
  return {
    title,
    before:
      'yes: accepted, with what becomes of the status; no: refused, with the text below; ·: never answered there.',
    heads: ['command', ...values],
    widths: [24, ...values.map(() => 10)],
    rows: table,
    after: refusals.map((text, i) => `no ${i + 1}: ${text}`),
  }
}
