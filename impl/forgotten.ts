/**
 * What nobody will read any more: of a process that is gone, all but that.
 *
 * Where one variable is such that no row which tests another can be taken
 * before that other is written anew, that other may as well be at its first
 * value.  Two states that differ in nothing else do the same from there on.
 */
import { allOf, type Bare } from './bare.ts'
import type { Flat } from './flat.ts'
import type { Field } from './pack.ts'

/** For each variable and each value of it, the variables that are not read from there on. */
export type Forgotten = readonly (readonly ReadonlySet<number>[])[]

/** What is forgotten where; never a variable in `kept`. */
export function forgottenOf(flat: Flat, rows: readonly Bare[], kept: ReadonlySet<number>): Forgotten {
  const all = [...flat.variables.keys()]
  const wide = (all.length + 31) >>> 5
  const bitsOf = (variables: Iterable<number>): Int32Array => {
    const bits = new Int32Array(wide)
    for (const v of variables) bits[v >>> 5] = (bits[v >>> 5] ?? 0) | (1 << (v & 31))
    return bits
  }
  const masks = rows.map(row => ({ row, tests: bitsOf(row.tests.keys()), puts: bitsOf(row.puts.keys()) }))
  return flat.variables.map(({ values }, control) => {
    const free = bitsOf(all.filter(v => v !== control && !kept.has(v)))
    const found = values.map(() => free.slice())
    const asked = masks.map(mask => ({ ...mask, from: mask.row.tests.get(control) ?? allOf(flat, control) }))
    for (let shrunk = true; shrunk; ) {
      shrunk = false
      for (const { row, tests, puts, from } of asked) {
        for (let x = 0; x < values.length; x++) {
          if (((from >>> x) & 1) === 0) continue
          const here = found[x] as Int32Array
          const there = found[row.puts.get(control) ?? x] as Int32Array
          for (let i = 0; i < wide; i++) {
            const before = here[i] as number
            const after = before & ~(tests[i] as number) & ((puts[i] as number) | (there[i] as number))
            if (after === before) continue
            here[i] = after
            shrunk = true
          }
        }
      }
    }
    return found.map(bits => new Set(all.filter(v => (((bits[v >>> 5] as number) >>> (v & 31)) & 1) !== 0)))
  })
}

/**
 * Compiles what is forgotten to a function that has a state forget it, in
 * place, with the variables that do not matter.  One after another, and each
 * looks at what is left: two variables that each excuse the other would not both do.
 */
export function forgetter(
  flat: Flat,
  fields: readonly Field[],
  words: number,
  matter: ReadonlySet<number>,
  forgotten: Forgotten,
): (state: Int32Array) => void {
  const maskOf = (variables: Iterable<number>): number[] => {
    const masks = Array.from({ length: words }, () => -1)
    for (const v of variables) {
      const { word, shift, mask } = fields[v] as Field
      masks[word] = (masks[word] ?? -1) & ~(mask << shift)
    }
    return masks
  }
  const code = [maskOf([...flat.variables.keys()].filter(v => !matter.has(v)))].map(masks =>
    masks.flatMap((mask, i) => (mask === -1 ? [] : [`state[${i}] &= ${mask};`])).join(' '),
  )
  const tables: Int32Array[] = []
  for (const [control, sets] of forgotten.entries()) {
    const masks = sets.map(set => maskOf([...set].filter(v => matter.has(v))))
    const touched = Array.from({ length: words }, (_, i) => i).filter(i => masks.some(mask => mask[i] !== -1))
    if (touched.length === 0 || !matter.has(control)) continue
    const { word, shift, mask } = fields[control] as Field
    const table = tables.push(Int32Array.from(masks.flat())) - 1
    const lines = touched.map(i => `state[${i}] &= t${table}[x + ${i}];`).join(' ')
    code.push(`x = ((state[${word}] >>> ${shift}) & ${mask}) * ${words}; ${lines}`)
  }
  const names = tables.map((_, i) => `t${i}`)
  const body = `return state => { let x = 0; ${code.join('\n')} };`
  return new Function(...names, body)(...tables) as (state: Int32Array) => void
}
