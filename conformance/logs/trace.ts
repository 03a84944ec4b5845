/**
 * QEMU's trace log, as its log backend writes it: `-trace EVENT -D FILE`.
 *
 * A line is the event's name and its text.  With `-msg timestamp=on` it begins
 * with `thread@seconds.micros:`, or, in newer releases, with the time alone; `-d tid`
 * has every thread write a file of its own, whose name then says which it is.
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { traceEvents } from '../../spec/traces.ts'
import { excerpt, type JsonObject } from '../json.ts'
import { type Line, type Side, type Transcript, TranscriptError } from '../transcript.ts'
import type { Format, Item, LogReader } from './format.ts'

/** A line of a trace log; what a `!!` line of a transcript holds. */
export type Traced = {
  readonly trace: string
  readonly text: string
  readonly thread?: string
  /** Seconds since 1970, by QEMU's clock. */
  readonly at?: number
}

const form =
  /^(?:(?<thread>\d+)@(?<at>\d+\.\d+):|(?<iso>\d{4}-\d\d-\d\dT[\d:.]+Z) )?(?<trace>[a-z]\w*)(?: (?<text>.*))?$/
const names: ReadonlySet<string> = new Set(traceEvents.map(({ event }) => event))

/** Reads one line; nothing for what is no trace event that rules speak of. */
export function readTraced(line: string, thread?: string): Traced | undefined {
  const found = form.exec(line.trimEnd())?.groups
  if (found?.trace === undefined || !names.has(found.trace)) return undefined
  const at = found.at !== undefined ? Number(found.at) : found.iso !== undefined ? microseconds(found.iso) : undefined
  const by = found.thread ?? thread
  return {
    trace: found.trace,
    text: found.text ?? '',
    ...(by !== undefined && { thread: by }),
    ...(at !== undefined && { at }),
  }
}

/** A time with more digits than a `Date` keeps. */
function microseconds(iso: string): number | undefined {
  const fraction = /\.\d+/.exec(iso)?.[0] ?? ''
  const whole = Date.parse(iso.replace(fraction, '')) / 1000
  return Number.isNaN(whole) ? undefined : Number(`${whole}${fraction}`)
}

/** What makes QEMU write its trace log, a file a thread, for `TraceFiles` to read. */
export const traceArgs = (dir: string, name: string): string[] => [
  '-msg',
  'timestamp=on',
  '-d',
  'tid',
  '-D',
  join(dir, `${name}-%d.trace`),
  ...[...names].flatMap(event => ['-trace', event]),
]

/** The events that `traceArgs` asks for. */
export const traced: readonly string[] = [...names]

const chunk = Buffer.alloc(64 * 1024)

/** The trace log of a QEMU that runs, as it comes. */
export class TraceFiles {
  private readonly dir: string
  private readonly name: RegExp
  private readonly open = new Map<string, { fd: number; rest: string }>()
  private closed = false

  constructor(dir: string, name: string) {
    this.dir = dir
    this.name = new RegExp(`^${name}-(\\d+)\\.trace$`)
  }

  /** What was written since it was last asked for, the threads in the order of their clocks. */
  read(): Traced[] {
    if (this.closed) return []
    for (const file of readdirSync(this.dir)) {
      const thread = this.name.exec(file)?.[1]
      if (thread !== undefined && !this.open.has(thread))
        this.open.set(thread, { fd: openSync(join(this.dir, file), 'r'), rest: '' })
    }
    const found = [...this.open].flatMap(([thread, file]) => {
      for (;;) {
        const length = readSync(file.fd, chunk, 0, chunk.length, null)
        if (length === 0) break
        file.rest += chunk.toString('latin1', 0, length)
      }
      const lines = file.rest.split('\n')
      file.rest = lines.pop() ?? ''
      return lines.flatMap(line => readTraced(line, thread) ?? [])
    })
    return found.sort((a, b) => (a.at ?? 0) - (b.at ?? 0))
  }

  /** Lets the files go. */
  close(): void {
    this.closed = true
    for (const { fd } of this.open.values()) closeSync(fd)
    this.open.clear()
  }
}

/** Whether a text is a trace log: its first line that is not empty is a trace event that rules speak of. */
export const isTrace = (text: string): boolean => {
  const first = text.split('\n', 50).find(line => line.trim() !== '' && !/^\S*qemu\S*: /.test(line))
  return first !== undefined && readTraced(first) !== undefined
}

/** A log in which this is found is a destination's. */
const ofDestination = /\(inmigrate\)|Receive 'checkpoint-request'|Send 'checkpoint-ready'/

/**
 * Reads a trace log that one QEMU wrote, as a transcript of that side; lines of other events are passed over.
 *
 * Which threads wrote it is known only where its lines say so; lines that do not are taken to be one thread's.
 *
 * @param file its name in error messages
 * @throws TranscriptError when it has no line that rules speak of, or one that is cut short
 */
export function readTrace(text: string, file: string): Transcript {
  const side: Side = ofDestination.test(text) ? 'dst' : 'src'
  let start: number | undefined
  const lines = text.split('\n').flatMap((raw, i): Line[] => {
    const one = readTraced(raw)
    if (one === undefined) return []
    const event = traceEvents.find(({ event }) => event === one.trace)
    if (!new RegExp(event?.text ?? '', 'u').test(one.text))
      throw new TranscriptError(file, i + 1, `not as ${one.trace} writes it: ${excerpt(raw)}`)
    start ??= one.at
    const t = one.at === undefined ? 0 : Math.round((one.at - (start ?? 0)) * 1e6) / 1e6
    return [{ line: i + 1, t, side, dir: '!!', msg: one as JsonObject }]
  })
  if (lines.length === 0)
    throw new TranscriptError(file, 1, `no trace event that rules speak of; those are ${traced.join(', ')}`)
  return { file, header: { lockstep: 1 }, lines }
}

class TraceReader implements LogReader {
  private readonly lines: string[] = []
  private readonly file: string

  constructor(file: string) {
    this.file = file
  }

  /** A trace log is kept whole: what its threads wrote is looked at in every order. */
  push(text: string, line: number): readonly Item[] {
    this.lines[line - 1] = text
    return []
  }

  end(): readonly Item[] {
    const { lines } = readTrace(Array.from(this.lines, line => line ?? '').join('\n'), this.file)
    return lines.map(line => ({ session: '', ...line }))
  }
}

/** QEMU's own. */
export const trace: Format = {
  name: 'trace',
  about: "QEMU's trace log: `-trace EVENT -D FILE`, with `-msg timestamp=on` or without",
  sample: 'migrate_set_state new state setup\n',
  fits: head => isTrace(head.join('\n')),
  reader: file => new TraceReader(file),
}
