/**
 * The graph of a system without some of its rules, or with observers beside
 * it, read off the graph of the whole: no state is hashed or looked for again.
 *
 * A row of the smaller system is a row of the whole that may ask, besides,
 * where the observers are, and move them.  So its states are places, a state
 * of the whole with a value of each observer, and its steps are steps of the
 * whole.  It comes to the same numbers as a search of its own would.
 */
import { movesOf } from './derive-rows.ts'
import { Fingerprint, grow, hashOf, mix } from './engine-table.ts'
import { type Graph, unusedOf } from './explore.ts'
import type { Links } from './fair.ts'
import type { Packed } from './pack.ts'

/** Bits of the observers for each way they can stand, word by word. */
function bitsOf({ flat, fields, words }: Packed, known: number, ways: number): Int32Array {
  const bits = new Int32Array(ways * words)
  for (let way = 0; way < ways; way++) {
    let rest = way
    for (let i = known; i < flat.variables.length; i++) {
      const count = flat.variables[i]?.values.length ?? 1
      const { word = 0, shift = 0 } = fields[i] ?? {}
      bits[way * words + word] = (bits[way * words + word] ?? 0) | ((rest % count) << shift)
      rest = Math.floor(rest / count)
    }
  }
  return bits
}

/**
 * The graph of `packed`, whose rows are rows of an explored system of which the
 * steps were kept.  Answers nothing where they are not: it has to be explored.
 */
export function derive(whole: Graph, packed: Packed, keepsLinks = false): Graph | undefined {
  const { links } = whole
  const known = whole.packed.flat.variables.length
  const moves = links && movesOf(whole.packed.flat, packed.flat)
  const moved = whole.packed.fields.some(({ word, shift }, i) => {
    const field = packed.fields[i]
    return field?.word !== word || field.shift !== shift
  })
  if (moves === undefined || links === undefined || moved) return undefined
  const { ways, table } = moves
  const { words } = packed
  const { words: before } = whole.packed
  const bits = bitsOf(packed, known, ways)
  const own = new Int32Array(words).fill(-1)
  for (const { word, shift, mask } of packed.fields.slice(known)) own[word] = (own[word] ?? 0) & ~(mask << shift)
  const apart = new Int32Array(before)
  /** The place of a packed state, or -1. */
  const placeOf = (states: Int32Array, at: number): number => {
    for (let i = 0; i < before; i++) apart[i] = (states[at + i] ?? 0) & (own[i] ?? -1)
    const state = whole.find(apart, 0)
    if (state < 0) return -1
    for (let way = 0; way < ways; way++) {
      let i = 0
      while (i < words && ((states[at + i] ?? 0) & ~(own[i] ?? -1)) === bits[way * words + i]) i++
      if (i === words) return state * ways + way
    }
    return -1
  }

  const numbers = new Int32Array(whole.size.states * ways)
  let places = new Int32Array(Math.min(numbers.length, 1024))
  let parents = new Int32Array(places.length)
  let via = new Int32Array(places.length)
  let count = 0
  const find = (place: number, parent: number, row: number): void => {
    if (count === places.length) {
      places = grow(places, count * 2)
      parents = grow(parents, count * 2)
      via = grow(via, count * 2)
    }
    places[count] = place
    parents[count] = parent
    via[count] = row
    count += 1
    numbers[place] = count
  }
  for (let at = 0; at < packed.starts.length; at += words) {
    const place = placeOf(packed.starts, at)
    if (place < 0) return undefined
    if (numbers[place] === 0) find(place, -1, -1)
  }
  const taken = new Float64Array(packed.flat.rows.length)
  const { heads, edges } = links
  let newHeads = new Int32Array(keepsLinks ? 1024 : 0)
  let newEdges = new Int32Array(keepsLinks ? 4096 : 0)
  let steps = 0
  let depth = 0
  for (let at = 0, level = count; at < count; depth++, level = count) {
    for (; at < level; at++) {
      const place = places[at] as number
      const way = place % ways
      const state = (place - way) / ways
      const end = heads[state + 1] as number
      if (keepsLinks) {
        if (at + 1 >= newHeads.length) newHeads = grow(newHeads, newHeads.length * 2)
        newHeads[at] = steps
      }
      for (let e = heads[state] as number; e < end; e++) {
        const move = ((edges[e * 2 + 1] as number) * ways + way) * 2
        const row = (table[move] as number) - 1
        if (row < 0) continue
        const target = (edges[e * 2] as number) * ways + (table[move + 1] as number)
        if (numbers[target] === 0) find(target, at, row)
        taken[row] = (taken[row] as number) + 1
        if (keepsLinks) {
          if (steps * 2 + 2 > newEdges.length) newEdges = grow(newEdges, newEdges.length * 2)
          newEdges[steps * 2] = (numbers[target] as number) - 1
          newEdges[steps * 2 + 1] = row
        }
        steps += 1
      }
    }
  }
  if (keepsLinks) newHeads[count] = steps

  const states = new Int32Array(count * words)
  for (let n = 0; n < count; n++) {
    const place = places[n] as number
    const way = place % ways
    const from = ((place - way) / ways) * before
    const to = n * words
    for (let i = 0; i < before; i++)
      states[to + i] = (whole.states[from + i] as number) | (bits[way * words + i] as number)
    for (let i = before; i < words; i++) states[to + i] = bits[way * words + i] as number
  }
  const kept: Links | undefined = keepsLinks
    ? { heads: newHeads.subarray(0, count + 1), edges: newEdges.subarray(0, steps * 2) }
    : undefined
  return {
    packed,
    size: { states: count, steps, depth: depth - 1 },
    // Hardly anybody asks, and it takes as long as all the rest.
    get fingerprint() {
      const print = new Fingerprint()
      for (let n = 0; n < count; n++) {
        const hash = hashOf(states, n * words, words)
        print.low = (print.low + hash) | 0
        const way = (places[n] as number) % ways
        const state = ((places[n] as number) - way) / ways
        for (let e = heads[state] as number; e < (heads[state + 1] as number); e++) {
          const move = ((edges[e * 2 + 1] as number) * ways + way) * 2
          if (table[move] === 0) continue
          const to = (numbers[(edges[e * 2] as number) * ways + (table[move + 1] as number)] as number) - 1
          print.high = (print.high + mix(mix(hash, table[move] as number), hashOf(states, to * words, words))) | 0
        }
      }
      return print.print()
    },
    states,
    parentOf: state => parents[state] ?? -1,
    rowTo: state => via[state] ?? -1,
    taken,
    unused: unusedOf(packed, taken),
    find: (at, offset) => {
      const place = placeOf(at, offset)
      return place < 0 ? -1 : (numbers[place] as number) - 1
    },
    ...(kept !== undefined && { links: kept }),
  }
}
