/**
 * The pair transcript: what was said to, by and about one QEMU or two.
 *
 * NDJSON, a header line and then a line a message, in the order in which the
 * recorder saw them.  That order can be relied on within a side only.
 */
import { excerpt, isObject, type Json, type JsonObject, LineError, Lines, parseJson } from './json.ts'
import { headerShape, lineShape, observationShape, problemOf, type Shape } from './shape.ts'

/** An endpoint of a migration: the source, which a lone endpoint is as well, or the destination. */
export type Side = 'src' | 'dst'

/** `->` sent to QEMU, `<-` received from it, `!!` observed by the harness. */
export type Direction = '->' | '<-' | '!!'

/** The first line.  Members that we do not know are kept. */
export interface Header {
  readonly lockstep: 1
  /** QEMU's version, such as `11.1.3`, for both sides or for each. */
  readonly qemu?: string | { readonly src?: string; readonly dst?: string }
  /** The case that was driven, as `spec/section/n`. */
  readonly case?: string
  readonly scenario?: string
  /** What the harness drew its choices from. */
  readonly seed?: number
  /** `listed`: every fault is a `!!` line, so where none is listed the network was sound. */
  readonly faults?: 'listed'
  /** The trace events that each QEMU was told to write; where this is missing, those that it wrote. */
  readonly traced?: readonly string[]
  /** The command line of each QEMU, without the binary. */
  readonly args?: readonly string[] | { readonly src?: readonly string[]; readonly dst?: readonly string[] }
  readonly [member: string]: unknown
}

/** What the harness saw by other means than QMP; the message of a `!!` line. */
export type Observation =
  /** The process ended.  `by` is `harness` when a signal of ours ended it. */
  | { exit: { code: number | null; signal: string | null; by: 'harness' | 'self' } }
  /** Something was done to the process or the network: written just before it is done. */
  | { fault: string }
  /** Nothing more came for so many seconds. */
  | { quiet: number }
  /** No reply to the command of this id came within so many seconds. */
  | { unanswered: Json; seconds: number }
  /** The monitor was closed by a process that lives on. */
  | { closed: true }
  /** What came was not QMP, and the session was given up. */
  | { broken: string }
  /**
   * A line of its trace log.  The lines of a thread are in its order; between threads, and between them and the
   * monitor, none is known.
   */
  | { trace: string; text: string; thread?: string; at?: number }
  /**
   * A new pair from here on, the how manieth it is: its source is who was `source` before and goes on as it is,
   * its destination is a new process.
   */
  | { life: number; source: Side }
  /** Lines were lost here: nobody knows what came meanwhile. */
  | { gap: true }

/** One message. */
export interface Line {
  /** Where it stands in its file; the header is line 1. */
  readonly line: number
  /** Seconds since the recorder was started. */
  readonly t: number
  readonly side: Side
  readonly dir: Direction
  readonly msg: JsonObject
}

/** A transcript in memory. */
export interface Transcript {
  /** Its name in messages. */
  readonly file: string
  readonly header: Header
  readonly lines: readonly Line[]
  /** Where it is not known what came before: a log that begins in the middle. */
  readonly begins?: 'anywhere'
  /** Where events are not written down. */
  readonly events?: 'unseen'
  /** Where each side was recorded by itself: nobody knows what of one came before what of the other. */
  readonly apart?: true
}

/** A file is not a pair transcript.  The message starts with `file:line: `. */
export class TranscriptError extends Error {
  override name = 'TranscriptError'
  readonly file: string
  /** Counted from 1. */
  readonly line: number

  constructor(file: string, line: number, problem: string) {
    super(`${file}:${line}: ${problem}`)
    this.file = file
    this.line = line
  }
}

/** Takes a file line by line; remembers no more than the header. */
export class TranscriptReader {
  header: Header | undefined
  private readonly file: string
  private number = 0

  constructor(file: string) {
    this.file = file
  }

