/** Units of `lockstep check` on several threads. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Progress } from '../../impl/explore.ts'
import { type Answer, type Found, type How, type Order, obey, type Unit, WORKER } from './unit.ts'

/** The file of a worker thread: in a checkout it is TypeScript, in a published package it is not. */
const file = new URL(`./unit.${import.meta.filename.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

/** An error of a thread, as it was there: its name says how lockstep exits. */
function revived({ name, message, stack }: { name: string; message: string; stack: string }): Error {
  const error = new Error(message)
  error.name = name
  error.stack = stack
  return error
}

/** How units are done. */
export interface Ways extends How {
  /** As many as there are processors, when left out. */
  readonly threads?: number
  /** Whether what was found before may be answered. */
  readonly recall?: boolean
  /** Told now and then how far a unit has come. */
  readonly progress?: (unit: Unit, at: Progress) => void
}

/**
 * Does units on several threads, the first ones first.  Answers at once with a
 * promise for each, in order; `started` is called when one is begun.  When one
 * fails, or `stop` is called, the threads end.
 */
export function findAll(
  units: readonly Unit[],
  started: (unit: Unit) => void = () => {},
  { threads = availableParallelism(), recall = false, progress = () => {}, ...rest }: Ways = {},
): { readonly found: readonly Promise<Found>[]; readonly stop: () => Promise<void> } {
  // What is left of the threads, when there are fewer systems, searches with the others.
  const how: How = { ...rest, threads: Math.max(1, Math.floor(threads / Math.max(1, units.length))) }
  const slots = units.map(() => Promise.withResolvers<Found>())
  // Whoever waits for the first is told of the first failure only.
  for (const { promise } of slots) promise.catch(() => {})
  const found = slots.map(({ promise }) => promise)
  let next = 0
  /** Nobody is kept waiting: what has not been found by now will not be. */
  const leave = (error: unknown): void => {
    next = units.length
    for (const { reject } of slots) reject(error)
  }
  const stopped = new Error('it was stopped before it was done')
  if (threads < 2 || units.length < 2) {
    // One after the other, each when the one before it is done: what was found is told as it comes.
    void units.reduce(async (before, unit, i) => {
      await before
      await new Promise(resolve => setImmediate(resolve))
      if (next === units.length) return
      started(unit)
      try {
        const told = (at: Progress) => progress(unit, at)
        slots[i]?.resolve(await obey({ unit, recall, how }, told))
      } catch (error) {
        slots[i]?.reject(error)
      }
    }, Promise.resolve())
    return { found, stop: async () => leave(stopped) }
  }
  const workers = Array.from(
    { length: Math.min(threads, units.length) },
    () => new Worker(file, { workerData: WORKER }),
  )
  const stop = async (): Promise<void> => {
    leave(stopped)
    await Promise.all(workers.map(worker => worker.terminate()))
  }
  const fail = (error: unknown): void => {
    leave(error)
    void stop()
  }
  for (const worker of workers) {
    let at = -1
    const take = (): void => {
      at = next++
      const unit = units[at]
      if (unit === undefined) return void worker.terminate()
      started(unit)
      const order: Order = { unit, recall, how }
      worker.postMessage(order)
    }
    worker.on('message', (answer: Answer) => {
      if ('error' in answer) return fail(revived(answer.error))
      if ('progress' in answer) return progress(units[at] as Unit, answer.progress)
      slots[at]?.resolve(answer.found)
      take()
    })
    worker.on('error', fail)
    // One that ends before its answer would keep everybody waiting.
    worker.on('exit', () => slots[at]?.reject(new Error('a thread ended before it was done')))
    take()
  }
  return { found, stop }
}
