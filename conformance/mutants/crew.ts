/**
 * Mutants tried on threads of their own, as many at once as there are jobs.
 *
 * As a worker thread this file tries those that it is sent, one after the other.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Edit } from '../../spec/lang.ts'
import { type Effort, tryEdits, type Verdict } from './trial.ts'

const file = new URL(import.meta.url)

const WORKER = 'lockstep mutants'

/** A mutant that is to be tried. */
export interface Order {
  readonly edits: readonly Edit[]
  readonly version: string
  readonly effort: Effort
  readonly rule: string
}

/** Tries each; calls back with each verdict as it comes, by the place of its order. */
export async function tryAll(
  orders: readonly Order[],
  jobs: number,
  onVerdict: (place: number, verdict: Verdict) => void,
): Promise<void> {
  if (jobs <= 1) {
    for (const [place, { edits, version, effort, rule }] of orders.entries())
      onVerdict(place, tryEdits(edits, version, effort, rule))
    return
  }
  let next = 0
  const work = async (): Promise<void> => {
    const worker = new Worker(file, { workerData: WORKER })
    const { promise: over, resolve: done, reject: fail } = Promise.withResolvers<void>()
    let place = -1
    const send = (): void => {
      place = next++
      const order = orders[place]
      if (order === undefined) done()
      else worker.postMessage(order)
    }
    worker.on('error', fail)
    worker.on('message', (verdict: Verdict) => {
      onVerdict(place, verdict)
      send()
    })
    send()
    await over.finally(() => worker.terminate())
  }
  await Promise.all(Array.from({ length: Math.min(jobs, orders.length) }, work))
}

if (!isMainThread && workerData === WORKER) {
  parentPort?.on('message', ({ edits, version, effort, rule }: Order) => {
    parentPort?.postMessage(tryEdits(edits, version, effort, rule))
  })
}
