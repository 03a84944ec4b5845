/**
 * One level of a breadth-first search over packed states, in the few words of
 * `engine-words.ts`, for the rows of one system.
 *
 * States are numbered from one on and stand one after another in the memory
 * `s`.  The table `t` holds a number in as many low bits as it takes, and in
 * the others the high bits of the hash.  What a state leads to goes to a batch
 * first: of all of them the table and the states are touched, and only then is
 * each looked for, so that the waits for memory overlap.  `p` keeps who found
 * every 64th state; who found the others stands between, for who finds comes in order.
 */
import { touch } from './engine-batch.ts'
import { type Memory, memoriesOf } from './engine-rows.ts'
import { sharedFlush, sharedRehash } from './engine-shared.ts'
import { SEED } from './engine-table.ts'
import type { Trial } from './engine-team.ts'
import type { Act, Program, Word } from './engine-words.ts'
import type { Cell, Flat, Row } from './flat.ts'
import { everything } from './move.ts'
import type { Field } from './pack.ts'

/** What is kept at the front of the memory `c`. */
export const AT = {
  count: 0,
  mask: 1,
  full: 2,
  low: 3,
  high: 4,
  steps: 5,
  seen: 6,
  links: 7,
  linksFull: 8,
  /** On several threads: where in `k` its own words are. */
  thread: 9,
  groups: 16,
} as const

/** Of every so many states it is kept who found it, as a power of two. */
export const SAMPLED = 6

/** How a search is printed; what is not said is what is fast. */
export interface Shape {
  /** Whether steps are kept. */
  readonly links?: boolean
  /** Whether it is one of several threads; those keep no steps. */
  readonly shared?: boolean
  /** Groups of rows of which nothing is remembered. */
  readonly tested?: ReadonlySet<number>
  /** Fewer rows than this are tested one after another; of more it is remembered which fit. */
  readonly few?: number
  /** States that a level leads to before they are looked for. */
  readonly batch?: number
  /** For tests: from so many states on several threads go on, and how those are tried. */
  readonly together?: number
  readonly trial?: Trial
  /** For tests: what is to be wrong with it. */
  readonly damage?: (program: Program) => Program
}

/** Rows that one function tests. */
const ROWS = 32

/** A search, and where in the memory `c` its parts are. */
export interface Kernel {
  readonly program: Program
  readonly words: number
  readonly rows: number
  /** Words of one entry of the batch: the hash, the state, who found it, and the row's id plus one. */
  readonly stride: number
  readonly batch: number
  readonly batchEnd: number
  readonly taken: number
  readonly effects: number
  /** Words of the effect of one row: its id plus one, then what is kept and what is set of each word. */
  readonly effect: number
  /** The first word that is free. */
  readonly end: number
  readonly memories: readonly Memory[]
}

const all = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

/** Mixes a word into a hash, as `mix` does. */
export const mixActs = (hash: string, word: Word): Act[] => [
  { set: hash, to: ['*', ['^', hash, word], 0x9e3779b1 | 0] },
  { set: hash, to: ['^', hash, ['>>>', hash, 15]] },
  { set: hash, to: ['*', hash, 0x85ebca6b | 0] },
  { set: hash, to: ['^', hash, ['>>>', hash, 13]] },
]

/** Cells as a condition on the words `w0`, `w1` and so on: equalities of one word are one comparison. */
function condition(cells: readonly Cell[], flat: Flat, fields: readonly Field[]): Word {
  const allowed = new Map<number, number>()
  for (const { variable, from } of cells) allowed.set(variable, (allowed.get(variable) ?? -1) & from)
  const equal = new Map<number, { mask: number; value: number }>()
  const others: Word[] = []
  for (const [variable, from] of allowed) {
    const { word, shift, mask } = fields[variable] as Field
    if (from === everything(flat.variables[variable]?.values ?? [])) continue
    if (from !== 0 && (from & (from - 1)) === 0) {
      const known = equal.get(word) ?? { mask: 0, value: 0 }
      equal.set(word, { mask: known.mask | (mask << shift), value: known.value | ((31 - Math.clz32(from)) << shift) })
    } else others.push(['&', ['>>>', from, ['&', ['>>>', `w${word}`, shift], mask]], 1])
  }
  return {
    all: [...[...equal].map(([word, { mask, value }]): Word => ['===', ['&', `w${word}`, mask], value]), ...others],
  }
}

