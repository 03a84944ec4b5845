/**
 * Rows to bit tests and masks over packed states.
 *
 * A state is a few 32-bit words; each variable is a field of bits in one of
 * them.  A few rows become one generated function of straight-line code; of
 * many it is remembered which of them fit.  `interpret` is the slow twin that
 * tests hold both against.
 */
import type { Pattern } from '../spec/lang.ts'
import { type Enabled, effectsOf, enabledOf } from './engine-rows.ts'
import type { Cell, Flat } from './flat.ts'
import { readCondition, SpecError } from './move.ts'

/** Where a variable is kept: its word, its lowest bit there, and as many ones as its field is wide. */
export interface Field {
  readonly word: number
  readonly shift: number
  readonly mask: number
}

/** Called once for each step out of a state with the row's number; the new state is in `next`. */
export type Emit = (row: number) => void

/** Writes each successor of the state at `states[at..]` to `next` and calls `emit`. */
export type Step = (states: Int32Array, at: number, next: Int32Array, emit: Emit) => void

/** A flattened system with its layout and its step function. */
export interface Packed {
  readonly flat: Flat
  readonly fields: readonly Field[]
  /** 32-bit words a state. */
  readonly words: number
  /** Bits of a state that are used. */
  readonly bits: number
  /** The states it may start in, one after another. */
  readonly starts: Int32Array
  readonly step: Step
  /** Who explores it when nothing else is said. */
  readonly engine: 'auto' | 'interpret'
}

/** The rows of a system by what fits where. */
export interface Remembered extends Enabled {
  /** See `effectsOf`. */
  readonly effects: Int32Array
}

const width = (values: number): number => Math.max(1, Math.ceil(Math.log2(values)))

/** Places each variable, in order, in the first word that has room. */
export function layout(flat: Flat): { fields: Field[]; words: number; bits: number } {
  const used: number[] = []
  let bits = 0
  const fields = flat.variables.map(({ values }) => {
    const wide = width(values.length)
    let word = used.findIndex(taken => taken + wide <= 32)
    if (word < 0) word = used.push(0) - 1
    const shift = used[word] ?? 0
    used[word] = shift + wide
    bits += wide
    return { word, shift, mask: 2 ** wide - 1 }
  })
  return { fields, words: Math.max(1, used.length), bits }
}

const field = (fields: readonly Field[], variable: number): Field => {
  const found = fields[variable]
  if (found === undefined) throw new SpecError(`there is no variable number ${variable}`)
  return found
}

/** The number of the value that a variable has in a packed state. */
export const read = (states: Int32Array, at: number, { word, shift, mask }: Field): number =>
  ((states[at + word] ?? 0) >>> shift) & mask

/** A packed state as an object of names and values, as people read it. */
export function decode(packed: Packed, states: Int32Array, at = 0): Record<string, string> {
  return Object.fromEntries(
    packed.flat.variables.map(({ name, values }, i) => [
      name,
      values[read(states, at, field(packed.fields, i))] ?? '?',
    ]),
  )
}

/** An object of names and values as a packed state; variables not named are at their first value. */
export function encode(packed: Packed, state: { readonly [name: string]: string }): Int32Array {
  const out = new Int32Array(packed.words)
  packed.flat.variables.forEach(({ name, values }, i) => {
    const value = values.indexOf(state[name] ?? values[0] ?? '')
    if (value < 0) throw new SpecError(`variable "${name}" has no value "${state[name]}"`)
    const { word, shift } = field(packed.fields, i)
    out[word] = (out[word] ?? 0) | (value << shift)
  })
  return out
}

/** Cells as code: equalities of one word are one comparison, sets are a bit test each. */
function conditionCode(cells: readonly Cell[], flat: Flat, fields: readonly Field[]): string {
  // Cells of a pattern and of a table may name the same variable: both have to hold.
  const allowed = new Map<number, number>()
  for (const { variable, from } of cells) allowed.set(variable, (allowed.get(variable) ?? -1) & from)
  const equal = new Map<number, { mask: number; value: number }>()
  const others: string[] = []
  for (const [variable, from] of allowed) {
    const { word, shift, mask } = field(fields, variable)
    const count = flat.variables[variable]?.values.length ?? 0
    if (from === 0) return 'false'
    if (from === 2 ** count - 1) continue
    if ((from & (from - 1)) === 0) {
      const known = equal.get(word) ?? { mask: 0, value: 0 }
      equal.set(word, { mask: known.mask | (mask << shift), value: known.value | ((31 - Math.clz32(from)) << shift) })
    } else {
      others.push(`(${from} >>> ((w${word} >>> ${shift}) & ${mask})) & 1`)
    }
  }
  const tests = [...equal].map(([word, { mask, value }]) => `(w${word} & ${mask | 0}) === ${value | 0}`)
  return [...tests, ...others].join(' && ') || 'true'
}

function generate(flat: Flat, fields: readonly Field[], words: number): Step {
  const all = Array.from({ length: words }, (_, i) => i)
  const lines = flat.rows.map(row => {
    const clear = all.map(() => 0)
    const set = all.map(() => 0)
    for (const { variable, to } of row.cells) {
      if (to < 0) continue
      const { word, shift, mask } = field(fields, variable)
      clear[word] = (clear[word] ?? 0) | (mask << shift)
      set[word] = (set[word] ?? 0) | (to << shift)
    }
    const writes = all.map(i => {
      const value = clear[i] === 0 ? `w${i}` : `(w${i} & ${~(clear[i] ?? 0)}) | ${set[i]}`
      return `next[${i}] = ${value};`
    })
    return `if (${conditionCode(row.cells, flat, fields)}) { ${writes.join(' ')} emit(${row.id}); }`
  })
  const loads = all.map(i => `const w${i} = states[at + ${i}];`)
  return new Function('states', 'at', 'next', 'emit', [...loads, ...lines].join('\n')) as Step
}

