/** For tests of exports: what another checker should come to, and what not. */
import { explore, pathTo } from './explore.ts'
import type { Cell, Flat } from './flat.ts'
import { anyOf, pack } from './pack.ts'

/** Whether we come to a state that fits, under all of the rules and without the last rule of our shortest way there. */
export function comings(
  flat: Flat,
  patterns: readonly (readonly Cell[])[],
): { readonly flat: Flat; readonly comes: boolean }[] {
  const first = (of: Flat) => {
    const graph = explore(pack(of))
    const test = anyOf(graph.packed, patterns)
    const found = Array.from({ length: graph.size.states }, (_, n) => n).find(n =>
      test(graph.states, n * graph.packed.words),
    )
    return { graph, found }
  }
  const { graph, found } = first(flat)
  if (found === undefined) return [{ flat, comes: false }]
  const last = flat.rows[pathTo(graph, found).steps.at(-1)?.row ?? -1]?.rule.id
  const fewer = { ...flat, rows: flat.rows.filter(row => row.rule.id !== last).map((row, id) => ({ ...row, id })) }
  return [
    { flat, comes: true },
    { flat: fewer, comes: first(fewer).found !== undefined },
  ]
}
