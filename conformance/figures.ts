/**
 * What a QEMU by its rules has to count: the memory that it has sent, and how
 * long that took.  The rules say which answers have figures; these are such as
 * an idle guest of 64 MiB shows, sent at `max-bandwidth` by the clock.
 *
 * A figure never goes back while a migration lasts, and when it has completed
 * everything has been sent.
 */
import type { Row } from '../impl/flat.ts'
import { isObject, type Members } from '../impl/frames.ts'
import type { Ask } from '../impl/runner.ts'
import type { Json } from '../spec/lang.ts'
import { introspectionOf, membersOf } from './introspect.ts'
import { destinationOf } from './meeting.ts'

const pageSize = 4096
/** 64 MiB of memory and what the devices of a PC have of their own, as 10.0 and 11.1 say it. */
const total = 67_444_736
/** Zero pages: nine bytes each. */
const duplicate = 255
/** What an idle guest writes between two passes, in pages. */
const dirtied = 46
/** What `max-bandwidth` 0 stands for here, in bytes a second. */
const unlimited = 2 ** 30

const sending = new Set(['active', 'device', 'postcopy-device', 'postcopy-active'])
const postcopy = new Set(['postcopy-device', 'postcopy-active', 'postcopy-paused', 'postcopy-recover'])
const ends = new Set(['completed', 'failed', 'cancelled'])

/** A migration as its source counts it; times in milliseconds. */
interface Count {
  readonly begun: number
  setup: number
  pass: number
  precopy: number
  postcopy: number
  remaining: number
  /** When it was last counted. */
  at: number
  status: string
  stopped?: number
  downtime?: number
  ended?: number
}

/** Of one QEMU. */
class Side {
  parameters: Members
  count: Count | undefined
  incoming: Members | undefined

  constructor(parameters: Members) {
    this.parameters = parameters
  }

  /** A status has come. */
  become(status: string, now: number): void {
    if (status === 'setup') {
      this.count = { begun: now, setup: 0, pass: 0, precopy: 0, postcopy: 0, remaining: total, at: now, status }
      return
    }
    const { count } = this
    if (count === undefined) return
    this.advance(now)
    if (count.status === 'setup') count.setup = now - count.begun
    // Everything has arrived, whatever the clock says.
    if (status === 'completed') this.send(count.remaining)
    if (status === 'completed' || status === 'postcopy-active')
      count.downtime ??= Math.max(1, now - (count.stopped ?? now))
    if (ends.has(status)) count.ended ??= now
    count.status = status
  }

  /** The memory has been gone through once more. */
  pass(now: number): number {
    const { count } = this
    if (count === undefined) return 1
    this.advance(now)
    count.pass++
    // The first look at what has been written is taken before anything is sent.
    if (count.pass === 1) return 1
    this.send(count.remaining)
    count.remaining = dirtied * pageSize
    return count.pass
  }

  /** Counts what has been sent until now. */
  advance(now: number): void {
    const { count } = this
    if (count === undefined) return
    const rate = this.parameters[postcopy.has(count.status) ? 'max-postcopy-bandwidth' : 'max-bandwidth']
    const most = (now - count.at) * ((typeof rate === 'number' && rate > 0 ? rate : unlimited) / 1000)
    if (sending.has(count.status)) this.send(Math.min(count.remaining, Math.floor(most)))
    count.at = now
  }

  private send(bytes: number): void {
    const { count } = this
    if (count === undefined) return
    count[postcopy.has(count.status) ? 'postcopy' : 'precopy'] += bytes
    count.remaining -= bytes
  }

