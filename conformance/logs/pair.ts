/** The pair transcript: see `transcript.ts`. */
import { printTranscript } from '../print.ts'
import { type Header, TranscriptReader } from '../transcript.ts'
import type { Format, Item, LogReader } from './format.ts'

class PairReader implements LogReader {
  private readonly reader: TranscriptReader

  constructor(file: string) {
    this.reader = new TranscriptReader(file)
  }

  get header(): Header | undefined {
    return this.reader.header
  }

  push(text: string, number: number): readonly Item[] {
    const line = this.reader.take(text, number)
    if (line === undefined) return []
    const { t, side, dir, msg } = line
    return [{ session: '', line: number, t, side, dir, msg }]
  }

  end(): readonly Item[] {
    this.reader.end()
    return []
  }
}

/** Our own. */
export const pair: Format = {
  name: 'pair',
  about: 'the pair transcript that `lockstep conform --out` stores: NDJSON with a header',
  sample: [
    '{"lockstep": 1, "qemu": "11.1.3"}',
    '{"t": 0.012, "side": "src", "dir": "->", "msg": {"execute": "query-status", "id": 3}}',
    '{"t": 0.013, "side": "src", "dir": "<-", "msg": {"return": {"status": "running", "running": true}, "id": 3}}',
    '',
  ].join('\n'),
  fits: head => {
    const [first = ''] = head.filter(line => line.trim() !== '')
    return /^\s*\{/.test(first) && /"lockstep"\s*:/.test(first)
  },
  reader: file => new PairReader(file),
  write: printTranscript,
}