/** What a row keeps of each word, and what it sets there. */
function effectOf(row: Row, fields: readonly Field[], words: number): { keep: number; set: number }[] {
  const effect = all(words).map(() => ({ keep: -1, set: 0 }))
  for (const { variable, to } of row.cells) {
    const { word, shift, mask } = fields[variable] as Field
    const of = effect[word]
    if (to < 0 || of === undefined) continue
    of.keep &= ~(mask << shift)
    of.set = (of.set & ~(mask << shift)) | (to << shift)
  }
  return effect
}

/** Writes what rows do into the memory `c`, where the kernel looks for it. */
export function writeEffects(c: Int32Array, kernel: Kernel, flat: Flat, fields: readonly Field[]): void {
  for (const [i, row] of flat.rows.entries()) {
    const at = kernel.effects + i * kernel.effect
    c[at] = row.id + 1
    effectOf(row, fields, kernel.words).forEach(({ keep, set }, word) => {
      c[at + 1 + word * 2] = keep
      c[at + 2 + word * 2] = set
    })
  }
}

/** Multiplies the words of a key, each by a number of its own. */
const ODD = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f, 0x165667b1, 0xd3a2646d, 0xfd7046c5, 0xb55a4f09]
const odd = (i: number): number => (ODD[i % ODD.length] ?? 1) | 0

/** The hash of a key of the rows that fit: shorter than that of a state, for it decides nothing. */
export function keyHash(key: ArrayLike<number>): number {
  let h = 0
  for (let i = 0; i < key.length; i++) h = (h + Math.imul(key[i] ?? 0, odd(i))) | 0
  h ^= h >>> 15
  h = Math.imul(h, 0x85ebca6b)
  return h ^ (h >>> 13)
}

