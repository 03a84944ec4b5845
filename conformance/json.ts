/**
 * JSON as a stranger sends it: one value a line, checked before it is believed.
 *
 * QMP, pair transcripts and most logs are lines of JSON from a program under
 * test.  Here they become plain values, or an error that says what was wrong.
 */
import { isUtf8 } from 'node:buffer'

/** What JSON can say.  Integers above 2^53 lose their last digits, as they do in JavaScript. */
export type Json = null | boolean | number | string | Json[] | { [member: string]: Json }

/** A JSON object: every QMP message is one. */
export type JsonObject = { [member: string]: Json }

/** The longest line that is read, in bytes.  Nothing QEMU says comes near; what is longer is not QMP. */
export const longestLine = 16 * 1024 * 1024

/** How deeply values may nest: QEMU's own limit (qobject/json-parser.c: MAX_NESTING). */
export const deepestNesting = 1024

/** Whether a value is an object, not null and not an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function nestsTooDeeply(text: string): boolean {
  let depth = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) quoted = !quoted
    else if (quoted) i += c === 0x5c ? 1 : 0
    else if (c === 0x5b || c === 0x7b) {
      if (++depth > deepestNesting) return true
    } else if (c === 0x5d || c === 0x7d) depth--
  }
  return false
}

/**
 * Reads one JSON value.  A member named `__proto__` is left out: it would be
 * harmless here, and a trap for whoever copies the value member by member.
 *
 * @throws SyntaxError when the text is not JSON, or nests more than 1024 deep
 */
export function parseJson(text: string): Json {
  // JSON.parse copes with any depth, but whoever prints the value again would run out of stack.
  if (text.length > deepestNesting && nestsTooDeeply(text))
    throw new SyntaxError(`JSON nests more than ${deepestNesting} deep`)
  // A reviver is slow, so it is used only where the name may occur, spelt out or escaped in part.
  if (!text.includes('__proto__') && !text.includes('\\u00')) return JSON.parse(text)
  return JSON.parse(text, (name, value) => (name === '__proto__' ? undefined : value))
}

/** Prints a value on one line, with the spaces that QEMU puts after `:` and `,`. */
export function printJson(value: Json): string {
  // Strings hold no raw line break once they are JSON, so every one of these is layout.
  return JSON.stringify(value, null, 1)
    .replace(/([{[])\n */g, '$1')
    .replace(/\n *([}\]])/g, '$1')
    .replace(/\n */g, ' ')
}

/**
 * Any value, printed for an error message: never throws, shows no more than
 * `limit` characters, and none that a terminal would obey.
 */
export function excerpt(value: unknown, limit = 200): string {
  let text: string
  try {
    text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  } catch {
    text = String(value)
  }
  const shown = text.slice(0, limit).replace(/[\p{Cc}\p{Cf}]/gu, c => `\\u{${c.codePointAt(0)?.toString(16)}}`)
  return text.length <= limit ? shown : `${shown}… (${text.length} characters)`
}

/** A line that no one should be asked to parse: too long, or not UTF-8. */
export class LineError extends Error {
  override name = 'LineError'
  /** The start of the line. */
  readonly seen: string

  constructor(message: string, seen: Buffer) {
    super(message)
    this.seen = excerpt(seen.subarray(0, 400).toString('utf8'))
  }
}

/** Cuts a stream of bytes into lines, whatever the chunks; holds no more than one unfinished line. */
export class Lines {
  private parts: Buffer[] = []
  private size = 0

  /** What has come of a line that is not finished. */
  get partial(): Buffer {
    return Buffer.concat(this.parts)
  }

  /**
   * The lines that this chunk finishes, without their line ends (LF or CRLF).
   *
   * @throws LineError, after the good lines before it, for one that is too long or not UTF-8
   */
  *push(chunk: Uint8Array): Generator<string, void> {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      this.keep(rest.subarray(0, end))
      rest = rest.subarray(end + 1)
      yield this.take()
    }
    if (rest.length > 0) this.keep(rest)
  }

  /** The last line, when the stream ended without a line end.  Throws as `push` does. */
  *end(): Generator<string, void> {
    if (this.size > 0) yield this.take()
  }

  private keep(part: Buffer): void {
    this.parts.push(part)
    this.size += part.length
    if (this.size > longestLine) throw new LineError(`line longer than ${longestLine / 1024 / 1024} MiB`, this.partial)
  }

  private take(): string {
    const [only] = this.parts
    const line = this.parts.length === 1 && only !== undefined ? only : this.partial
    this.parts = []
    this.size = 0
    if (!isUtf8(line)) throw new LineError('line is not UTF-8', line)
    const text = line.toString('utf8')
    return text.endsWith('\r') ? text.slice(0, -1) : text
  }
}