/** The same, taking each row as it is written. */
export function interpret(flat: Flat, fields: readonly Field[], words: number): Step {
  return (states, at, next, emit) => {
    for (const row of flat.rows) {
      const fits = row.cells.every(cell => (cell.from >>> read(states, at, field(fields, cell.variable))) & 1)
      if (!fits) continue
      for (let i = 0; i < words; i++) next[i] = states[at + i] ?? 0
      for (const { variable, to } of row.cells) {
        if (to < 0) continue
        const { word, shift, mask } = field(fields, variable)
        next[word] = ((next[word] ?? 0) & ~(mask << shift)) | (to << shift)
      }
      emit(row.id)
    }
  }
}

/** Fewer rows than this are tested one after another: that is soon compiled, and fast enough. */
const FEW = 128

/** Takes the rows that are remembered to fit. */
export function recall(flat: Flat, words: number, remembered: Remembered): Step {
  const ids = Int32Array.from(flat.rows, row => row.id)
  const all = Array.from({ length: words }, (_, i) => i)
  const moves = all.map(i => `next[${i}] = (w${i} & effects[e + ${i * 2}]) | effects[e + ${i * 2 + 1}];`)
  // Whoever is called may ask about another state meanwhile: what is found of that comes behind.
  const body = `let top = 0;
    return (states, at, next, emit) => {
      const base = top, end = remembered.at(states, at, base);
      top = end;
      try {
        ${all.map(i => `const w${i} = states[at + ${i}];`).join(' ')}
        for (let i = base; i < end; i++) {
          const row = remembered.found()[i], e = row * ${words * 2};
          ${moves.join(' ')}
          emit(ids[row]);
        }
      } finally { top = base; }
    }`
  return new Function('remembered', 'effects', 'ids', body)(remembered, remembered.effects, ids) as Step
}

/** What is remembered of a system's rows. */
export const rememberedOf = (flat: Flat, fields: readonly Field[], words: number): Remembered => ({
  ...enabledOf(flat, fields, words),
  effects: effectsOf(flat.rows, fields, words),
})

const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** Packs a flattened system; `engine` chooses generated code, made when it is first needed, or its slow twin. */
export function pack(flat: Flat, engine: 'js' | 'interpret' = 'js'): Packed {
  const { fields, words, bits } = layout(flat)
  let starts: number[][] = [Array.from({ length: words }, () => 0)]
  flat.variables.forEach(({ values, start }, variable) => {
    const { word, shift } = field(fields, variable)
    const allowed = values.flatMap((_, value) => ((start >>> value) & 1 ? [value] : []))
    starts = starts.flatMap(state => allowed.map(value => state.map((w, i) => (i === word ? w | (value << shift) : w))))
  })
  const base = { flat, fields, words, bits, starts: Int32Array.from(starts.flat()) }
  if (engine === 'interpret') return { ...base, step: interpret(flat, fields, words), engine }
  if (flat.rows.length < FEW) return { ...base, step: generate(flat, fields, words), engine: 'auto' }
  const step = once(() => recall(flat, words, rememberedOf(flat, fields, words)))
  return { ...base, step: (states, at, next, emit) => step()(states, at, next, emit), engine: 'auto' }
}

/** Whether a packed state fits a pattern. */
export type Test = (states: Int32Array, at: number) => boolean

/** A pattern as cells.  Throws `SpecError` for a name or a value that is not there. */
export const cellsOf = (flat: Flat, pattern: Pattern): Cell[] =>
  Object.entries(pattern).map(([name, condition]) => {
    const variable = flat.index.get(name)
    const values = flat.variables[variable ?? -1]?.values
    if (variable === undefined || values === undefined) throw new SpecError(`there is no variable "${name}"`)
    return { variable, from: readCondition(condition, values), to: -1 }
  })

/** Compiles patterns to a test that holds when any of them does. */
export function anyOf(packed: Packed, patterns: readonly (readonly Cell[])[]): Test {
  const loads = Array.from({ length: packed.words }, (_, i) => `const w${i} = states[at + ${i}];`)
  const tests = patterns.map(cells => `(${conditionCode(cells, packed.flat, packed.fields)})`)
  const body = `${loads.join(' ')} return !!(${tests.join(' || ') || 'false'});`
  return new Function('states', 'at', body) as Test
}

/** The first state from number `from` on, of `count`, that fits; -1 when none does. */
export type Scan = (states: Int32Array, from: number, count: number) => number

/** Compiles patterns to a search for states that fit any of them: of many states, much faster than asking of each. */
export function scanOf(packed: Packed, patterns: readonly (readonly Cell[])[]): Scan {
  const { words } = packed
  const tests = patterns.map(cells => `(${conditionCode(cells, packed.flat, packed.fields)})`).join(' || ') || 'false'
  const loads = Array.from({ length: words }, (_, i) => i).filter(i => new RegExp(`\\bw${i}\\b`).test(tests))
  const body = `for (let at = from * ${words}, end = count * ${words}; at < end; at += ${words}) {
    ${loads.map(i => `const w${i} = states[at + ${i}];`).join(' ')}
    if (${tests}) return at / ${words};
  }
  return -1;`
  return new Function('states', 'from', 'count', body) as Scan
}
