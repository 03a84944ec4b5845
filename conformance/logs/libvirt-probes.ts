/**
 * What libvirt says of its monitors, whoever keeps its log.
 *
 * Its QEMU driver has a probe for each message, and the probe's name is the one
 * thing that does not move between releases: SEND_MSG when a thread queues a
 * command, IO_WRITE when it is really written (again, when that was put off or
 * done in part), RECV_REPLY and RECV_EVENT when a line was read.  The greeting
 * is in debug logs only, as the line that was read.
 * src/qemu/qemu_monitor.c, src/qemu/qemu_monitor_json.c
 */
import type { JsonObject } from '../json.ts'
import { type Item, objectAt } from './format.ts'

const probe =
  /QEMU_MONITOR_(IO_WRITE|SEND_MSG|RECV_REPLY|RECV_EVENT|NEW|CLOSE)\b\s*:?\s+mon=(\S+)(?:\s+(?:buf|msg|reply|event)=)?/
const greeting = /: Line \[(?=\{"QMP":)/

/** Commands that are queued, or whose ids are remembered, of one monitor: one that loses its replies must not grow. */
const REMEMBERED = 4096

/** One monitor. */
class Monitor {
  readonly session: string
  /** Queued, and not seen to be written yet. */
  readonly queued = new Map<string, Item>()
  /** All since the first that is queued, as long as nobody knows whether writing is logged too. */
  readonly held: Item[] = []
  /** Written. */
  readonly written = new Set<string>()

  constructor(session: string) {
    this.session = session
  }

  wrote(id: string): void {
    this.written.add(id)
    const [first] = this.written
    if (this.written.size > REMEMBERED && first !== undefined) this.written.delete(first)
  }

  queue(id: string, item: Item): void {
    this.queued.set(id, item)
    const [first] = this.queued.keys()
    if (this.queued.size > REMEMBERED && first !== undefined) this.queued.delete(first)
  }
}

/** Makes messages of libvirt's probes. */
export class LibvirtProbes {
  /** Lines with a probe's name whose message cannot be read: most often they were cut off. */
  unreadable = 0
  private readonly monitors = new Map<string, Monitor>()
  private readonly generations = new Map<string, number>()
  /** Whether this log has the moment of writing at all, once that is known. */
  private writes: boolean | undefined
  private greeting: { readonly msg: JsonObject; readonly line: number; readonly t: number } | undefined

  /** One entry of the log; `daemon` tells two daemons in one log apart. */
  push(text: string, line: number, t: number, daemon = ''): Item[] {
    const at = text.indexOf('QEMU_MONITOR_')
    if (at < 0) {
      const found = greeting.exec(text)
      const object = found && objectAt(text, found.index + found[0].length)
      // The line does not say whose it is; the next monitor that nothing is known of is.
      if (object) this.greeting = { msg: object.msg, line, t }
      return []
    }
    const found = probe.exec(at > 4096 ? text.slice(at) : text)
    if (found === null) return []
    const [whole, kind, mon = ''] = found
    const key = `${daemon}mon=${mon}`
    if (kind === 'NEW') {
      this.renew(key)
      return []
    }
    if (kind === 'CLOSE') {
      const left = this.flush(this.monitors.get(key))
      this.renew(key)
      return left
    }
    const start = found.index + whole.length + (at > 4096 ? at : 0)
    const object = objectAt(text, start)
    const items = this.greet(key)
    const monitor = this.monitors.get(key)
    if (monitor === undefined) return items
    if (object === undefined) {
      // What is left of a command that was written in part is no message, and none is lost.
      if (kind === 'IO_WRITE' && text.charCodeAt(start) !== 0x7b) return items
      this.unreadable += 1
      return [...items, { session: monitor.session, line, t, dir: '!!', msg: { gap: true } }]
    }
    items.push(...this.take(monitor, kind ?? '', { session: monitor.session, line, t, dir: '->', msg: object.msg }))
    return items
  }

  /** What was queued and never seen to be written, where the log ends. */
  end(): Item[] {
    return [...this.monitors.values()].flatMap(monitor => this.flush(monitor))
  }

  private take(monitor: Monitor, kind: string, item: Item): Item[] {
    const id = JSON.stringify(item.msg.id) ?? ''
    const { queued, written } = monitor
    if (kind === 'IO_WRITE') {
      const before = this.decide(monitor, true)
      // Written again: the first time it was put off, or was not all of it.
      if (id !== '' && written.has(id)) return before
      queued.delete(id)
      monitor.wrote(id)
      return [...before, item]
    }
    if (kind === 'SEND_MSG') {
      if (id !== '' && written.has(id)) return []
      if (this.writes === false) {
        monitor.wrote(id)
        return [item]
      }
      monitor.queue(id, item)
      if (this.writes === undefined) monitor.held.push(item)
      return []
    }
    const said: Item = { ...item, dir: '<-' }
    if (this.writes === undefined && queued.size > 0) {
      monitor.held.push(said)
      return 'event' in item.msg && monitor.held.length < REMEMBERED ? [] : this.decide(monitor, false)
    }
    const known = 'event' in item.msg ? undefined : queued.get(id)
    if (known === undefined) return [said]
    // It is answered, so it was written; the line that says so is lost.
    queued.delete(id)
    return [known, said]
  }

  /** What was held until it was known whether commands count where they are queued or where they are written. */
  private decide(monitor: Monitor, writes: boolean): Item[] {
    this.writes = writes
    const held = monitor.held.splice(0)
    if (writes) return held.filter(({ dir }) => dir === '<-')
    for (const id of monitor.queued.keys()) monitor.wrote(id)
    monitor.queued.clear()
    return held
  }

  private flush(monitor: Monitor | undefined): Item[] {
    if (monitor === undefined) return []
    if (this.writes === undefined) return this.decide(monitor, false)
    // Queued and never written: nobody can say that it was sent, but it may have been.
    const items = [...monitor.queued.values()]
    monitor.queued.clear()
    return items
  }

  private renew(key: string): void {
    // An address is used again for the monitor of another guest.
    if (this.monitors.delete(key)) this.generations.set(key, (this.generations.get(key) ?? 1) + 1)
  }

  private greet(key: string): Item[] {
    if (this.monitors.has(key)) return []
    const generation = this.generations.get(key) ?? 1
    const session = generation === 1 ? key : `${key}#${generation}`
    this.monitors.set(key, new Monitor(session))
    const { greeting } = this
    this.greeting = undefined
    return greeting === undefined ? [] : [{ session, line: greeting.line, t: greeting.t, dir: '<-', msg: greeting.msg }]
  }
}

const stamp = /\b(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:?\d\d)?/

/** The time that a line begins with, in seconds since 1970; 0 where it has none. */
export function timeOf(text: string): number {
  const found = stamp.exec(text.slice(0, 200))
  if (found === null) return 0
  const [, day, time, zone = 'Z'] = found
  const value = Date.parse(`${day}T${time}${zone.replace(/^([+-]\d\d):?(\d\d)$/, '$1:$2')}`)
  return Number.isNaN(value) ? 0 : value / 1000
}
