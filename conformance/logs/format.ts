/**
 * What a log format is: how it is recognised, and how its lines become messages.
 *
 * One log may tell of several monitors, a libvirt daemon's of every guest of a
 * host: each is a session of its own, and is judged by itself.
 */
import { deepestNesting, isObject, type JsonObject, parseJson } from '../json.ts'
import type { Direction, Header, Side, Transcript } from '../transcript.ts'

/** One message of a log. */
export interface Item {
  /** Whose monitor, as the log names it; empty where there is one only. */
  readonly session: string
  /** The line of the log that it begins at, counted from 1. */
  readonly line: number
  /** Seconds, by the clock of the log; 0 where it has none. */
  readonly t: number
  readonly dir: Direction
  readonly msg: JsonObject
  /** Where the log says it. */
  readonly side?: Side
}

/** Takes a log line by line, and remembers no more of it than it must. */
export interface LogReader {
  /** The messages that this line finishes.  Throws `TranscriptError` for a line that ends all reading. */
  push(text: string, line: number): readonly Item[]
  /** Those that the end of the log finishes. */
  end(): readonly Item[]
  /** What the log says of itself, once it has said it. */
  readonly header?: Header | undefined
  /** Lines that look like messages and cannot be read. */
  readonly unreadable?: number
}

/** A log format. */
export interface Format {
  readonly name: string
  /** Whose log it is, in one line. */
  readonly about: string
  /** A few lines of it. */
  readonly sample: string
  /** Whether the first lines of a log are such a log's. */
  readonly fits: (head: readonly string[]) => boolean
  /** `file` is its name in error messages. */
  readonly reader: (file: string) => LogReader
  /** Writes a transcript in this form, for round trips; nothing where only its own program can. */
  readonly write?: (transcript: Pick<Transcript, 'header' | 'lines'>) => string
  /** Where its author keeps no events: they are then not seen, rather than not there. */
  readonly events?: 'unseen'
}

/**
 * The object that begins at a place of a text, and where it ends; nothing where
 * none does, or where it is cut off.
 */
export function objectAt(text: string, at: number): { readonly msg: JsonObject; readonly end: number } | undefined {
  if (text.charCodeAt(at) !== 0x7b) return undefined
  const end = endOf(text, at)
  if (end < 0) return undefined
  try {
    const msg = parseJson(text.slice(at, end))
    return isObject(msg) ? { msg, end } : undefined
  } catch {
    return undefined
  }
}

/** Where the bracket that is opened at a place is closed, or -1. */
export function endOf(text: string, at: number): number {
  let depth = 0
  let quoted = false
  for (let i = at; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) quoted = !quoted
    else if (quoted) i += c === 0x5c ? 1 : 0
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > deepestNesting) return -1
    } else if ((c === 0x7d || c === 0x5d) && --depth === 0) return i + 1
  }
  return -1
}

/** Whether an object is what a client sends, or what QEMU says; nothing where it is neither. */
export function directionOf(msg: JsonObject): '->' | '<-' | undefined {
  if (Object.hasOwn(msg, 'execute') || Object.hasOwn(msg, 'exec-oob')) return '->'
  return ['return', 'error', 'event', 'QMP'].some(member => Object.hasOwn(msg, member)) ? '<-' : undefined
}
