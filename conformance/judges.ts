/**
 * Transcripts judged on threads of their own, so that a hard one holds up neither
 * the pairs that are being driven meanwhile nor their clocks.
 *
 * As a worker thread this file judges those that it is sent, one after the other.
 */
import { availableParallelism, getPriority, setPriority } from 'node:os'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { neededRules } from './needed.ts'
import type { Transcript } from './transcript.ts'
import { type Judgement, validate } from './validate.ts'

/** In a checkout it is TypeScript, in a published package it is not. */
const file = new URL(import.meta.url)

const WORKER = 'lockstep judge'

/** Threads that judge give way to QEMUs, which others wait for. */
const niceness = 5

type Order =
  | { readonly ask: 'verdict'; readonly transcript: Transcript; readonly version: string }
  | {
      readonly ask: 'needed'
      readonly transcript: Transcript
      readonly version: string
      readonly known: readonly string[]
    }

/** What each is answered. */
interface Answers {
  readonly verdict: Judgement
  readonly needed: readonly string[]
}

type Answer = { readonly answer: Answers[keyof Answers] } | { readonly error: string }

/** A transcript that is not judged after so long, in milliseconds, is given up; most take a tenth of a second. */
const patienceMs = 240_000

/** Judges that are at hand until `close`. */
export interface Judges {
  /** Like `validate` of validate.ts, elsewhere and later. */
  readonly validate: (transcript: Transcript, options?: { readonly version?: string }) => Promise<Judgement>
  /** Like `neededRules` of needed.ts: the rules that a transcript shows, but for those that are known. */
  readonly needed: (transcript: Transcript, version: string, known: readonly string[]) => Promise<readonly string[]>
  /** Lets them go; what is being judged is not judged to its end. */
  readonly close: () => Promise<void>
}

interface Job {
  readonly order: Order
  readonly resolve: (answer: Answers[keyof Answers]) => void
  readonly reject: (error: Error) => void
  /** The answer where none is found in time. */
  readonly otherwise: Answers[keyof Answers]
}

const tooHard = {
  verdict: 'inconclusive',
  message: 'too many states fit it: no judge came to a verdict in time',
  skipped: {},
} as const

class Pool implements Judges {
  private readonly most: number
  private readonly idle: Worker[] = []
  private readonly busy = new Map<Worker, Job>()
  private readonly queue: Job[] = []
  private readonly timers = new Map<Worker, NodeJS.Timeout>()
  private readonly patienceMs: number
  private closed = false

  constructor(most: number, patience: number) {
    this.most = most
    this.patienceMs = patience
  }

  readonly validate: Judges['validate'] = (transcript, { version = 'auto' } = {}) =>
    this.ask<'verdict'>({ ask: 'verdict', transcript, version }, { ...tooHard, file: transcript.file, version })

  readonly needed: Judges['needed'] = (transcript, version, known) =>
    this.ask<'needed'>({ ask: 'needed', transcript, version, known }, [])

  private ask<K extends Order['ask']>(order: Order & { readonly ask: K }, otherwise: Answers[K]): Promise<Answers[K]> {
    const { promise, resolve, reject } = Promise.withResolvers<Answers[K]>()
    // Whoever is asked answers what was asked.
    this.queue.push({ order, resolve: answer => resolve(answer as Answers[K]), reject, otherwise })
    this.next()
    return promise
  }

  readonly close = async (): Promise<void> => {
    this.closed = true
    const gone = new Error('its judge was let go')
    for (const timer of this.timers.values()) clearTimeout(timer)
    for (const { reject } of [...this.queue.splice(0), ...this.busy.values()]) reject(gone)
    await Promise.all([...this.idle, ...this.busy.keys()].map(worker => worker.terminate()))
  }

  private next(): void {
    if (this.closed || this.queue.length === 0) return
    const worker = this.idle.pop() ?? (this.busy.size < this.most ? this.hire() : undefined)
    const job = worker === undefined ? undefined : this.queue.shift()
    if (worker === undefined || job === undefined) return
    this.busy.set(worker, job)
    const timer = setTimeout(() => {
      job.resolve(job.otherwise)
      this.busy.delete(worker)
      void worker.terminate()
      this.next()
    }, this.patienceMs)
    this.timers.set(worker, timer)
    worker.ref()
    worker.postMessage(job.order)
  }

  private hire(): Worker {
    const worker = new Worker(file, { workerData: WORKER })
    const leave = (error: Error): void => {
      clearTimeout(this.timers.get(worker))
      this.busy.get(worker)?.reject(error)
      this.busy.delete(worker)
      this.next()
    }
    worker.on('message', (answer: Answer) => {
      clearTimeout(this.timers.get(worker))
      const job = this.busy.get(worker)
      this.busy.delete(worker)
      this.idle.push(worker)
      // Nobody is kept from leaving by a judge without work.
      worker.unref()
      if ('error' in answer) job?.reject(new Error(answer.error))
      else job?.resolve(answer.answer)
      this.next()
    })
    worker.on('error', leave)
    worker.on('exit', () => leave(new Error('a judge left before it was done')))
    return worker
  }
}

/**
 * Judges, hired as they are needed.
 *
 * @param threads how many at most; as many as there are processors when left out
 * @param patience how long one may take over a transcript, in milliseconds; then it is inconclusive
 */
export const judges = (threads = availableParallelism(), patience = patienceMs): Judges => new Pool(threads, patience)

if (!isMainThread && workerData === WORKER) {
  try {
    // Linux has it for the thread that asks.
    setPriority(0, Math.min(getPriority() + niceness, 19))
  } catch {
    // Then they do not give way.
  }
  parentPort?.on('message', (order: Order) => {
    const { transcript, version } = order
    let answer: Answer
    try {
      answer = {
        answer:
          order.ask === 'verdict'
            ? validate(transcript, { version })
            : neededRules(transcript, version, new Set(order.known)),
      }
    } catch (error) {
      answer = { error: error instanceof Error ? error.message : String(error) }
    }
    parentPort?.postMessage(answer)
  })
}
