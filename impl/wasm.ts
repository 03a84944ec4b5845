/**
 * A search as the bytes of a WebAssembly module, as the core specification
 * (with multi-memory and threads) lays them out.
 */
import { type Act, localsOf, type Made, type Op, type Program, type Routine, type Word } from './engine-words.ts'

declare global {
  /** What is used of it here; TypeScript knows it only where there is a browser. */
  namespace WebAssembly {
    class Memory {
      constructor(size: { initial: number; maximum?: number; shared?: boolean })
      readonly buffer: ArrayBuffer
      grow(pages: number): number
    }
    class Module {
      constructor(bytes: Uint8Array<ArrayBuffer>)
    }
    class Instance {
      constructor(module: Module, imports: object)
      readonly exports: object
    }
  }
}

const OPS: { readonly [op in Op]: number } = {
  '+': 0x6a,
  '-': 0x6b,
  '*': 0x6c,
  '&': 0x71,
  '|': 0x72,
  '^': 0x73,
  '<<': 0x74,
  '>>>': 0x76,
  '===': 0x46,
  '!==': 0x47,
  '<': 0x48,
  '>=': 0x4e,
}
const I32 = 0x7f
const [LOCAL_GET, LOCAL_SET, CONST, LOAD, STORE, DROP, RETURN, CALL] = [0x20, 0x21, 0x41, 0x28, 0x36, 0x1a, 0x0f, 0x10]
const [BLOCK, LOOP, IF, ELSE, END, BR, VOID] = [0x02, 0x03, 0x04, 0x05, 0x0b, 0x0c, 0x40]
const [ATOMIC, ATOMIC_LOAD, ATOMIC_STORE, ATOMIC_ADD, ATOMIC_SWAP] = [0xfe, 0x10, 0x17, 0x1e, 0x48]

/** An unsigned number in as few bytes as it takes. */
function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value >>> 0
  do {
    const low = rest & 0x7f
    rest >>>= 7
    bytes.push(rest === 0 ? low : low | 0x80)
  } while (rest !== 0)
  return bytes
}

function signed(value: number): number[] {
  const bytes: number[] = []
  let rest = value | 0
  for (;;) {
    const low = rest & 0x7f
    rest >>= 7
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return [...bytes, low]
    bytes.push(low | 0x80)
  }
}

const text = (value: string): number[] => {
  const bytes = [...new TextEncoder().encode(value)]
  return [...unsigned(bytes.length), ...bytes]
}
const list = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()]
/** Not `flat`: a large function has more bytes than a call may have arguments. */
const section = (id: number, bytes: readonly number[]): number[] => [id, ...unsigned(bytes.length)].concat(bytes)

class Body {
  private readonly bytes: number[] = []
  private readonly labels: string[] = []
  private readonly locals: ReadonlyMap<string, number>
  private readonly memories: readonly string[]
  private readonly functions: ReadonlyMap<string, number>

  constructor(
    locals: ReadonlyMap<string, number>,
    memories: readonly string[],
    functions: ReadonlyMap<string, number>,
  ) {
    this.locals = locals
    this.memories = memories
    this.functions = functions
  }

  done(): number[] {
    this.bytes.push(CONST, 0, END)
    return this.bytes
  }

  acts(list: readonly Act[]): void {
    for (const act of list) this.act(act)
  }

  private put(...bytes: readonly number[]): void {
    for (const byte of bytes) this.bytes.push(byte)
  }

  private local(name: string): number[] {
    const found = this.locals.get(name)
    if (found === undefined) throw new Error(`there is no local "${name}"`)
    return unsigned(found)
  }

  private branch(label: string): void {
    const depth = this.labels.length - 1 - this.labels.lastIndexOf(label)
    if (depth >= this.labels.length) throw new Error(`there is no loop "${label}"`)
    this.put(BR, ...unsigned(depth))
  }

  private act(act: Act): void {
    if ('set' in act) {
      this.word(act.to)
      this.put(LOCAL_SET, ...this.local(act.set))
    } else if ('store' in act) {
      const plus = this.address(act.at, act.plus)
      this.word(act.value)
      if (act.atomic === true) this.put(ATOMIC, ATOMIC_STORE)
      else this.put(STORE)
      this.where(act.store, plus)
    } else if ('if' in act) {
      this.word(act.if)
      this.put(IF, VOID)
      this.labels.push('')
      this.acts(act.so)
      if (act.else !== undefined) {
        this.put(ELSE)
        this.acts(act.else)
      }
      this.labels.pop()
      this.put(END)
    } else if ('loop' in act) {
      this.put(BLOCK, VOID, LOOP, VOID)
      this.labels.push(`leave ${act.loop}`, `again ${act.loop}`)
      this.acts(act.do)
      this.branch(`again ${act.loop}`)
      this.labels.splice(-2)
      this.put(END, END)
    } else if ('leave' in act) this.branch(`leave ${act.leave}`)
    else if ('again' in act) this.branch(`again ${act.again}`)
    else if ('do' in act) {
      this.word(act.do)
      this.put(DROP)
    } else if ('return' in act) {
      this.word(act.return)
      this.put(RETURN)
    }
  }

