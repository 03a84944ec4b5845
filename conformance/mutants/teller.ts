/** What a system answers in each state to whoever asks how it is, as a number, for comparisons. */
import type { Tell } from '../../impl/apart-side.ts'
import { isIn } from '../../impl/flat.ts'
import { readCondition } from '../../impl/move.ts'
import { anyOf, type Packed, type Test } from '../../impl/pack.ts'
import type { Json, Machine, Pattern, Query } from '../../spec/lang.ts'

const never: Test = () => false

/** A pattern in a side's words as a test; a variable that is not there is at its first value. */
function testOf(packed: Packed, side: string, machine: Machine, pattern: Pattern): Test {
  const { flat } = packed
  const cells = []
  for (const [name, condition] of Object.entries(pattern)) {
    if (condition === undefined) continue
    const variable = flat.index.get(`${side}.${name}`) ?? flat.index.get(name)
    const values = flat.variables[variable ?? -1]?.values
    if (variable === undefined || values === undefined) {
      const own = machine.variables[name] ?? ['']
      if ((readCondition(condition as Json, own) & 1) === 0) return never
    } else cells.push({ variable, from: readCondition(condition as Json, values), to: -1 })
  }
  return anyOf(packed, [cells])
}

/** Numbers of texts: the same text has the same number wherever these are shared. */
export class Numbers {
  private readonly known = new Map<string, number>([['', 0]])

  of(text: string): number {
    const known = this.known.get(text) ?? this.known.size
    this.known.set(text, known)
    return known
  }
}

/** A query as a side answers it: 0 where it does not, else which answer it is. */
function answerOf(packed: Packed, side: string, machine: Machine, { where, tables }: Query, numbers: Numbers): Tell {
  const may = testOf(packed, side, machine, where)
  const parts = tables.map(table =>
    // Answers that say the same are the same.
    table.map(([pattern, match]) => ({
      fits: testOf(packed, side, machine, pattern),
      answer: numbers.of(JSON.stringify(match)),
    })),
  )
  return (states, at) => {
    if (!may(states, at)) return 0
    return numbers.of(parts.map(part => part.find(({ fits }) => fits(states, at))?.answer ?? 0).join())
  }
}

/** What each living side answers to each query. */
export function tellersOf(packed: Packed, queries: Machine, numbers = new Numbers()): Tell[] {
  const { sides, version } = packed.flat
  return sides.flatMap(side => {
    const alive = packed.flat.index.has(`${side}.process`)
      ? testOf(packed, side, queries, { process: 'alive' } as Pattern)
      : (): boolean => true
    return queries.queries
      .filter(query => isIn(version, query))
      .map((query): Tell => {
        const answer = answerOf(packed, side, queries, query, numbers)
        return (states, at) => (alive(states, at) ? answer(states, at) : 0)
      })
  })
}
