/** A system as a Murphi model, so that rumur can explore the very same one. */
import type { Cell, Flat } from '../impl/flat.ts'
import { everything, namesOf } from '../impl/move.ts'

const identifier = (name: string): string => `v_${name.replaceAll(/[^A-Za-z0-9]/g, '_')}`

/** Every start, every row as a rule; a variable's values are numbers in the order listed. */
export function murphi({ name, version, variables, rows }: Flat): string {
  const called = (variable: number): string => identifier(variables[variable]?.name ?? '')
  const test = ({ variable, from }: Cell): string[] => {
    const values = variables[variable]?.values ?? []
    if (from === everything(values)) return []
    const some = values.flatMap((_, value) => ((from >>> value) & 1 ? [`${called(variable)} = ${value}`] : []))
    return [`(${some.join(' | ')})`]
  }
  let starts: string[][] = [[]]
  variables.forEach(({ start, values }, variable) => {
    const allowed = namesOf(start, values).map(value => values.indexOf(value))
    starts = starts.flatMap(some => allowed.map(value => [...some, `${called(variable)} := ${value};`]))
  })
  return [
    `-- ${name}, version ${version}`,
    'var',
    ...variables.map(({ values }, variable) => `  ${called(variable)}: 0..${values.length - 1};`),
    ...starts.map((some, i) => `startstate "start ${i}" ${some.join(' ')} end;`),
    ...rows.map(({ id, rule, cells }) => {
      const moves = cells.flatMap(({ variable, to }) => (to < 0 ? [] : [`${called(variable)} := ${to};`]))
      return `rule "${id} ${rule.id}" ${cells.flatMap(test).join(' & ') || 'true'} ==> ${moves.join(' ')} end;`
    }),
    '',
  ].join('\n')
}
