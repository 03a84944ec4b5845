/**
 * Five explorers of random systems: generated code, its interpreted twin, a
 * walk over plain objects, `xstate/graph` on the chart and `@xstate/graph` on
 * the wrapped rules.  Each must find the same states and the same steps.
 */
import { getAdjacencyMap } from '@xstate/graph'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { charted, difference, disagreements, explored, fingerprintOf, walked, wrapped } from './agree.ts'
import { RANDOM_VERSION, randomSystem } from './arbitrary.ts'
import { explore, type Graph, LimitError } from './explore.ts'
import type { Flat, Row } from './flat.ts'
import { flatten } from './flatten.ts'
import { pack } from './pack.ts'
import { enabled, key, starts, take, walk } from './walk.ts'

/** Some systems are large; XState is slow, and what is wrong shows in small ones. */
const LIMIT = 150
const small = (flat: Flat): Graph => {
  try {
    return explore(pack(flat), { limit: LIMIT })
  } catch (error) {
    if (!(error instanceof LimitError)) throw error
    fc.pre(false)
    throw error
  }
}
const drawn = randomSystem.map(system => flatten(system, RANDOM_VERSION))

const oldCopy = (flat: Flat) =>
  wrapped(flat, ({ logic, events }, options) => getAdjacencyMap(logic, { events, ...options }))

describe('a random system', () => {
  test('has one graph, whoever explores it', () => {
    fc.assert(
      fc.property(drawn, flat => {
        const graph = small(flat)
        expect(disagreements(flat, graph)).toEqual([])
        expect(difference(explored(graph), oldCopy(flat))).toEqual([])
        expect(graph.size.states).toBe(explored(graph).states.size)
      }),
      { numRuns: 300 },
    )
  })

  test('has one graph under every version', () => {
    fc.assert(
      fc.property(randomSystem, fc.constantFrom('8.2', '9.1', '10.0', '11.0'), (system, version) => {
        const flat = flatten(system, version)
        expect(difference(explored(small(flat)), walked(flat))).toEqual([])
      }),
      { numRuns: 200 },
    )
  })

  test('has one fingerprint, computed from whichever graph', () => {
    fc.assert(
      fc.property(drawn, flat => {
        const { fingerprint } = small(flat)
        expect(fingerprintOf(flat, walked(flat))).toBe(fingerprint)
        expect(fingerprintOf(flat, charted(flat))).toBe(fingerprint)
      }),
      { numRuns: 100 },
    )
  })

  test('is walked only along its steps', () => {
    fc.assert(
      fc.property(drawn, fc.array(fc.nat(), { minLength: 1, maxLength: 30 }), (flat, picks) => {
        const { states, steps } = explored(small(flat))
        const known = new Set(steps.map(({ from, row, to }) => `${from} ${row} ${to}`))
        const { start, steps: taken } = walk(flat, picks)
        let at = key(start)
        expect(states.has(at)).toBe(true)
        for (const { row, says, state } of taken) {
          expect(known.has(`${at} ${row.id} ${key(state)}`)).toBe(true)
          expect(says).toBe(row.outputs)
          at = key(state)
        }
        if (taken.length < picks.length - 1) expect(steps.filter(({ from }) => from === at)).toEqual([])
      }),
    )
  })

  test('does not let a row be taken where it is not enabled', () => {
    fc.assert(
      fc.property(drawn, flat => {
        for (const state of starts(flat)) {
          const may = new Set(enabled(flat, state))
          for (const row of flat.rows)
            if (!may.has(row)) expect(() => take(flat, state, row)).toThrow('cannot be taken in')
        }
      }),
    )
  })
})

/** The same system, but one row is another, or is not there. */
const mutate = (flat: Flat, row: Row, into: Row | undefined): Flat => ({
  ...flat,
  rows: flat.rows.flatMap(other => (other !== row ? [other] : into === undefined ? [] : [into])),
})

/** A row that is taken somewhere, and the mutants of it that must be noticed. */
const mutants = (flat: Flat, graph: Graph, pick: number): Flat[] => {
  const rows = flat.rows.filter(row => graph.taken[row.id] !== 0)
  const row = rows[pick % rows.length]
  if (row === undefined) return []
  const altered = row.cells.flatMap((cell, i) => {
    const count = flat.variables[cell.variable]?.values.length ?? 1
    if (cell.to < 0 || count < 2) return []
    const cells = row.cells.with(i, { ...cell, to: (cell.to + 1 + (pick % (count - 1))) % count })
    return [mutate(flat, row, { ...row, cells })]
  })
  return [mutate(flat, row, undefined), ...altered]
}

describe('a row that was changed', () => {
  const noticed = (flat: Flat, pick: number, look: (right: Graph, mutant: Flat) => void) => {
    const right = small(flat)
    const made = mutants(flat, right, pick)
    fc.pre(made.length > 0)
    for (const mutant of made) look(right, mutant)
  }

  test('is noticed by each explorer that is set against those without the change', () => {
    fc.assert(
      fc.property(drawn, fc.nat(), (flat, pick) => {
        noticed(flat, pick, (right, mutant) => {
          small(mutant)
          for (const wrong of [explored(explore(pack(mutant))), walked(mutant), charted(mutant), oldCopy(mutant)]) {
            expect(difference(explored(right), wrong)).not.toEqual([])
          }
        })
      }),
      { numRuns: 100 },
    )
  })

  test('changes the fingerprint', () => {
    fc.assert(
      fc.property(drawn, fc.nat(), (flat, pick) => {
        noticed(flat, pick, (right, mutant) => {
          expect(small(mutant).fingerprint).not.toBe(right.fingerprint)
        })
      }),
      { numRuns: 200 },
    )
  })

  test('does not change the fingerprint when it could never be taken', () => {
    fc.assert(
      fc.property(drawn, flat => {
        const right = small(flat)
        const idle = flat.rows.filter(row => right.taken[row.id] === 0)
        const without = { ...flat, rows: flat.rows.filter(row => !idle.includes(row)) }
        expect(small(without).fingerprint).toBe(right.fingerprint)
      }),
    )
  })
})

describe('a difference', () => {
  const a = { x: 'a' }
  const b = { x: 'b' }
  const reached = (states: readonly { x: string }[], steps: readonly [{ x: string }, number, { x: string }][]) => ({
    states: new Map(states.map(state => [key(state), state])),
    steps: steps.map(([from, row, to]) => ({ from: key(from), row, to: key(to) })),
  })

  test('is told in whole sentences', () => {
    const one = reached(
      [a, b],
      [
        [a, 0, b],
        [b, 1, a],
        [b, 1, a],
      ],
    )
    const other = reached(
      [a],
      [
        [a, 0, b],
        [a, 2, a],
      ],
    )
    expect(difference(one, other)).toMatchInlineSnapshot(`
      [
        "only one has the state {"x":"b"}",
        "only one has the step {"x":"b"} -1-> {"x":"a"}",
        "only the other has the step {"x":"a"} -2-> {"x":"a"}",
        "one has 1 steps twice",
      ]
    `)
  })

  test('is nothing where all is the same', () => {
    const one = reached(
      [a, b],
      [
        [a, 0, b],
        [b, 1, a],
      ],
    )
    expect(
      difference(
        one,
        reached(
          [b, a],
          [
            [b, 1, a],
            [a, 0, b],
          ],
        ),
      ),
    ).toEqual([])
  })
})
