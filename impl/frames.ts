/**
 * A client's bytes to JSON values, as QEMU's parser takes them.
 *
 * A value ends where its last bracket closes, line end or not; strings may
 * stand in single quotes; after something that cannot be JSON the rest of the
 * line is thrown away and the session goes on.
 */
import { isUtf8 } from 'node:buffer'
import type { Json } from '../spec/lang.ts'

/** A whole value as text, or what was wrong with what came instead. */
export type Frame = { readonly text: string } | { readonly error: string }

/** The longest value that is read, in bytes. */
export const longestFrame = 16 * 1024 * 1024

/** How deeply values may nest: QEMU's own limit. */
export const deepestNesting = 1024

/** A JSON object. */
export type Members = { readonly [member: string]: Json }

/** Whether a value is an object, not null and not an array. */
export const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const [newline, space, doubleQuote, singleQuote, backslash] = [0x0a, 0x20, 0x22, 0x27, 0x5c]
const [openList, closeList, openObject, closeObject, reset] = [0x5b, 0x5d, 0x7b, 0x7d, 0xff]

/** Cuts a stream into values; holds no more than one unfinished one. */
export class Frames {
  private held = Buffer.alloc(0)
  private length = 0
  /** Between values, in one that brackets delimit, in a bare word, or in what is thrown away. */
  private place: 'between' | 'value' | 'word' | 'skip' = 'between'
  private depth = 0
  private quote = 0
  private escaped = false

  /** How many bytes of an unfinished value are held. */
  get heldBytes(): number {
    return this.held.length
  }

  /** What this chunk finishes. */
  *push(chunk: Uint8Array): Generator<Frame, void> {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let start = 0
    for (let i = 0; i < bytes.length; i++) {
      const c = bytes[i] ?? 0
      if (c === reset) {
        // Clients send this byte to have a half-sent value forgotten.
        if (this.place !== 'skip') yield { error: "JSON parse error, stray '\\xff'" }
        this.restart('between')
      } else if (this.place === 'skip') {
        if (c === newline) this.restart('between')
      } else if (this.place === 'between') {
        if (c <= space) continue
        start = i
        const opens = c === openObject || c === openList
        this.place = opens ? 'value' : 'word'
        this.depth = opens ? 1 : 0
      } else if (this.place === 'word') {
        if (c !== newline && c !== openObject) continue
        yield this.take(bytes.subarray(start, i))
        if (c !== openObject) continue
        start = i
        this.place = 'value'
        this.depth = 1
      } else {
        const wrong = this.step(c)
        if (wrong !== undefined) {
          yield { error: wrong }
          this.restart(c === newline ? 'between' : 'skip')
        } else if (this.depth === 0) yield this.take(bytes.subarray(start, i + 1))
      }
    }
    if (this.place !== 'value' && this.place !== 'word') return
    if (!this.keep(bytes.subarray(start))) {
      yield { error: 'JSON token size limit exceeded' }
      this.restart('skip')
    }
  }

  /** One byte inside a value; answers what is wrong with it. */
  private step(c: number): string | undefined {
    if (this.quote !== 0) {
      if (c < space) return 'JSON parse error, stray control character in a string'
      if (this.escaped) this.escaped = false
      else if (c === backslash) this.escaped = true
      else if (c === this.quote) this.quote = 0
    } else if (c === doubleQuote || c === singleQuote) this.quote = c
    else if (c === openObject || c === openList) {
      if (++this.depth > deepestNesting) return 'JSON nesting depth limit exceeded'
    } else if (c === closeObject || c === closeList) this.depth--
    return undefined
  }

  private keep(part: Buffer): boolean {
    const length = this.length + part.length
    if (length > longestFrame) return false
    if (length > this.held.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.held.length))
      this.held.copy(larger, 0, 0, this.length)
      this.held = larger
    }
    part.copy(this.held, this.length)
    this.length = length
    return true
  }

  private take(last: Buffer): Frame {
    const fits = this.length === 0 ? last.length <= longestFrame : this.keep(last)
    const whole = this.length === 0 ? last : this.held.subarray(0, this.length)
    const text = fits && isUtf8(whole) ? whole.toString('utf8').trim() : undefined
    this.restart('between')
    if (!fits) return { error: 'JSON token size limit exceeded' }
    return text === undefined ? { error: 'JSON parse error, invalid UTF-8 sequence in string' } : { text }
  }

  private restart(place: 'between' | 'skip'): void {
    this.place = place
    this.depth = 0
    this.quote = 0
    this.escaped = false
    this.length = 0
    // What one long value took is given back.
    if (this.held.length > 65536) this.held = Buffer.alloc(0)
  }
}

const singleQuoted = /"[^"\\]*(?:\\.[^"\\]*)*"|'([^'\\]*(?:\\.[^'\\]*)*)'/gsu

/** Reads one value.  Throws an error with QEMU's words for text that is not JSON. */
export function readJson(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    // QEMU reads 'text' as well as "text".
    try {
      if (text.includes("'")) return JSON.parse(text.replace(singleQuoted, requote))
    } catch {}
    const word = /^[a-z]{1,40}$/i.exec(text)?.[0]
    throw new SyntaxError(
      word === undefined ? 'JSON parse error, expecting value' : `JSON parse error, invalid keyword '${word}'`,
    )
  }
}

const requote = (all: string, single: string | undefined): string =>
  single === undefined
    ? all
    : `"${single.replace(/\\'/g, "'").replace(/(\\.)|"/gsu, (c, escaped) => (escaped === undefined ? '\\"' : c))}"`
