/**
 * The log of `qmp-shell -l FILE`, and what a session of `qmp-shell -v` shows.
 *
 * The log has an object for each command, with what was sent and what came back
 * in one; with `-p` it stands on many lines.  Neither has an id, a greeting or a
 * time.  Events are not logged, and a session shows them when somebody asks, as
 * Python prints them: where they came is not known, so they are passed over.
 * python-qemu-qmp: qemu/qmp/qmp_shell.py
 */
import { excerpt, isObject, type JsonObject, parseJson, printJson } from '../json.ts'
import { TranscriptError } from '../transcript.ts'
import { endOf, type Format, type Item, type LogReader } from './format.ts'

/** No answer that stands on many lines is longer than this, in characters. */
const LONGEST = 16 * 1024 * 1024

const prompt = /^(?:\(QEMU\)|TRANS>) ?/

class ShellReader implements LogReader {
  unreadable = 0
  private readonly file: string
  private held = ''
  private since = 0

  constructor(file: string) {
    this.file = file
  }

  push(text: string, line: number): readonly Item[] {
    let bare = text
    while (prompt.test(bare)) bare = bare.replace(prompt, '')
    if (this.held === '') {
      // Whoever typed it, or Python printed it: not what was sent.
      if (!bare.startsWith('{') || bare.startsWith("{'")) return []
      this.since = line
    }
    this.held += this.held === '' ? bare : `\n${bare}`
    if (this.held.length > LONGEST) throw new TranscriptError(this.file, this.since, 'what begins here never ends')
    // Python indents what is inside: only a line that begins with the bracket closes the whole.
    if (this.held.includes('\n') && !bare.startsWith('}')) return []
    const end = endOf(this.held, 0)
    if (end < 0) return []
    const whole = this.held.slice(0, end)
    this.held = ''
    return this.take(whole, this.since)
  }

  end(): readonly Item[] {
    if (this.held !== '') this.unreadable += 1
    return []
  }

  private take(text: string, line: number): Item[] {
    let msg: unknown
    try {
      msg = parseJson(text)
    } catch {
      throw new TranscriptError(this.file, line, `not JSON: ${excerpt(text)}`)
    }
    if (!isObject(msg)) return []
    const { execute, 'exec-oob': oob, arguments: args, id, ...answer } = msg
    const item = (dir: '->' | '<-', one: JsonObject): Item => ({ session: '', line, t: 0, dir, msg: one })
    const items: Item[] = []
    const command = oob === undefined ? execute : oob
    if (command !== undefined) {
      items.push(
        item('->', {
          [oob === undefined ? 'execute' : 'exec-oob']: command,
          ...(args !== undefined && { arguments: args }),
          ...(id !== undefined && { id }),
        }),
      )
    }
    if ('return' in answer || 'error' in answer) items.push(item('<-', { ...answer, ...(id !== undefined && { id }) }))
    return items
  }
}

/** qmp-shell's. */
export const qmpShell: Format = {
  name: 'qmp-shell',
  about: 'the log of `qmp-shell -l`, or what `qmp-shell -v` shows; events are not in it',
  sample: [
    '{"execute": "query-status", "arguments": {}, "return": {"status": "running", "running": true}}',
    '{"execute": "migrate", "arguments": {"uri": "unix:m.sock"}, "return": {}}',
    '',
  ].join('\n'),
  fits: head => {
    if (head.some(line => line.startsWith('(QEMU)') || line === 'Welcome to the QMP low-level shell!')) return true
    const [first = '', second = ''] = head.filter(line => line.trim() !== '')
    if (first.trim() === '{') return /^\s+"(?:arguments|execute|return|error)":/.test(second)
    return /^\{\s*"execute"\s*:/.test(first) && /,\s*"(?:return|error)"\s*:/.test(first)
  },
  reader: file => new ShellReader(file),
  write: ({ lines }) => {
    const answers = new Map(lines.flatMap(({ dir, msg }) => (dir === '<-' ? [[JSON.stringify(msg.id), msg]] : [])))
    return lines
      .flatMap(({ dir, msg }) => {
        const answer = dir === '->' ? answers.get(JSON.stringify(msg.id)) : undefined
        if (answer === undefined || typeof answer === 'string' || msg.execute === undefined) return []
        const { execute, arguments: args = {} } = msg
        const { id: _, ...said } = answer
        return [`${printJson({ execute, arguments: args, ...said })}\n`]
      })
      .join('')
  },
  events: 'unseen',
}
