/**
 * What a search on several threads does otherwise: the table `t`, the states
 * `s`, who found them `f` and what steers them `k` are shared.
 *
 * A state is written first, and then its number is put into the table where
 * nothing stood, in one step that only one thread can win; who loses looks at
 * what has come there, and keeps the number for the next.  Numbers are taken in
 * blocks, so that threads hardly ever meet; what is left of the blocks is
 * filled from behind when all stand still.
 */
import { touch } from './engine-batch.ts'
import type { Act, Word } from './engine-words.ts'

/** Words of `k`, each sort on a cache line of its own. */
export const K = {
  /** Numbers that were given out. */
  count: 0,
  /** The next state to go on from, and where the level ends. */
  claim: 16,
  to: 17,
  /** Counts what is to be done; says which of it it is: see `JOB`. */
  epoch: 32,
  job: 33,
  /** Counts what threads have to tell; how many are done, and how many wait for room. */
  events: 48,
  done: 49,
  parked: 50,
  /** One once a thread has failed. */
  failed: 51,
  mask: 64,
  /** So many numbers may be given out until there must be more room. */
  full: 65,
  /** From here on, of each thread: see `OWN`. */
  threads: 80,
} as const

/** Of each thread: the numbers that it has, signs of life, and its sums; then how often each row was taken. */
export const OWN = { next: 0, last: 1, beat: 2, low: 3, high: 4, steps: 5, taken: 16 } as const

/** What all threads do at once. */
export const JOB = { level: 0, rehash: 1, stop: 2 } as const

/** Numbers that a thread takes at once: whole groups of those of which it is kept who found the first. */
export const BLOCK = 256

/** Of every so many numbers it is kept who found the first, as a power of two: who found the others comes soon behind. */
export const FOUND = 3

/** Words of `k` for each thread. */
export const ownWords = (rows: number): number => OWN.taken + Math.ceil(rows / 16) * 16

const all = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

/** Where the words of a thread are is kept in `c`, at `thread`. */
interface Places {
  readonly words: number
  readonly stride: number
  readonly batch: number
  readonly at: { readonly thread: number; readonly low: number; readonly steps: number; readonly seen: number }
}

/** Puts a number where nothing stands, and leaves the loop; otherwise there is something in `known`. */
const put = (so: readonly Act[]): Act[] => [
  { set: 'known', to: { swap: 't', at: 'slot', was: 0, put: ['|', ['&', 'h', ['^', 'mask', -1]], 'id'] } },
  { if: ['===', 'known', 0], so: [...so, { leave: 'probe' }] },
]

/** Looks for each state of the batch, and numbers those that are new. */
export function sharedFlush({ words, stride, batch, at }: Places): Act[] {
  const same = all(words).map((i): Word => ['===', { load: 's', at: 'a', plus: i }, `n${i}`])
  return [
    {
      loop: 'room',
      do: [
        { if: ['<', { load: 'k', at: K.count, atomic: true }, { load: 'k', at: K.full }], so: [{ leave: 'room' }] },
        { do: { call: 'room', with: [] } },
        { refresh: true },
      ],
    },
    { set: 'mask', to: { load: 'k', at: K.mask } },
    { set: 'own', to: { load: 'c', at: at.thread } },
    ...touch({ words, stride, batch, seen: at.seen }),
    { set: 'low', to: { load: 'c', at: at.low } },
    { set: 'steps', to: { load: 'c', at: at.steps } },
    { set: 'next', to: { load: 'k', at: 'own', plus: OWN.next } },
    { set: 'last', to: { load: 'k', at: 'own', plus: OWN.last } },
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
            { set: 'known', to: { load: 't', at: 'slot', atomic: true } },
            {
              if: ['===', 'known', 0],
              so: [
                {
                  if: ['===', 'next', 'last'],
                  so: [
                    { set: 'next', to: ['+', { add: 'k', at: K.count, by: BLOCK }, 1] },
                    { set: 'last', to: ['+', 'next', BLOCK] },
                  ],
                },
                { set: 'id', to: 'next' },
                { set: 'a', to: ['*', 'id', words] },
                ...all(words).map((i): Act => ({ store: 's', at: 'a', plus: i, value: `n${i}` })),
                ...put([
                  { set: 'next', to: ['+', 'next', 1] },
                  {
                    if: ['===', ['&', 'id', 2 ** FOUND - 1], 0],
                    so: [{ store: 'f', at: ['>>>', 'id', FOUND], value: { load: 'c', at: 'p', plus: 1 + words } }],
                  },
                  { set: 'low', to: ['+', 'low', 'h'] },
                ]),
              ],
            },
            {
              if: ['===', ['&', ['^', 'known', 'h'], ['^', 'mask', -1]], 0],
              so: [
                { set: 'a', to: ['*', ['&', 'known', 'mask'], words] },
                { if: { all: same }, so: [{ leave: 'probe' }] },
              ],
            },
            { set: 'slot', to: ['&', ['+', 'slot', 1], 'mask'] },
          ],
        },
        { set: 'steps', to: ['+', 'steps', 1] },
        { set: 'p', to: ['+', 'p', stride] },
      ],
    },
    { store: 'c', at: at.low, value: 'low' },
    { store: 'c', at: at.steps, value: 'steps' },
    { store: 'k', at: 'own', plus: OWN.next, value: 'next' },
    { store: 'k', at: 'own', plus: OWN.last, value: 'last' },
  ]
}

/** Puts the states of these numbers, `to` not among them, into an empty table of another size. */
export function sharedRehash(words: number, hash: (name: string, word: string) => Act[]): Act[] {
  return [
    { set: 'mask', to: { load: 'k', at: K.mask } },
    { set: 'a', to: ['*', 'id', words] },
    {
      loop: 'each',
      do: [
        { if: ['>=', 'id', 'to'], so: [{ leave: 'each' }] },
        ...all(words).map((i): Act => ({ set: `n${i}`, to: { load: 's', at: 'a', plus: i } })),
        ...hash('h', 'n'),
        { set: 'slot', to: ['&', 'h', 'mask'] },
        { loop: 'probe', do: [...put([]), { set: 'slot', to: ['&', ['+', 'slot', 1], 'mask'] }] },
        { set: 'id', to: ['+', 'id', 1] },
        { set: 'a', to: ['+', 'a', words] },
      ],
    },
  ]
}