  /**
   * One line, by its number; nothing for the header and for an empty one.
   *
   * @throws TranscriptError for what no transcript holds
   */
  take(text: string, number: number): Line | undefined {
    this.number = number
    const bare = number === 1 ? text.replace(/^\ufeff/, '') : text
    if (bare.charCodeAt(0) !== 0x7b && bare.trim() === '') return undefined
    let value: Json
    try {
      value = parseJson(bare)
    } catch (error) {
      this.fail(`not JSON (${excerpt((error as Error).message)}): ${excerpt(bare)}`)
    }
    if (this.header === undefined) {
      if (!isObject(value) || !Object.hasOwn(value, 'lockstep')) {
        this.fail(`no header: the first line must be like {"lockstep": 1, "qemu": "11.1.3"}; it is ${excerpt(bare)}`)
      }
      this.check(headerShape, value)
      this.header = value as unknown as Header
      return undefined
    }
    if (!isPlain(value)) this.check(lineShape, value)
    const { t, side, dir, msg } = value as unknown as Line
    if (dir === '!!') this.check(observationShape, msg, 'msg.')
    return { line: number, t, side, dir, msg }
  }

  /** The file ends here.  Throws `TranscriptError` where that is too early. */
  end(): void {
    if (this.header === undefined) this.fail('the file is empty; a transcript starts with a header')
  }

  private check(shape: Shape, value: Json, within = ''): void {
    const problem = problemOf(shape, value)
    if (problem !== undefined) this.fail(within + problem)
  }

  private fail(problem: string): never {
    throw new TranscriptError(this.file, Math.max(this.number, 1), problem)
  }
}

/** Whether a line is as `lineShape` wants it, at a glance. */
const isPlain = (value: Json): boolean =>
  isObject(value) &&
  typeof value.t === 'number' &&
  (value.side === 'src' || value.side === 'dst') &&
  (value.dir === '->' || value.dir === '<-' || value.dir === '!!') &&
  isObject(value.msg)

/** The lines that a chunk finishes; without a chunk, what the file ends with. */
class Reader {
  readonly reader: TranscriptReader
  private readonly file: string
  private number = 0

  constructor(file: string) {
    this.file = file
    this.reader = new TranscriptReader(file)
  }

  *read(lines: Lines, chunk?: Uint8Array): Generator<Line, void> {
    try {
      for (const text of chunk === undefined ? lines.end() : lines.push(chunk)) {
        this.number++
        const line = this.reader.take(text, this.number)
        if (line !== undefined) yield line
      }
    } catch (error) {
      if (!(error instanceof LineError)) throw error
      throw new TranscriptError(this.file, this.number + 1, `${error.message}: ${error.seen}`)
    }
    if (chunk === undefined) this.reader.end()
  }
}

/**
 * Reads a transcript that is in memory.
 *
 * @param file its name in error messages
 * @throws TranscriptError when it has no header, or a line is not JSON, lacks a member, or is longer than 16 MiB
 */
export function readTranscript(text: string, file: string): Transcript {
  const reader = new Reader(file)
  const lines = new Lines()
  const all = [...reader.read(lines, Buffer.from(text)), ...reader.read(lines)]
  return { file, header: reader.reader.header ?? { lockstep: 1 }, lines: all }
}

/**
 * Reads a transcript as it comes, in constant memory.
 *
 * @param file its name in error messages
 * @param onHeader called once, before the first line
 * @throws TranscriptError as `readTranscript` does, after the good lines before the bad one
 */
export async function* readLines(
  stream: AsyncIterable<Uint8Array | string>,
  file: string,
  onHeader?: (header: Header) => void,
): AsyncGenerator<Line, void> {
  const reader = new Reader(file)
  const lines = new Lines()
  let told = false
  const tell = () => {
    if (told || reader.reader.header === undefined) return
    told = true
    onHeader?.(reader.reader.header)
  }
  for await (const chunk of stream) {
    for (const line of reader.read(lines, typeof chunk === 'string' ? Buffer.from(chunk) : chunk)) {
      tell()
      yield line
    }
    tell()
  }
  for (const line of reader.read(lines)) {
    tell()
    yield line
  }
  tell()
}