  /** Puts the address of a word; answers the constant in bytes that goes with it. */
  private address(at: Word, plus = 0): number {
    if (typeof at === 'number') {
      this.put(CONST, 0)
      return (at + plus) * 4
    }
    this.word(at)
    this.put(CONST, 2, OPS['<<'])
    return plus * 4
  }

  private where(memory: string, offset: number): void {
    const number = this.memories.indexOf(memory)
    if (number < 0) throw new Error(`there is no memory "${memory}"`)
    if (number === 0) this.put(2, ...unsigned(offset))
    else this.put(2 | 0x40, ...unsigned(number), ...unsigned(offset))
  }

  private word(value: Word): void {
    if (typeof value === 'number') this.put(CONST, ...signed(value))
    else if (typeof value === 'string') this.put(LOCAL_GET, ...this.local(value))
    else if ('load' in value) {
      const plus = this.address(value.at, value.plus)
      if (value.atomic === true) this.put(ATOMIC, ATOMIC_LOAD)
      else this.put(LOAD)
      this.where(value.load, plus)
    } else if ('swap' in value) {
      const plus = this.address(value.at)
      this.word(value.was)
      this.word(value.put)
      this.put(ATOMIC, ATOMIC_SWAP)
      this.where(value.swap, plus)
    } else if ('add' in value) {
      const plus = this.address(value.at)
      this.word(value.by)
      this.put(ATOMIC, ATOMIC_ADD)
      this.where(value.add, plus)
    } else if ('call' in value) {
      for (const one of value.with) this.word(one)
      const number = this.functions.get(value.call)
      if (number === undefined) throw new Error(`there is no function "${value.call}"`)
      this.put(CALL, ...unsigned(number))
    } else if ('all' in value) {
      if (value.all.length === 0) this.put(CONST, 1)
      value.all.forEach((one, i) => {
        this.word(one)
        if (i > 0) this.put(OPS['&'])
      })
    } else {
      const [op, a, b] = value
      this.word(a)
      this.word(b)
      this.put(OPS[op])
    }
  }
}

function code(routine: Routine, memories: readonly string[], functions: ReadonlyMap<string, number>): number[] {
  const own = localsOf(routine)
  const locals = new Map([...routine.takes, ...own].map((name, i) => [name, i] as const))
  const body = new Body(locals, memories, functions)
  body.acts(routine.does)
  const declared = own.length === 0 ? [0] : [1, ...unsigned(own.length), I32]
  const bytes = declared.concat(body.done())
  return unsigned(bytes.length).concat(bytes)
}

/** The most 64 KiB pages that a memory of ours can have: 4 GiB. */
export const MOST_PAGES = 65536

/** The bytes of a module that imports its memories, and exports its routines. */
export function asBytes(
  { memories, imports, routines }: Program,
  shared: readonly string[] = [],
): Uint8Array<ArrayBuffer> {
  const kinds = [...new Set([...imports.map(({ takes }) => takes), ...routines.map(({ takes }) => takes.length)])]
  const functions = new Map([...imports, ...routines].map(({ name }, i) => [name, i] as const))
  const types = kinds.map(takes => [0x60, ...unsigned(takes), ...Array(takes).fill(I32), 1, I32])
  const imported = [
    ...memories.map(name => [
      ...text('m'),
      ...text(name),
      2,
      ...(shared.includes(name) ? [3, 0, ...unsigned(MOST_PAGES)] : [0, 0]),
    ]),
    ...imports.map(({ name, takes }) => [...text('f'), ...text(name), 0, kinds.indexOf(takes)]),
  ]
  const codes = routines.map(routine => code(routine, memories, functions))
  return Uint8Array.from(
    [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0].concat(
      section(1, list(types)),
      section(2, list(imported)),
      section(3, list(routines.map(({ takes }) => [kinds.indexOf(takes.length)]))),
      section(7, list(routines.map(({ name }) => [...text(name), 0, ...unsigned(functions.get(name) ?? 0)]))),
      section(10, unsigned(codes.length).concat(...codes)),
    ),
  )
}

/** A program as WebAssembly over these memories. */
export function asWebAssembly(
  program: Program,
  imports: Made,
  memories: { readonly [name: string]: WebAssembly.Memory },
  shared: readonly string[] = [],
): Made {
  return instanceOf(new WebAssembly.Module(asBytes(program, shared)), imports, memories)
}

/** What a module does over these memories. */
export function instanceOf(
  module: WebAssembly.Module,
  imports: Made,
  memories: { readonly [name: string]: WebAssembly.Memory },
): Made {
  const { exports } = new WebAssembly.Instance(module, { m: memories, f: imports })
  return exports as Made
}
