/**
 * A log to transcripts: recognises its format, takes it apart by monitor, and
 * says of each which side of a migration it is.
 */
import { isObject } from '../json.ts'
import { type Header, type Line, type Side, type Transcript, TranscriptError } from '../transcript.ts'
import { versionIn } from '../whose.ts'
import type { Format, Item, LogReader } from './format.ts'
import { formatOf, formats, headLines } from './formats.ts'
import { Cutter } from './input.ts'

/** How far a log is read to find the first line that tells its format. */
const PATIENCE = 50_000

/** Takes the bytes of a log, and gives its messages. */
export class LogFeed {
  format: Format | undefined
  /** The line that was read last. */
  line = 0
  private reader: LogReader | undefined
  private readonly file: string
  private readonly cutter = new Cutter()
  private head: string[] = []

  constructor(file: string, format?: Format) {
    this.file = file
    if (format !== undefined) this.use(format)
  }

  get header(): Header | undefined {
    return this.reader?.header
  }

  /** Lines that cannot be read, though they look as if they were of the log's format. */
  get unreadable(): number {
    return (this.reader?.unreadable ?? 0) + this.cutter.tooLong
  }

  /** The messages that a chunk finishes.  Throws `TranscriptError` for what is no log, or no such log. */
  push(chunk: Buffer): Item[] {
    return this.take(this.cutter.push(chunk))
  }

  /** The messages that the log ends with. */
  end(): Item[] {
    const items = this.take(this.cutter.end())
    if (this.reader === undefined) {
      this.recognise(true)
      items.push(...this.drain())
    }
    for (const item of this.reader?.end() ?? []) items.push(item)
    return items
  }

  private take(lines: readonly (string | undefined)[]): Item[] {
    if (this.reader === undefined) {
      for (const line of lines) this.head.push(line ?? '')
      this.recognise(this.head.length > PATIENCE)
      return this.reader === undefined ? [] : this.drain()
    }
    const items: Item[] = []
    for (const line of lines) this.read(line, items)
    return items
  }

  private drain(): Item[] {
    const items: Item[] = []
    const { head } = this
    this.head = []
    for (const line of head) this.read(line, items)
    return items
  }

  private read(text: string | undefined, items: Item[]): void {
    this.line += 1
    if (text === undefined) {
      if (this.format?.name === 'pair') throw new TranscriptError(this.file, this.line, 'line longer than 16 MiB')
      return
    }
    const found = this.reader?.push(this.line === 1 ? text.replace(/^\ufeff/, '') : text, this.line) ?? []
    for (const item of found) items.push(item)
  }

  private recognise(last: boolean): void {
    const { head } = this
    const found = formatOf(head.length <= headLines ? head : [...head.slice(0, headLines), ...head.slice(-headLines)])
    if (found !== undefined) this.use(found)
    if (found !== undefined || !last) return
    const [first = ''] = head.filter(line => line.trim() !== '')
    // Whoever wrote JSON meant a transcript, most often, and is told what is wrong with it.
    const pair = formats.find(({ name }) => name === 'pair')
    if ((first === '' || first.startsWith('{')) && pair !== undefined) {
      this.use(pair)
      return
    }
    throw new TranscriptError(
      this.file,
      1,
      `no log of a form that is known (${formats.map(({ name }) => name).join(', ')}); say --format if it is one`,
    )
  }

  private use(format: Format): void {
    this.format = format
    this.reader = format.reader(this.file)
  }
}

/** Which side the messages of one monitor speak for: `either` where nothing tells. */
export function sideOf(messages: Iterable<Pick<Line, 'dir' | 'msg'>>): Side | 'either' {
  for (const { dir, msg } of messages) {
    if (dir === '->') {
      if (msg.execute === 'migrate-incoming' || msg['exec-oob'] === 'migrate-recover') return 'dst'
      if (msg.execute === 'migrate' || msg.execute === 'migrate-start-postcopy') return 'src'
    } else if (msg.event === 'MIGRATION_PASS') return 'src'
    else if (msg.event === 'MIGRATION' && isObject(msg.data)) {
      if (ofSource.has(String(msg.data.status))) return 'src'
    } else if (isObject(msg.return) && msg.return.status === 'inmigrate') return 'dst'
  }
  return 'either'
}

const ofSource: ReadonlySet<string> = new Set(['cancelling', 'cancelled', 'pre-switchover', 'wait-unplug'])

/** Whether a monitor was watched from its beginning: it greets, or the session is opened. */
export const beginsAtStart = (first: Pick<Line, 'dir' | 'msg'> | undefined): boolean =>
  first !== undefined && ('QMP' in first.msg || (first.dir === '->' && first.msg.execute === 'qmp_capabilities'))

/** What a file was found to hold. */
export interface Log {
  readonly format: Format
  readonly transcripts: readonly Transcript[]
  readonly unreadable: number
}

/** The transcripts that the messages of a log make. */
export function logOf(
  name: string,
  feed: Pick<LogFeed, 'format' | 'header' | 'unreadable'>,
  items: readonly Item[],
  side?: Side,
): Log {
  const format = feed.format ?? formats[0]
  if (format === undefined) throw new Error('there is no format')
  const sessions = Map.groupBy(items, ({ session }) => session)
  if (sessions.size === 0) sessions.set('', [])
  const versions = new Set(items.flatMap(({ msg }) => versionIn(msg) ?? []))
  const [only] = versions
  const transcripts = [...sessions].map(([session, list]): Transcript => {
    const own = list.find(({ msg }) => versionIn(msg) !== undefined)
    // A host has one QEMU, most often: what one monitor says of it, the others need not.
    const qemu = own === undefined && versions.size === 1 ? only : own && versionIn(own.msg)
    return transcriptOf(session === '' ? name : `${name} (${session})`, format, feed.header, list, qemu, side)
  })
  return { format, transcripts, unreadable: feed.unreadable }
}

function transcriptOf(
  file: string,
  format: Format,
  header: Header | undefined,
  items: readonly Item[],
  qemu: string | undefined,
  asked: Side | undefined,
): Transcript {
  const told = items.some(({ side }) => side !== undefined)
  const guess = asked ?? (told ? undefined : sideOf(items))
  const side = guess === 'either' ? 'src' : (guess ?? 'src')
  const [first] = items
  const t0 = first?.t ?? 0
  const lines = items.map(
    (item): Line => ({
      line: item.line,
      t: told ? item.t : item.t - t0,
      side: asked ?? item.side ?? side,
      dir: item.dir,
      msg: item.msg,
    }),
  )
  return {
    file,
    header: header ?? { lockstep: 1, ...(qemu !== undefined && { qemu }) },
    lines,
    ...(format.name !== 'pair' && format.name !== 'trace' && !told && !beginsAtStart(first) && { begins: 'anywhere' }),
    ...(format.events !== undefined && { events: format.events }),
  }
}