/** The search of a system: its steps are kept in `h` and `e` where they are wanted. */
export function kernelOf(flat: Flat, fields: readonly Field[], words: number, shape: Shape = {}): Kernel {
  const { links = false, shared = false, tested = new Set<number>(), batch: atOnce = 256 } = shape
  const rows = flat.rows.length
  const few = rows < (shape.few ?? 128)
  const groups = few ? [] : memoriesOf(flat, fields)
  const stride = words + 3
  const taken = AT.groups + 2 * groups.length
  const effects = taken + rows
  const effect = 1 + 2 * words
  const found = effects + (few ? 0 : rows * effect)
  const batch = found + (few ? 0 : rows)
  const batchEnd = batch + atOnce * stride
  const end = batchEnd + (few ? rows * stride : 0)
  const kernel = { words, rows, stride, batch, batchEnd, taken, effects, effect, end, memories: groups }

  const each = (of: (word: number) => Act): Act[] => all(words).map(of)
  const hash = (name: string, word: string): Act[] => [
    { set: name, to: SEED },
    ...all(words).flatMap(i => mixActs(name, `${word}${i}`)),
  ]
  /** A successor, in `n0`, `n1` and so on, of the row whose id plus one is `row`. */
  const successor = (place: Word, row: Word): Act[] => [
    { store: 'c', at: place, plus: taken, value: ['+', { load: 'c', at: place, plus: taken }, 1] },
    ...hash('h', 'n'),
    { set: 'x', to: 'hf' },
    ...mixActs('x', row),
    ...mixActs('x', 'h'),
    { set: 'high', to: ['+', 'high', 'x'] },
    { store: 'c', at: 'p', value: 'h' },
    ...each(i => ({ store: 'c', at: 'p', plus: 1 + i, value: `n${i}` })),
    { store: 'c', at: 'p', plus: 1 + words, value: 'current' },
    ...(links
      ? ([
          { store: 'c', at: 'p', plus: 2 + words, value: row },
          { set: 'made', to: ['+', 'made', 1] },
        ] as const)
      : []),
    { set: 'p', to: ['+', 'p', stride] },
  ]
  const flush: Act[] = [{ do: { call: 'flush', with: ['p'] } }, { set: 'p', to: batch }, { refresh: true }]

  // As little as can be for each row, and not many rows in one function: a long one is never compiled well.
  const tests = flat.rows.map(
    (row, place): Act => ({
      if: condition(row.cells, flat, fields),
      so: [
        { store: 'c', at: 'p', value: place },
        ...effectOf(row, fields, words).map(({ keep, set }, i): Act => {
          const kept: Word = keep === -1 ? `w${i}` : ['&', `w${i}`, keep]
          return { store: 'c', at: 'p', plus: 1 + i, value: set === 0 ? kept : ['|', kept, set] }
        }),
        { store: 'c', at: 'p', plus: 2 + words, value: row.id + 1 },
        { set: 'p', to: ['+', 'p', stride] },
      ],
    }),
  )
  const parts = few ? all(Math.ceil(rows / ROWS)).map(i => tests.slice(i * ROWS, (i + 1) * ROWS)) : []
  const straight: Act[] = [
    { if: ['>=', 'p', batchEnd], so: flush },
    { set: 'q', to: 'p' },
    ...parts.map(
      (_, part): Act => ({
        set: 'p',
        to: { call: `rows${part}`, with: ['p', ...all(words).map(i => `w${i}`)] },
      }),
    ),
    { set: 'end', to: 'p' },
    { set: 'p', to: 'q' },
    {
      loop: 'each',
      do: [
        { if: ['>=', 'p', 'end'], so: [{ leave: 'each' }] },
        ...each(i => ({ set: `n${i}`, to: { load: 'c', at: 'p', plus: 1 + i } })),
        { set: 'place', to: { load: 'c', at: 'p' } },
        { set: 'row', to: { load: 'c', at: 'p', plus: 2 + words } },
        ...successor('place', 'row'),
      ],
    },
  ]
  const remembered: Act[] = [
    { set: 'end', to: found },
    ...groups.flatMap((memory, group) =>
      tested.has(group)
        ? memory.rows.map(
            (row): Act => ({
              if: condition(flat.rows[row]?.cells ?? [], flat, fields),
              so: [{ set: 'row', to: row }, ...among(found)],
            }),
          )
        : lookUp(memory, group, found),
    ),
    { set: 'i', to: found },
    {
      loop: 'each',
      do: [
        { if: ['===', 'i', 'end'], so: [{ leave: 'each' }] },
        { set: 'place', to: { load: 'c', at: 'i' } },
        { set: 'i', to: ['+', 'i', 1] },
        { set: 'a', to: ['*', 'place', effect] },
        ...each(i => ({
          set: `n${i}`,
          to: [
            '|',
            ['&', `w${i}`, { load: 'c', at: 'a', plus: effects + 1 + i * 2 }],
            { load: 'c', at: 'a', plus: effects + 2 + i * 2 },
          ],
        })),
        { set: 'row', to: { load: 'c', at: 'a', plus: effects } },
        ...successor('place', 'row'),
        { if: ['>=', 'p', batchEnd], so: flush },
      ],
    },
  ]
  const level: Act[] = [
    { set: 'p', to: batch },
    { set: 'high', to: { load: 'c', at: AT.high } },
    ...(links ? [{ set: 'made', to: { load: 'c', at: AT.links } } as const] : []),
    {
      loop: 'states',
      do: [
        { if: ['>=', 'current', 'to'], so: [{ leave: 'states' }] },
        ...(links ? [{ store: 'h', at: 'current', value: 'made' } as const] : []),
        { set: 'a', to: ['*', 'current', words] },
        ...each(i => ({ set: `w${i}`, to: { load: 's', at: 'a', plus: i } })),
        ...hash('hf', 'w'),
        ...(few ? straight : remembered),
        { set: 'current', to: ['+', 'current', 1] },
      ],
    },
    { store: 'c', at: AT.high, value: 'high' },
    { return: { call: 'flush', with: ['p'] } },
  ]
  const routines = [
    ...parts.map((some, part) => ({
      name: `rows${part}`,
      takes: ['p', ...all(words).map(i => `w${i}`)],
      does: [...some, { return: 'p' }],
    })),
    { name: 'flush', takes: ['end'], does: shared ? sharedFlush({ ...kernel, at: AT }) : flushActs(kernel, links) },
    { name: 'level', takes: ['current', 'to'], does: level },
    shared
      ? { name: 'rehash', takes: ['id', 'to'], does: sharedRehash(words, hash) }
      : { name: 'rehash', takes: [], does: rehash(words, hash) },
  ]
  const imports = [
    { name: 'miss', takes: 2 },
    { name: 'room', takes: 0 },
  ]
  const memories = ['c', 's', 't', ...(shared ? ['f', 'k'] : ['p']), ...(links ? ['h', 'e'] : [])]
  const program = { memories, imports, routines }
  return { ...kernel, program: shape.damage?.(program) ?? program }
}

