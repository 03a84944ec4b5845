/** Parts of rules as words, and tables as Markdown and as rST. */
import type { Json, Match, Rule, Says, Trigger } from '../spec/lang.ts'
import { PRINTED } from './mermaid.ts'
import { rstHead } from './page.ts'

/** A value in a message, as short as it can be said. */
export function printMatch(match: Match): string {
  if (Array.isArray(match)) return `[${match.map(printMatch).join(', ')}]`
  if (match === null || typeof match !== 'object') return JSON.stringify(match)
  const members = Object.entries(match as { readonly [member: string]: Json })
  const [key = '', value = null] = members[0] ?? []
  if (members.length !== 1 || !key.startsWith('$')) {
    return `{${members.map(([name, inner]) => `${name}: ${printMatch(inner)}`).join(', ')}}`
  }
  switch (key) {
    case '$present':
      return 'any'
    case '$absent':
      return 'absent'
    case '$not':
      return `not ${printMatch(value)}`
    case '$like':
    case '$unlike': {
      const text = String(value)
      return `${key === '$like' ? 'like' : 'unlike'} /${text.length > 24 ? `${text.slice(0, 23)}…` : text}/`
    }
    case '$oneOf':
      return (Array.isArray(value) ? value : [value]).map(printMatch).join(' or ')
    default:
      return JSON.stringify(match)
  }
}

const printData = (data: Match): string => {
  const text = printMatch(data)
  return text === '{}' ? '' : ` ${text}`
}

/** What sets a rule off. */
export function printTrigger(on: Trigger | undefined): string {
  if (on === undefined) return ''
  if ('command' in on) {
    const options = on.options === undefined ? '' : ` {${on.options.list}: …}`
    return `${on.command}${on.arguments === undefined ? options : printData(on.arguments)}`
  }
  if ('receives' in on) return `← ${on.receives}`
  return 'fault' in on ? `fault: ${on.fault}` : 'the peer is gone'
}

const printCondition = (condition: Json | undefined): string =>
  Array.isArray(condition) ? condition.join(' or ') : String(condition)

/** What one output of a rule is. */
export function printSays(says: Says): string {
  if ('returns' in says) return `return${printData(says.returns)}`
  if ('fails' in says) return `${says.class}: ${says.fails}`
  if ('sends' in says) return `→ ${says.sends}`
  if ('exits' in says) return says.exits === null ? 'dies' : `exit ${says.exits}`
  const when = Object.entries(says.when ?? {}).map(([name, value]) => `${name} ${printCondition(value as Json)}`)
  return `⇒ ${says.event}${printData(says.data)}${when.length === 0 ? '' : ` if ${when.join(', ')}`}`
}

/** What a rule asks of each variable and does to it, a line each. */
export function printDoes({ where = {}, does, would = {} }: Rule): string[] {
  const print = (parts: object): string[] =>
    Object.entries(parts).map(([name, value]) => `${name}: ${printCondition(value as Json)}`)
  return [...print(where), ...print(does), ...print(would).map(line => `then ${line}`)]
}

/** The releases a rule is in; nothing when in all. */
export function printVersions({ since, until }: { readonly since?: string; readonly until?: string }): string {
  if (since === undefined) return until === undefined ? '' : `until ${until}`
  return until === undefined ? `since ${since}` : `${since} to ${until}`
}

/** A cell is lines of text; code is set off. */
export interface Cell {
  readonly lines: readonly string[]
  readonly code?: true
  /** What links in Markdown can lead to. */
  readonly anchor?: string
}

/** A table with a title, a few words before it and after it. */
export interface Table {
  readonly title: string
  readonly before: string
  readonly heads: readonly string[]
  readonly widths: readonly number[]
  readonly rows: readonly (readonly Cell[])[]
  readonly after: readonly string[]
}

/** Text that Markdown takes as text, in a table or out of it. */
const markdownText = (text: string): string => text.replaceAll(/[\\`*_<>[\]|]/g, '\\$&')

const markdownCell = ({ lines, code, anchor }: Cell): string =>
  (anchor === undefined ? '' : `<a id="${anchor}"></a>`) +
  lines.map(line => (code === true ? `\`${line.replaceAll('|', '\\|')}\`` : markdownText(line))).join('<br>')

/** Text that reStructuredText takes as text. */
const rstText = (text: string): string => text.replaceAll(/[\\`*_|]/g, '\\$&')

/** The rows of a table in Markdown, and what stands after it. */
function markdownRows({ heads, rows, after }: Table): string[] {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    row(heads),
    row(heads.map(() => '---')),
    ...rows.map(cells => row(cells.map(markdownCell))),
    ...(after.length === 0 ? [] : ['', ...after.map(line => `- ${markdownText(line)}`)]),
  ]
}

/** A table in Markdown. */
export const markdown = (table: Table): string => markdownPage(table.title, table.before, [{ ...table, title: '' }])

/** Several tables on one page; those with a title below a heading of their own. */
export function markdownPage(title: string, before: string, tables: readonly Table[]): string {
  return `${[
    `<!-- ${PRINTED} -->`,
    '',
    `# ${title}`,
    '',
    before,
    ...tables.flatMap(table => [
      '',
      ...(table.title === '' ? [] : [`## ${table.title}`, '', ...(table.before === '' ? [] : [table.before, ''])]),
      ...markdownRows(table),
    ]),
  ].join('\n')}\n`
}

const rstCell = ({ lines, code }: Cell): string[] => {
  // A single back-tick is a cross-reference in QEMU's documents, and code cannot begin or end with a blank.
  const texts = lines.map(line => (code === true ? `\`\`${line}\`\`` : rstText(line)))
  return texts.length < 2 ? texts : texts.map(text => `| ${text}`)
}

/** The rows of a table in reStructuredText, as a list-table, and what stands after it. */
function rstRows({ heads, widths, rows, after }: Table): string[] {
  const row = (cells: readonly (readonly string[])[]): string[] =>
    cells.flatMap((lines, i) =>
      (lines.length === 0 ? [''] : lines).map((line, j) =>
        `${j > 0 ? '       ' : i === 0 ? '   * - ' : '     - '}${line}`.trimEnd(),
      ),
    )
  return [
    '.. list-table::',
    '   :header-rows: 1',
    `   :widths: ${widths.join(' ')}`,
    '',
    ...row(heads.map(head => [head])),
    ...rows.flatMap(cells => row(cells.map(rstCell))),
    ...(after.length === 0 ? [] : ['', ...after.map(line => `- ${rstText(line)}`)]),
  ]
}

/** A table in reStructuredText. */
export const rst = (table: Table): string => rstPage(table.title, table.before, [{ ...table, title: '' }])

/** Several tables on one page in reStructuredText; those with a title below a heading of their own. */
export function rstPage(title: string, before: string, tables: readonly Table[]): string {
  return `${[
    ...rstHead(title),
    before,
    ...tables.flatMap(table => [
      '',
      ...(table.title === ''
        ? []
        : [table.title, '-'.repeat(table.title.length), '', ...(table.before === '' ? [] : [table.before, ''])]),
      ...rstRows(table),
    ]),
  ].join('\n')}\n`
}
