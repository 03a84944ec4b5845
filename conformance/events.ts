/** The events of a session: who wants to know, and what has been. */
import { excerpt, type Json, type JsonObject } from './json.ts'

/** An event as QMP sends it. */
export type Event = { event: string; data?: JsonObject; [member: string]: Json | undefined }

/** Events that are remembered; the oldest go first. */
const memory = 10_000

/** Remembers events and passes them on. */
export class Events {
  private readonly watchers = new Set<(event: Event) => void>()
  private readonly known: Event[] = []
  private forgotten = 0

  /** How many there have been. */
  get mark(): number {
    return this.forgotten + this.known.length
  }

  /** Takes one in. */
  add(event: Event): void {
    if (this.known.push(event) > memory) {
      this.known.shift()
      this.forgotten++
    }
    for (const watcher of this.watchers) watcher(event)
  }

  /** Those that came after a mark was taken. */
  since(mark: number): Event[] {
    return this.known.slice(Math.max(mark - this.forgotten, 0))
  }

  /** Calls back at each.  Returns what stops it. */
  watch(watcher: (event: Event) => void): () => void {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  /** Those since a mark, for a message. */
  told(mark: number): string {
    const names = this.since(mark).map(({ event, data }) => (data === undefined ? event : `${event} ${excerpt(data)}`))
    return names.join(', ') || 'no event at all'
  }
}
