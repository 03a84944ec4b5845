/**
 * The form of QEMU's documentation: `-> ` is sent, `<- ` comes back, an object may go on over several lines, and
 * `...` stands for what is left out.
 *
 * Who speaks may be said by a comment (`# src`, `# dst`), as `lockstep` prints
 * it; so may an end (`# dst exited with code 1`) and a quiet (`# src said nothing more for 2 s`).
 */
import { excerpt, isObject, type JsonObject, parseJson } from '../json.ts'
import { printText } from '../print.ts'
import { type Side, TranscriptError } from '../transcript.ts'
import { endOf, type Format, type Item, type LogReader } from './format.ts'

const LONGEST = 16 * 1024 * 1024
const mark = /^(?:[#*>|] ?)?\s*(->|<-)\s?(?=\S)(.*)$/
const comment = /^#\s*(src|dst)\b\s*(.*)$/

/** Takes out what stands for something left out, so that JSON is left. */
export function withoutElisions(text: string): string {
  if (!text.includes('...')) return text
  let out = ''
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? ''
    if (quoted && c === '\\') {
      out += c + (text[++i] ?? '')
      continue
    }
    if (c === '"') quoted = !quoted
    if (quoted || !text.startsWith('...', i)) {
      out += c
      continue
    }
    i += 2
    // As a value something is there, and nobody says what; else it is more of the same.
    if (/:\s*$/.test(out)) out += '{}'
    else out = out.replace(/,\s*$/, '')
  }
  // `{ ..., "a": 1 }`
  return out.replace(/([{[])\s*,/g, '$1')
}

class TextReader implements LogReader {
  private readonly file: string
  private side: Side | undefined
  private dir: '->' | '<-' | undefined
  private held = ''
  private since = 0

  constructor(file: string) {
    this.file = file
  }

  push(text: string, line: number): readonly Item[] {
    const found = mark.exec(text)
    if (found !== null) {
      this.complete()
      this.dir = found[1] as '->' | '<-'
      this.held = ''
      this.since = line
      return this.more(found[2] ?? '')
    }
    if (this.dir !== undefined) return this.more(text.replace(/^# {1,4}/, ''))
    const said = comment.exec(text)
    if (said === null) return []
    this.side = said[1] as Side
    const msg = observed(said[2] ?? '')
    return msg === undefined ? [] : [{ session: '', line, t: 0, dir: '!!', msg, side: this.side }]
  }

  end(): readonly Item[] {
    this.complete()
    return []
  }

  private complete(): void {
    if (this.dir !== undefined) this.fail(`what begins here is not finished: ${excerpt(this.held)}`)
  }

  private more(text: string): Item[] {
    this.held += this.held === '' ? text : `\n${text}`
    if (this.held.length > LONGEST) this.fail('what begins here never ends')
    const { dir } = this
    const start = this.held.search(/\S/)
    if (start < 0 || dir === undefined) return []
    if (this.held[start] !== '{') this.fail(`no JSON object: ${excerpt(this.held)}`)
    // Only a closing bracket can end it: not every line needs to be looked through from its start.
    const end = text.includes('}') ? endOf(this.held, start) : -1
    if (end < 0) return []
    const whole = this.held.slice(start, end)
    this.dir = undefined
    this.held = ''
    let msg: unknown
    try {
      msg = parseJson(withoutElisions(whole))
    } catch (error) {
      this.fail(`not JSON (${excerpt((error as Error).message)}): ${excerpt(whole)}`)
    }
    if (!isObject(msg)) this.fail(`no JSON object: ${excerpt(whole)}`)
    return [{ session: '', line: this.since, t: 0, dir, msg, ...(this.side !== undefined && { side: this.side }) }]
  }

  private fail(problem: string): never {
    throw new TranscriptError(this.file, this.since, problem)
  }
}

/** What a comment says was seen besides; nothing where it is a comment. */
function observed(text: string): JsonObject | undefined {
  const by = text.endsWith(', which the harness sent') ? 'harness' : 'self'
  const code = /^exited with code (\d+)/.exec(text)?.[1]
  if (code !== undefined) return { exit: { code: Number(code), signal: null, by } }
  const signal = /^died of (SIG\w+)/.exec(text)?.[1]
  if (signal !== undefined) return { exit: { code: null, signal, by } }
  const fault = /^is about to suffer: (.+)$/.exec(text)?.[1]
  if (fault !== undefined) return { fault }
  const quiet = /^said nothing more for ([\d.]+) s$/.exec(text)?.[1]
  return quiet === undefined ? undefined : { quiet: Number(quiet) }
}

/** QEMU's documentation's. */
export const text: Format = {
  name: 'text',
  about: "the form of QEMU's documentation: `-> {...}` is sent, `<- {...}` comes back, `...` is left out",
  sample: ['-> {"execute": "query-status"}', '<- {"return": {"status": "running",', '    "running": true}}', ''].join(
    '\n',
  ),
  fits: head => head.some(line => /^(?:[#*>|] ?)?\s*(?:->|<-)\s?\{/.test(line)),
  reader: file => new TextReader(file),
  write: printText,
}