/** Puts `row` among those found so far, which are in order. */
const among = (found: number): Act[] => [
  { set: 'i', to: 'end' },
  { set: 'end', to: ['+', 'end', 1] },
  {
    loop: 'sort',
    do: [
      { if: ['===', 'i', found], so: [{ leave: 'sort' }] },
      { set: 'place', to: { load: 'c', at: ['-', 'i', 1] } },
      { if: ['<', 'place', 'row'], so: [{ leave: 'sort' }] },
      { store: 'c', at: 'i', value: 'place' },
      { set: 'i', to: ['-', 'i', 1] },
    ],
  },
  { store: 'c', at: 'i', value: 'row' },
]

/** Finds which rows of a group fit and puts their places, in order, among those of the groups before. */
function lookUp({ words: read, masks }: Memory, group: number, found: number): Act[] {
  const stride = read.length + 1
  const base = AT.groups + 2 * group
  const key = (i: number): Word => ['&', `w${read[i]}`, masks[i] ?? 0]
  const same = read.map((_, i): Word => ['===', { load: 'c', at: 'y', plus: i }, `k${i}`])
  return [
    ...read.map((_, i): Act => ({ set: `k${i}`, to: key(i) })),
    {
      set: 'h',
      to: read.reduce<Word>((sum, _, i) => (i === 0 ? ['*', 'k0', odd(0)] : ['+', sum, ['*', `k${i}`, odd(i)]]), 0),
    },
    { set: 'h', to: ['^', 'h', ['>>>', 'h', 15]] },
    { set: 'h', to: ['*', 'h', 0x85ebca6b | 0] },
    { set: 'h', to: ['^', 'h', ['>>>', 'h', 13]] },
    { set: 'mask', to: { load: 'c', at: base + 1 } },
    {
      loop: 'look',
      do: [
        { set: 'h', to: ['&', 'h', 'mask'] },
        { set: 'y', to: ['+', { load: 'c', at: base }, ['*', 'h', stride]] },
        { set: 'list', to: { load: 'c', at: 'y', plus: stride - 1 } },
        {
          if: ['===', 'list', 0],
          so: [{ set: 'list', to: { call: 'miss', with: [group, 'current'] } }, { refresh: true }, { leave: 'look' }],
        },
        { if: { all: same }, so: [{ leave: 'look' }] },
        { set: 'h', to: ['+', 'h', 1] },
      ],
    },
    { set: 'left', to: { load: 'c', at: 'list' } },
    {
      loop: 'rows',
      do: [
        { if: ['===', 'left', 0], so: [{ leave: 'rows' }] },
        { set: 'left', to: ['-', 'left', 1] },
        { set: 'list', to: ['+', 'list', 1] },
        { set: 'row', to: { load: 'c', at: 'list' } },
        ...among(found),
      ],
    },
  ]
}

