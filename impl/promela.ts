/**
 * Rows to Promela, so that Spin can look for itself.
 *
 * One process with one control location: a `do` loop of `d_step` rules.  So
 * written, `pan` (`spin -o1 -o2 -a`, for Spin otherwise leaves out what is never
 * read; compiled with -DSAFETY -DNOREDUCE; run with -E) stores exactly our
 * states and takes exactly our steps, and one more for the start.
 */
import type { Cell, Flat } from './flat.ts'
import { everything, namesOf } from './move.ts'

const identifier = (name: string): string => name.replaceAll(/[^A-Za-z0-9]/g, '_')

/** A start as values by variable, from those that the system allows; `which` counts them in the order of the explorer. */
export function startOf(flat: Flat, which = 0): readonly number[] {
  let rest = which
  // The last variable turns fastest, as in `pack`.
  const values = [...flat.variables].reverse().map(({ start, values: names }) => {
    const allowed = names.flatMap((_, value) => ((start >>> value) & 1 ? [value] : []))
    const value = allowed[rest % allowed.length] ?? 0
    rest = Math.floor(rest / allowed.length)
    return value
  })
  return values.reverse()
}

/** In how many states a system may start. */
export const startCount = (flat: Flat): number =>
  flat.variables.reduce((count, { start, values }) => count * namesOf(start, values).length, 1)

function guard(flat: Flat, { variable, from }: Cell): string[] {
  const { name, values } = flat.variables[variable] ?? { name: '', values: [] }
  if (from === everything(values)) return []
  if ((from & (from - 1)) === 0) return [`${identifier(name)} == ${31 - Math.clz32(from)}`]
  return [`((${from} >> ${identifier(name)}) & 1)`]
}

/**
 * A system from one of its starts as a Promela model.  Each rule's step keeps
 * its name in a comment; a variable's values are numbers in the order listed.
 * Where any of the patterns holds that must `never` be, an assertion fails.
 */
export function promela(flat: Flat, which = 0, never: readonly (readonly Cell[])[] = []): string {
  const start = startOf(flat, which)
  const declarations = flat.variables.map(
    ({ name, values }, i) =>
      `byte ${identifier(name)} = ${start[i]}; /* ${values.map((value, n) => `${n} ${value}`).join(', ')} */`,
  )
  const options = flat.rows.map(row => {
    const tests = row.cells.flatMap(cell => guard(flat, cell))
    const moves = row.cells.flatMap(({ variable, to }) =>
      to < 0 ? [] : [`${identifier(flat.variables[variable]?.name ?? '')} = ${to}`],
    )
    return `  :: d_step { (${tests.join(' && ') || 'true'}) -> ${moves.join('; ') || 'skip'} } /* ${row.rule.id} */`
  })
  return [
    `/* ${flat.name}, version ${flat.version}, start ${which + 1} of ${startCount(flat)} */`,
    ...declarations,
    '',
    'active proctype rules() {',
    '  do',
    ...options,
    ...never.map(cells => {
      const tests = cells.flatMap(cell => guard(flat, cell))
      return `  :: d_step { (${tests.join(' && ') || 'true'}) -> assert(false) }`
    }),
    '  od',
    '}',
    '',
  ].join('\n')
}
