/**
 * The few words that a search is written in, and how they read as JavaScript.
 *
 * A search is written once, over numbers of 32 bits and memories of words, and
 * printed twice: here as JavaScript, in `wasm.ts` as the bytes of a
 * WebAssembly module.  What the two come to is the same but for the speed.
 */

/** Compares or computes two numbers of 32 bits; `<` and `>=` take them as signed. */
export type Op = '+' | '-' | '*' | '&' | '|' | '^' | '<<' | '>>>' | '===' | '!==' | '<' | '>='

/** A number: itself, the name of a local, or what is computed. */
export type Word =
  | number
  | string
  | readonly [Op, Word, Word]
  /** The word of a memory at an index, plus a constant. */
  | { readonly load: string; readonly at: Word; readonly plus?: number; readonly atomic?: true }
  /** Puts `put` where `was` is; answers what there was. */
  | { readonly swap: string; readonly at: Word; readonly was: Word; readonly put: Word }
  /** Adds to a word; answers what there was before. */
  | { readonly add: string; readonly at: Word; readonly by: Word }
  /** Calls what is outside, or another function of the same search. */
  | { readonly call: string; readonly with: readonly Word[] }
  /** One when all of these are not zero. */
  | { readonly all: readonly Word[] }

/** One thing to do. */
export type Act =
  | { readonly set: string; readonly to: Word }
  | { readonly store: string; readonly at: Word; readonly plus?: number; readonly value: Word; readonly atomic?: true }
  | { readonly if: Word; readonly so: readonly Act[]; readonly else?: readonly Act[] }
  /** Again and again, until it is left. */
  | { readonly loop: string; readonly do: readonly Act[] }
  | { readonly leave: string }
  | { readonly again: string }
  | { readonly do: Word }
  | { readonly return: Word }
  /** Memories may have moved: views of them are taken anew. */
  | { readonly refresh: true }

/** A function: its parameters, and what it does; it answers a number. */
export interface Routine {
  readonly name: string
  readonly takes: readonly string[]
  readonly does: readonly Act[]
}

/** A whole search. */
export interface Program {
  readonly memories: readonly string[]
  /** What is called outside, and with how many numbers. */
  readonly imports: readonly { readonly name: string; readonly takes: number }[]
  readonly routines: readonly Routine[]
}

/** Names of locals that a routine sets, its parameters aside. */
export function localsOf({ takes, does }: Routine): string[] {
  const found = new Set<string>()
  const walk = (acts: readonly Act[]): void => {
    for (const act of acts) {
      if ('set' in act) found.add(act.set)
      else if ('if' in act) {
        walk(act.so)
        walk(act.else ?? [])
      } else if ('loop' in act) walk(act.do)
    }
  }
  walk(does)
  return [...found].filter(name => !takes.includes(name))
}

function word(value: Word): string {
  if (typeof value === 'number') return String(value | 0)
  if (typeof value === 'string') return value
  if ('load' in value) {
    const at = index(value.at, value.plus)
    return value.atomic === true ? `Atomics.load(_${value.load}, ${at})` : `_${value.load}[${at}]`
  }
  if ('swap' in value)
    return `Atomics.compareExchange(_${value.swap}, ${word(value.at)}, ${word(value.was)}, ${word(value.put)})`
  if ('add' in value) return `Atomics.add(_${value.add}, ${word(value.at)}, ${word(value.by)})`
  if ('call' in value) return `${value.call}(${value.with.map(word).join(', ')})`
  if ('all' in value) return value.all.length === 0 ? 'true' : `(${value.all.map(word).join(' && ')})`
  const [op, a, b] = value
  if (op === '*') return `Math.imul(${word(a)}, ${word(b)})`
  if (op === '===' || op === '!==' || op === '<' || op === '>=') return `(${word(a)} ${op} ${word(b)})`
  return op === '&' || op === '|' || op === '^' || op === '<<'
    ? `(${word(a)} ${op} ${word(b)})`
    : `((${word(a)} ${op} ${word(b)}) | 0)`
}

const index = (at: Word, plus = 0): string => (plus === 0 ? word(at) : `${word(at)} + ${plus}`)

function act(one: Act): string {
  if ('set' in one) return `${one.set} = ${word(one.to)};`
  if ('store' in one) {
    const at = index(one.at, one.plus)
    return one.atomic === true
      ? `Atomics.store(_${one.store}, ${at}, ${word(one.value)});`
      : `_${one.store}[${at}] = ${word(one.value)};`
  }
  if ('if' in one) {
    const other = one.else === undefined ? '' : ` else { ${acts(one.else)} }`
    return `if (${word(one.if)}) { ${acts(one.so)} }${other}`
  }
  if ('loop' in one) return `${one.loop}: for (;;) { ${acts(one.do)} }`
  if ('leave' in one) return `break ${one.leave};`
  if ('again' in one) return `continue ${one.again};`
  if ('do' in one) return `${word(one.do)};`
  if ('return' in one) return `return ${word(one.return)};`
  return 'refresh;'
}

const acts = (list: readonly Act[]): string => list.map(act).join('\n')

/** Functions by name. */
export type Made = { readonly [name: string]: (...numbers: number[]) => number }

/** Memories of words by name; those that grow are replaced. */
export type Views = { readonly [name: string]: Int32Array }

/** A program as JavaScript: `refresh` of what it answers has it take the memories anew from `views`. */
export function asJavaScript(
  program: Program,
  imports: Made,
  views: () => Views,
): { readonly made: Made; readonly refresh: () => void } {
  const { memories, routines } = program
  const names = program.imports.map(({ name }) => name)
  // A view that is kept in a local is faster than one that every routine shares.
  const taken = memories.map(name => `_${name} = $${name}`).join(', ')
  const printed = routines.map(routine => {
    const locals = [taken, ...localsOf(routine).map(name => `${name} = 0`)].join(', ')
    return `function ${routine.name}(${routine.takes.join(', ')}) {
    let ${locals};
    ${acts(routine.does).replaceAll('refresh;', `${taken};`)}
    return 0;
  }`
  })
  const body = `"use strict";
  let ${memories.map(name => `$${name}`).join(', ')};
  const refresh = () => { ({ ${memories.map(name => `${name}: $${name}`).join(', ')} } = views()); };
  ${printed.join('\n  ')}
  refresh();
  return { made: { ${routines.map(({ name }) => name).join(', ')} }, refresh };`
  return new Function('views', ...names, body)(views, ...names.map(name => imports[name]))
}
