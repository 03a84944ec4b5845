/**
 * The bytes of a monitor as they went over the wire: a QMP object a line, both
 * ways or only what QEMU said (`socat`, `nc`, a chardev's `logfile`).
 */
import { isObject, type Json, parseJson } from '../json.ts'
import { directionOf, type Format, type Item, type LogReader } from './format.ts'

class WireReader implements LogReader {
  unreadable = 0

  push(text: string, line: number): readonly Item[] {
    if (text.trim() === '') return []
    let msg: Json
    try {
      msg = parseJson(text)
    } catch {
      this.unreadable += 1
      return [{ session: '', line, t: 0, dir: '!!', msg: { gap: true } }]
    }
    const dir = isObject(msg) ? directionOf(msg) : undefined
    return dir === undefined || !isObject(msg) ? [] : [{ session: '', line, t: 0, dir, msg }]
  }

  end(): readonly Item[] {
    return []
  }
}

/** What went over a monitor. */
export const wire: Format = {
  name: 'wire',
  about: 'what went over one monitor, a QMP object a line',
  sample: [
    '{"execute": "query-status", "id": 1}',
    '{"return": {"status": "running", "running": true}, "id": 1}',
    '',
  ].join('\n'),
  fits: head => {
    const [first = ''] = head.filter(line => line.trim() !== '')
    return /^\s*\{\s*"(?:QMP|execute|exec-oob|return|error|event|timestamp|id|arguments)"\s*:/.test(first)
  },
  reader: () => new WireReader(),
  write: ({ lines }) => lines.flatMap(({ dir, msg }) => (dir === '!!' ? [] : [`${JSON.stringify(msg)}\n`])).join(''),
}
