/** Lies told to the harness while it drives a real QEMU: cases whose monitors lie once each. */
import { dirname, join } from 'node:path'
import { cases } from '../../spec/cases.ts'
import type { Case } from '../../spec/script.ts'
import { judge } from '../conform.ts'
import { run } from '../run.ts'
import { launched } from '../stage.ts'
import { type Plan, tamper } from '../tamper.ts'
import type { Side } from '../transcript.ts'
import { validate } from '../validate.ts'
import type { KeptWire } from './score.ts'

/** A lie at one side of one case. */
interface Lie {
  readonly of: Case
  readonly at: Side
  readonly plan: Plan
}

/** What is told in these cases, and is impossible wherever it comes: no status of them is said twice, or may be missing. */
function planned(): Lie[] {
  const kinds = ['drop', 'double', 'delay', 'rename', 'status'] as const
  const places = [
    { id: 'precopy/complete/1', at: 'src', events: ['MIGRATION 1', 'MIGRATION 2', 'STOP 1'] },
    { id: 'precopy/complete/1', at: 'dst', events: ['MIGRATION 1', 'MIGRATION 2', 'RESUME 1'] },
    { id: 'precopy/cancel/1', at: 'src', events: ['MIGRATION 1', 'MIGRATION 3', 'MIGRATION 4'] },
    { id: 'precopy/dead-address/1', at: 'src', events: ['MIGRATION 1', 'MIGRATION 2'] },
  ] as const
  return places.flatMap(({ id, at, events }) => {
    const of = cases.find(one => one.id === id)
    if (of === undefined) return []
    return events.flatMap(text => {
      const [event = '', n = '1'] = text.split(' ')
      return kinds.flatMap(kind =>
        // Where an event is not one of a chain of its own, it may have come that much later.
        event !== 'MIGRATION' && (kind === 'status' || kind === 'delay')
          ? []
          : [{ of, at, plan: { kind, event, n: Number(n) } }],
      )
    })
  })
}

/** Runs every lie, or so many, against a binary; counts those that were told, and those of them that were noticed. */
export async function liveWire(
  binary: string,
  version: string,
  most = Number.POSITIVE_INFINITY,
  tell: (text: string) => void = () => {},
): Promise<KeptWire[]> {
  const counts = new Map<string, { made: number; noticed: number }>()
  for (const { of, at, plan } of planned().slice(0, most)) {
    let lying: Awaited<ReturnType<typeof tamper>> | undefined
    const via = async (side: Side, path: string): Promise<string> => {
      if (side !== at) return path
      const listen = join(dirname(path), `${side}.lie`)
      lying = await tamper(listen, path, plan)
      return listen
    }
    const done = await run(of, launched(binary, binary, { via }), { seed: 1, timeoutScale: 2 })
    const told = lying?.done() === true
    lying?.close()
    if (!told) continue
    const { verdict, message } = judge(done, validate, version)
    // What is held back until the script gives up is seen in that the script does not come to its end.
    const noticed = verdict === 'violates' || verdict === 'inconclusive'
    if (!noticed) tell(`${of.id} ${at} ${plan.kind} ${plan.event} ${plan.n}: ${verdict}\n${message}`)
    const kind = `${plan.kind}, live`
    const count = counts.get(kind) ?? { made: 0, noticed: 0 }
    counts.set(kind, { made: count.made + 1, noticed: count.noticed + (verdict === 'violates' ? 1 : 0) })
  }
  return [...counts].map(([kind, count]) => ({ version, kind, ...count }))
}
