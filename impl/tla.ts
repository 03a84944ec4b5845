/**
 * Rows to TLA+, so that TLC can look for itself, on one machine or on several.
 *
 * A module with one variable for each of ours, whose values are strings, and
 * one action for each rule; `Init` and `Next` make the behaviours.  TLC finds
 * the same distinct states and the same depth (it counts the first level as
 * one).  The configuration that goes with it names `Spec`.
 */
import type { Cell, Flat, Row } from './flat.ts'
import { everything, namesOf } from './move.ts'

/** A name that TLA+ takes: it begins with a letter, and no two of ours become one. */
const identifiers = (names: readonly string[]): string[] => {
  const used = new Set<string>()
  return names.map(name => {
    const base = `v_${name.replaceAll(/[^A-Za-z0-9]/g, '_')}`
    let chosen = base
    for (let n = 2; used.has(chosen); n++) chosen = `${base}_${n}`
    used.add(chosen)
    return chosen
  })
}

/** The name of a system's module, which is also that of its file. */
export const tlaName = (system: string): string =>
  `L${system.replaceAll(/[^A-Za-z0-9]+(.?)/g, (_, next: string) => next.toUpperCase())}`

const set = (names: readonly string[]): string => `{${names.map(name => JSON.stringify(name)).join(', ')}}`

/** A condition on one variable. */
function guard(name: string, { from }: Cell, values: readonly string[]): string[] {
  if (from === everything(values)) return []
  const [only, ...more] = namesOf(from, values)
  if (only === undefined) return ['FALSE']
  return [more.length === 0 ? `${name} = ${JSON.stringify(only)}` : `${name} \\in ${set([only, ...more])}`]
}

/** One row as a conjunction of what must be and what becomes. */
function action(flat: Flat, names: readonly string[], row: Row): string {
  const guards = row.cells.flatMap(cell =>
    guard(names[cell.variable] ?? '', cell, flat.variables[cell.variable]?.values ?? []),
  )
  const moved = new Map(row.cells.flatMap(({ variable, to }) => (to < 0 ? [] : [[variable, to] as const])))
  const moves = [...moved].map(
    ([variable, to]) => `${names[variable]}' = ${JSON.stringify(flat.variables[variable]?.values[to] ?? '')}`,
  )
  const still = names.filter((_, variable) => !moved.has(variable))
  const rest = still.length === 0 ? [] : [`UNCHANGED <<${still.join(', ')}>>`]
  return [...guards, ...moves, ...rest].join(' /\\ ')
}

/** A system as a module of TLA+.  Of each list of patterns that must `never` be, one invariant is made: `Never1` and so on. */
export function tla(flat: Flat, never: readonly (readonly (readonly Cell[])[])[] = []): string {
  const names = identifiers(flat.variables.map(({ name }) => name))
  const module = tlaName(flat.name)
  const byRule = Map.groupBy(flat.rows, row => row.rule.id)
  const rules = [...byRule].map(([id, rows], i) => {
    const choices = rows.map(row => `  \\/ ${action(flat, names, row)}`).join('\n')
    return { name: `R${i + 1}`, text: `\\* ${id}\nR${i + 1} ==\n${choices}` }
  })
  const claims = never.map((patterns, i) => {
    const choices = patterns.map(cells => {
      const parts = cells.flatMap(cell =>
        guard(names[cell.variable] ?? '', cell, flat.variables[cell.variable]?.values ?? []),
      )
      return `(${parts.join(' /\\ ') || 'TRUE'})`
    })
    return `Never${i + 1} == ~(${choices.join(' \\/ ') || 'FALSE'})\n`
  })
  const title = `---- MODULE ${module} ----`
  return [
    title,
    `\\* ${flat.name}, version ${flat.version}; printed by lockstep export --to tla.`,
    `\\* Put into ${module}.cfg: SPECIFICATION Spec, and CHECK_DEADLOCK FALSE.`,
    `VARIABLES ${names.join(', ')}`,
    '',
    `vars == <<${names.join(', ')}>>`,
    '',
    'TypeOK ==',
    ...flat.variables.map(({ values }, i) => `  /\\ ${names[i]} \\in ${set(values)}`),
    '',
    'Init ==',
    ...flat.variables.map(({ start, values }, i) => `  /\\ ${names[i]} \\in ${set(namesOf(start, values))}`),
    '',
    ...rules.flatMap(({ text }) => [text, '']),
    'Next ==',
    ...(rules.length === 0 ? ['  FALSE'] : rules.map(({ name }) => `  \\/ ${name}`)),
    '',
    'Spec == Init /\\ [][Next]_vars',
    '',
    ...claims,
    '='.repeat(title.length),
    '',
  ].join('\n')
}

/** The configuration that has TLC explore all of it, and look for a state in which an invariant does not hold. */
export const tlaConfig = (invariant = 'TypeOK'): string =>
  `SPECIFICATION Spec\nINVARIANT ${invariant}\nCHECK_DEADLOCK FALSE\n`