  /** All that can be told of a migration, whether or not a release tells it. */
  told(now: number): Members {
    const { count } = this
    if (count === undefined) return {}
    this.advance(now)
    const bytes = count.precopy + count.postcopy
    const ms = Math.max(1, (count.ended ?? now) - count.begun)
    const normal = Math.floor(bytes / pageSize)
    const done = count.status === 'completed'
    return {
      'total-time': ms,
      'setup-time': count.setup,
      ...(count.downtime === undefined
        ? { 'expected-downtime': this.parameters['downtime-limit'] ?? 300 }
        : { downtime: count.downtime }),
      ...(done ? {} : { remaining: count.remaining }),
      ram: {
        transferred: bytes + 9 * duplicate,
        remaining: count.remaining,
        total,
        duplicate,
        skipped: 0,
        normal,
        'normal-bytes': normal * pageSize,
        'dirty-pages-rate': 0,
        mbps: Math.round((bytes * 8) / ms) / 1000,
        'dirty-sync-count': Math.max(1, count.pass),
        'postcopy-requests': 0,
        'page-size': pageSize,
        'multifd-bytes': 0,
        'pages-per-second': Math.round((normal * 1000) / ms),
        'precopy-bytes': count.precopy,
        'downtime-bytes': 0,
        'postcopy-bytes': count.postcopy,
        'dirty-sync-missed-zero-copy': 0,
      },
    }
  }
}

/** The members of one object that another names. */
export const only = (given: Members, names: ReadonlySet<string>): Members =>
  Object.fromEntries(Object.entries(given).filter(([name]) => names.has(name)))

/** Follows what is done, and completes what is answered. */
export class Figures {
  private readonly release: string
  private readonly now: () => number
  private readonly names: readonly string[]
  private readonly sides = new Map<string, Side>()

  /** @param variables the names of the system's variables, in order */
  constructor(release: string, variables: readonly string[], now: () => number = Date.now) {
    this.release = release
    this.names = variables
    this.now = now
  }

  private side(name: string): Side {
    let side = this.sides.get(name)
    if (side === undefined) {
      side = new Side(introspectionOf(this.release).parameters)
      this.sides.set(name, side)
    }
    return side
  }

  /** A row has been taken; see `RunnerOptions.onStep`. */
  taken({ cells, outputs }: Row, values: (variable: number, to: number) => string, ask?: Ask): void {
    const now = this.now()
    for (const { variable, to } of cells) {
      if (to < 0) continue
      const [at = '', name] = (this.names[variable] ?? '').split('.')
      if (name === 'migration') this.side(at).become(values(variable, to), now)
      const { count } = this.side(at)
      if (name === 'vm' && count !== undefined) {
        const stops = values(variable, to) !== 'running'
        if (stops) count.stopped ??= now
        else if (count.downtime === undefined) delete count.stopped
      }
    }
    if (ask === undefined || !outputs.some(({ kind }) => kind === 'returns')) return
    const side = this.side(ask.side)
    if (ask.command === 'migrate-set-parameters') side.parameters = { ...side.parameters, ...ask.arguments }
    if (ask.command === 'migrate-incoming' || ask.command === 'migrate-recover') side.incoming = ask.arguments
  }

  /** See `RunnerOptions.figures`. */
  complete(answer: Json, at: string, name: string): Json {
    const side = this.side(at)
    if (!isObject(answer)) return answer
    if (name === 'MIGRATION_PASS') return { ...answer, pass: side.pass(this.now()) }
    if (name === 'query-migrate-parameters') return { ...answer, ...side.parameters }
    if (name !== 'query-migrate') return answer
    const info = membersOf(this.release, name)
    const { ram, ...rest } = side.told(this.now())
    const counted = isObject(answer.ram) && isObject(ram)
    return {
      ...answer,
      ...(counted && { ...only(rest, info), ram: only(ram, membersOf(this.release, name, 'ram')) }),
      ...(!counted && listens(answer, side.incoming)),
    }
  }
}

/** Where a destination that is not done yet listens, as it says itself. */
function listens({ status }: Members, incoming: Members | undefined): Members {
  if (incoming === undefined || typeof status !== 'string' || ends.has(status)) return {}
  const to = destinationOf(incoming, true)
  if (to?.kind !== 'socket') return {}
  const { address } = to
  return {
    'socket-address': [
      address.kind === 'unix'
        ? { type: 'unix', path: address.path }
        : { type: 'inet', host: address.host, port: String(address.port) },
    ],
  }
}
