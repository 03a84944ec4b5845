/**
 * Looks for identical parts: variables, or values, that could change places
 * without changing what the rules do.
 *
 * All variables, values and rows begin with one colour.  What stands in rows
 * of other colours, or stands in them otherwise, gets a colour of its own,
 * until no more colours come of it.  Whatever swaps parts and leaves the rules
 * as they are keeps every colour: so parts of different colours are not
 * identical, whatever they are called.  Those of one colour may be.
 *
 * Only rows that can be taken count, and values that can be there.
 */
import type { Flat } from './flat.ts'
import { pairsOf } from './pairs.ts'

/** Names of variables, and of values as `variable=value`, that have one colour; those that are told apart are left out. */
export interface Alike {
  readonly variables: readonly (readonly string[])[]
  readonly values: readonly (readonly string[])[]
}

/** A row as the values that it wants and makes, by the numbers of variables and values that count. */
type Told = readonly { readonly variable: number; readonly wants: readonly number[]; readonly puts: number }[]

/** What counts of a system: variables with more than one value, and rows that do something, each once. */
function whatCounts(flat: Flat): { owner: number[]; names: string[]; starts: boolean[]; rows: Told[] } {
  const pairs = pairsOf(flat)
  const owner: number[] = []
  const names: string[] = []
  const starts: boolean[] = []
  const numbers = flat.variables.map(({ name, values, start }, v) => {
    const there = [...values.keys()].filter(value => pairs.beside(v, v, 1 << value) !== 0)
    if (there.length < 2) return new Map<number, number>()
    return new Map(
      there.map(value => {
        names.push(`${name}=${values[value]}`)
        starts.push(((start >>> value) & 1) === 1)
        return [value, owner.push(v) - 1]
      }),
    )
  })
  const rows = new Map<string, Told>()
  for (const { cells } of pairs.rows) {
    const told = cells.flatMap(({ variable, from, to }) => {
      const of = numbers[variable] ?? new Map()
      const wants = [...of].flatMap(([value, number]) => ((from >>> value) & 1 ? [number] : []))
      const puts = of.get(to) ?? -1
      const idle = puts < 0 ? wants.length === of.size : wants.length === 1 && wants[0] === puts
      return of.size === 0 || (idle && puts < 0) ? [] : [{ variable, wants, puts: idle ? -1 : puts }]
    })
    told.sort((a, b) => a.variable - b.variable)
    if (told.some(({ puts }) => puts >= 0)) rows.set(JSON.stringify(told), told)
  }
  return { owner, names, starts, rows: [...rows.values()] }
}

/** Colours as numbers, the same for the same texts. */
function coloured(texts: readonly string[]): number[] {
  const numbers = new Map([...new Set(texts)].sort().map((text, i) => [text, i]))
  return texts.map(text => numbers.get(text) ?? 0)
}

/** What has one colour in the end. */
export function alikeOf(flat: Flat): Alike {
  const { owner, names, starts, rows } = whatCounts(flat)
  let variables = flat.variables.map(() => 0)
  let values = coloured(starts.map(String))
  let taken = rows.map(() => 0)
  const many = (): number => new Set(variables).size + new Set(values).size + new Set(taken).size
  for (let before = -1; before !== many(); ) {
    before = many()
    const stands: string[][] = values.map(() => [])
    const nextTaken = rows.map((row, i) => {
      const cells = row.map(({ variable, wants, puts }) => {
        for (const value of wants) stands[value]?.push(`${taken[i]}${value === puts ? '=' : '?'}`)
        if (puts >= 0 && !wants.includes(puts)) stands[puts]?.push(`${taken[i]}!`)
        const wanted = wants.map(value => values[value] ?? 0).sort((a, b) => a - b)
        return `${variables[variable]}: ${wanted} > ${puts < 0 ? '' : values[puts]}`
      })
      return `${taken[i]}; ${cells.sort().join('; ')}`
    })
    const nextValues = values.map((colour, i) => `${colour} ${variables[owner[i] ?? 0]} ${stands[i]?.sort()}`)
    const own: number[][] = variables.map(() => [])
    for (const [i, v] of owner.entries()) own[v]?.push(values[i] ?? 0)
    const nextVariables = variables.map((colour, i) => `${colour} ${own[i]?.sort((a, b) => a - b)}`)
    variables = coloured(nextVariables)
    values = coloured(nextValues)
    taken = coloured(nextTaken)
  }
  const counted = [...new Set(owner)]
  const together = (colours: readonly number[], of: readonly string[]): string[][] =>
    [...Map.groupBy(of.keys(), i => colours[i]).values()]
      .filter(one => one.length > 1)
      .map(one => one.map(i => of[i] ?? ''))
  return {
    variables: together(
      counted.map(v => variables[v] ?? 0),
      counted.map(v => flat.variables[v]?.name ?? ''),
    ),
    values: together(values, names),
  }
}
