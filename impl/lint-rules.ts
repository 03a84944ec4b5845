/** What can be said of one rule, or one query, by itself. */
import type { Json, Match, Query, Rule, Variables } from '../spec/lang.ts'
import { compareVersions, slug } from './flat.ts'
import { example, matches } from './match.ts'
import { readCondition } from './move.ts'

/** A rule with the names that it is called by. */
export interface Placed {
  readonly id: string
  readonly rule: Rule
  readonly whole: boolean
}

const CITE = /^[\w./-]+\.[a-z]+(\.[a-z]+)?:[A-Za-z_]\w*$/
/** The world is described by manual pages, `tcp(7)`. */
const PAGE = /^[a-z][\w.-]*\(\d\)$/

const isArrow = (move: Json | undefined): boolean => typeof move === 'string' && /(^| )[-~]> /.test(move)

/** What is wrong with where a rule or query says that it was found. */
function citeProblems(cite: string, world: boolean): string[] {
  return cite
    .split(', ')
    .filter(part => !CITE.test(part) && !(world && PAGE.test(part)))
    .map(part => `cites "${part}", which is not file:function`)
}

function boundProblems({ since, until }: { readonly since?: string; readonly until?: string }): string[] {
  const odd = [since, until].filter(version => version !== undefined && !/^\d+\.\d+$/.test(version))
  if (odd.length > 0) return [`has "${odd[0]}" for a version`]
  const never = since !== undefined && until !== undefined && compareVersions(since, until) > 0
  return never ? [`is since ${since}, but only until ${until}`] : []
}

function answerProblems({ on, does, says = [], despite }: Rule): string[] {
  const answers = says.filter(s => 'returns' in s || 'fails' in s).length
  if (on === undefined || !('command' in on)) return answers > 0 ? ['answers, but no command sets it off'] : []
  // A process that ends may take its answer with it.
  const least = says.some(s => 'exits' in s) ? 0 : 1
  const wrong =
    answers < least ? ['never answers its command'] : answers > 1 ? [`answers its command ${answers} times`] : []
  // A refusal moves nothing, unless the rule says what the program leaves behind.
  if (!says.some(s => 'fails' in s) || despite !== undefined) return wrong
  const moved = Object.entries(does).flatMap(([name, move]) =>
    isArrow(move as Json) ? [`fails, and yet moves ${name}`] : [],
  )
  const sent = says.flatMap(s => ('sends' in s ? [`fails, and yet sends ${s.sends}`] : []))
  return [...wrong, ...moved, ...sent]
}

const exampleProblems = (match: Match): string[] =>
  matches(match, example(match)) ? [] : [`says ${JSON.stringify(match)}, of which there is no example`]

/** What is wrong with one rule, whatever else there is. */
export function ruleProblems({ rule, whole }: Placed): string[] {
  const { on, says = [], would = {} } = rule
  const set = on !== undefined && 'options' in on ? (on.options?.names ?? []) : []
  const beyond = Object.keys(would).filter(name => !set.includes(name))
  const shown = says.flatMap(s => ('returns' in s ? [s.returns] : 'event' in s ? [s.data] : []))
  const wired =
    whole &&
    (says.some(s => 'sends' in s || 'exits' in s) || (on !== undefined && ('receives' in on || 'hangup' in on)))
  return [
    ...(slug(rule.name) === '' ? ['has no name'] : []),
    ...citeProblems(rule.cite, whole || (on !== undefined && 'fault' in on)),
    ...boundProblems(rule),
    ...answerProblems(rule),
    ...beyond.map(name => `would have ${name} in a way that its command does not set`),
    ...shown.flatMap(exampleProblems),
    ...(wired ? ['is of no side: it has no wire and no process of its own'] : []),
  ]
}

/** The rows of a table that can never be reached, and whether some state gets no answer from it. */
function tableProblems(table: Query['tables'][number], variables: Variables): string[] {
  const names = [...new Set(table.flatMap(([pattern]) => Object.keys(pattern)))]
  const values = names.map(name => variables[name] ?? [])
  const total = values.reduce((product, { length }) => product * length, 1)
  const wanted = table.map(([pattern]) =>
    names.map((name, i) => readCondition(pattern[name] as Json | undefined, values[i] ?? [])),
  )
  const used = new Set<number>()
  for (let n = 0; n < total; n++) {
    let rest = n
    const at = values.map(({ length }) => {
      const value = rest % length
      rest = (rest - value) / length
      return value
    })
    const row = wanted.findIndex(bits => bits.every((allowed, i) => (allowed >>> (at[i] ?? 0)) & 1))
    if (row < 0) {
      return [
        `has no answer where ${names.map((name, i) => `${name} is ${values[i]?.[at[i] ?? 0]}`).join(' and ')}; end it in {}`,
      ]
    }
    used.add(row)
  }
  return table.flatMap((_, row) => (used.has(row) ? [] : [`has a row that is never reached, number ${row + 1}`]))
}

/** What is wrong with one query, whatever else there is. */
export function queryProblems(query: Query, variables: Variables): string[] {
  return [
    ...citeProblems(query.cite, false),
    ...boundProblems(query),
    ...query.tables.flatMap(table => tableProblems(table, variables)),
    ...query.tables.flatMap(table => table.flatMap(([, match]) => exampleProblems(match))),
  ]
}
