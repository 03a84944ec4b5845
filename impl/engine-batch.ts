/** What every search does with a batch before it looks for what is in it. */
import type { Act } from './engine-words.ts'

/** Where a batch is in `c`, how many words each of its states takes there and in `s`, and where `c` keeps what was read. */
interface Batch {
  readonly words: number
  readonly stride: number
  readonly batch: number
  readonly seen: number
}

/** Touches the table and the states for all of a batch, so that memory fetches them side by side; `p` is at its begin again then. */
export const touch = ({ words, stride, batch, seen }: Batch): readonly Act[] => [
  { set: 'p', to: batch },
  { set: 'x', to: 0 },
  {
    loop: 'touch',
    do: [
      { if: ['>=', 'p', 'end'], so: [{ leave: 'touch' }] },
      { set: 'known', to: { load: 't', at: ['&', { load: 'c', at: 'p' }, 'mask'] } },
      { set: 'x', to: ['^', 'x', { load: 's', at: ['*', ['&', 'known', 'mask'], words] }] },
      { set: 'p', to: ['+', 'p', stride] },
    ],
  },
  // Whoever reads and uses it not may be left out by a compiler.
  { store: 'c', at: seen, value: 'x' },
  { set: 'p', to: batch },
]
