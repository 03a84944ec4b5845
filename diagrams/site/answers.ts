/** What each command is answered at each status, in every release. */
import type { AnsweredAt } from '../../impl/arrows.ts'
import { printMatch } from '../print.ts'
import { type AllRows, rowsOfAll } from '../rows.ts'
import { maskOf, releaseNames } from './releases.ts'
import type { Rulebook } from './rulebook.ts'
import type { AnswerInfo } from './types.ts'

/** A text that ends with the status is one text for all. */
const general = ({ text, state }: AnsweredAt): string =>
  text === null ? '' : text.endsWith(` ${state}`) ? `${text.slice(0, -state.length)}‹status›` : text

/** Arguments in few words: the rules have them whole. */
function shortly(texts: readonly string[]): string[] {
  const all = [...new Set(texts)].filter(text => text !== '')
  const few = all.slice(0, 2).map(text => (text.length > 70 ? `${text.slice(0, 69)}…` : text))
  return all.length > few.length ? [...few, `${all.length - few.length} more`] : few
}

/** The rows, those alike in all but the status together. */
export function answerInfos(book: Rulebook, rows: AllRows = rowsOfAll(releaseNames)): AnswerInfo[] {
  const rules = new Map(rows.releases.flatMap(release => [...release.rules]))
  const flat = rows.commands.map(row => ({
    ...{ command: row.command, machine: row.machine, side: row.side, outcome: row.outcome },
    text: `${row.class === null || row.class === 'GenericError' ? '' : `${row.class}: `}${general(row)}`,
    arguments: shortly(row.arguments.map(one => (one === null ? '' : printMatch(one)))),
    rules: row.rules.flatMap(id => {
      const rule = rules.get(id)
      return rule === undefined ? [] : [book.numberOf(rule)]
    }),
    mask: maskOf(row.versions),
    state: row.state,
  }))
  return [...Map.groupBy(flat, ({ state: _, ...row }) => JSON.stringify(row)).values()].flatMap(group => {
    const [first] = group
    if (first === undefined) return []
    const { state: _, ...row } = first
    return [{ ...row, states: [...new Set(group.map(({ state }) => state))] }]
  })
}