/** Looks for each state of the batch, and numbers those that are new. */
function flushActs({ words, stride, batch }: Omit<Kernel, 'program'>, links: boolean): Act[] {
  const same = all(words).map((i): Word => ['===', { load: 's', at: 'a', plus: i }, `n${i}`])
  const reload: Act[] = [
    { set: 'mask', to: { load: 'c', at: AT.mask } },
    { set: 'full', to: { load: 'c', at: AT.full } },
  ]
  return [
    ...(links
      ? [
          {
            if: ['>=', { load: 'c', at: AT.links }, { load: 'c', at: AT.linksFull }],
            so: [{ do: { call: 'room', with: [] } }, { refresh: true }],
          } as const,
        ]
      : []),
    ...reload,
    ...touch({ words, stride, batch, seen: AT.seen }),
    { set: 'count', to: { load: 'c', at: AT.count } },
    { set: 'low', to: { load: 'c', at: AT.low } },
    { set: 'steps', to: { load: 'c', at: AT.steps } },
    ...(links ? [{ set: 'edge', to: { load: 'c', at: AT.links } } as const] : []),
    {
      loop: 'each',
      do: [
        { if: ['>=', 'p', 'end'], so: [{ leave: 'each' }] },
        { set: 'h', to: { load: 'c', at: 'p' } },
        ...all(words).map((i): Act => ({ set: `n${i}`, to: { load: 'c', at: 'p', plus: 1 + i } })),
        { set: 'slot', to: ['&', 'h', 'mask'] },
        {
          loop: 'probe',
          do: [
            { set: 'known', to: { load: 't', at: 'slot' } },
            {
              if: ['===', 'known', 0],
              so: [
                {
                  if: ['>=', 'count', 'full'],
                  so: [
                    { store: 'c', at: AT.count, value: 'count' },
                    { do: { call: 'room', with: [] } },
                    { refresh: true },
                    ...reload,
                    { set: 'slot', to: ['&', 'h', 'mask'] },
                    { again: 'probe' },
                  ],
                },
                { set: 'count', to: ['+', 'count', 1] },
                { set: 'id', to: 'count' },
                { set: 'a', to: ['*', 'count', words] },
                ...all(words).map((i): Act => ({ store: 's', at: 'a', plus: i, value: `n${i}` })),
                { store: 't', at: 'slot', value: ['|', ['&', 'h', ['^', 'mask', -1]], 'count'] },
                { set: 'low', to: ['+', 'low', 'h'] },
                {
                  if: ['===', ['&', 'count', 2 ** SAMPLED - 1], 0],
                  so: [
                    {
                      store: 'p',
                      at: ['>>>', 'count', SAMPLED],
                      value: { load: 'c', at: 'p', plus: 1 + words },
                    },
                  ],
                },
                { leave: 'probe' },
              ],
            },
            {
              if: ['===', ['&', ['^', 'known', 'h'], ['^', 'mask', -1]], 0],
              so: [
                { set: 'id', to: ['&', 'known', 'mask'] },
                { set: 'a', to: ['*', 'id', words] },
                { if: { all: same }, so: [{ leave: 'probe' }] },
              ],
            },
            { set: 'slot', to: ['&', ['+', 'slot', 1], 'mask'] },
          ],
        },
        ...(links
          ? ([
              { store: 'e', at: ['<<', 'edge', 1], value: ['-', 'id', 1] },
              { store: 'e', at: ['<<', 'edge', 1], plus: 1, value: ['-', { load: 'c', at: 'p', plus: 2 + words }, 1] },
              { set: 'edge', to: ['+', 'edge', 1] },
            ] as const)
          : []),
        { set: 'steps', to: ['+', 'steps', 1] },
        { set: 'p', to: ['+', 'p', stride] },
      ],
    },
    { store: 'c', at: AT.count, value: 'count' },
    { store: 'c', at: AT.low, value: 'low' },
    { store: 'c', at: AT.steps, value: 'steps' },
    ...(links ? [{ store: 'c', at: AT.links, value: 'edge' } as const] : []),
  ]
}

/** Puts all states into an empty table of another size. */
function rehash(words: number, hash: (name: string, word: string) => Act[]): Act[] {
  return [
    { set: 'mask', to: { load: 'c', at: AT.mask } },
    { set: 'count', to: { load: 'c', at: AT.count } },
    { set: 'id', to: 1 },
    { set: 'a', to: words },
    {
      loop: 'each',
      do: [
        { if: ['<', 'count', 'id'], so: [{ leave: 'each' }] },
        ...all(words).map((i): Act => ({ set: `n${i}`, to: { load: 's', at: 'a', plus: i } })),
        ...hash('h', 'n'),
        { set: 'slot', to: ['&', 'h', 'mask'] },
        {
          loop: 'probe',
          do: [
            { if: ['===', { load: 't', at: 'slot' }, 0], so: [{ leave: 'probe' }] },
            { set: 'slot', to: ['&', ['+', 'slot', 1], 'mask'] },
          ],
        },
        { store: 't', at: 'slot', value: ['|', ['&', 'h', ['^', 'mask', -1]], 'id'] },
        { set: 'id', to: ['+', 'id', 1] },
        { set: 'a', to: ['+', 'a', words] },
      ],
    },
  ]
}
