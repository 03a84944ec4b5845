import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { printTranscript } from './print.ts'
import { type Header, type Line, readLines, readTranscript, TranscriptError } from './transcript.ts'

const header = '{"lockstep": 1, "qemu": {"src": "11.1.3", "dst": "11.1.3"}, "case": "postcopy/recover/2", "seed": 7}'
const sample = `${header}
{"t": 0.012, "side": "src", "dir": "->", "msg": {"execute": "migrate", "arguments": {"uri": "unix:m.sock"}, "id": 3}}
{"t": 0.013, "side": "src", "dir": "<-", "msg": {"return": {}, "id": 3}}
{"t": 9.001, "side": "dst", "dir": "!!", "msg": {"exit": {"code": null, "signal": "SIGKILL", "by": "harness"}}}
`

async function collect(lines: AsyncIterable<Line>): Promise<Line[]> {
  const all: Line[] = []
  for await (const line of lines) all.push(line)
  return all
}

const complaint = (text: string): string => {
  try {
    readTranscript(text, 'a.ndjson')
  } catch (error) {
    if (error instanceof TranscriptError) return error.message
  }
  return 'no complaint'
}

describe('a pair transcript', () => {
  test('comes back as it was printed', () => {
    expect(printTranscript(readTranscript(sample, 'a.ndjson'))).toBe(sample)
  })

  test('knows where each line stands, blank lines and all', () => {
    const { lines } = readTranscript(`\ufeff\r\n${sample.replaceAll('\n', '\r\n\r\n')}`, 'a.ndjson')
    expect(lines.map(line => line.line)).toEqual([4, 6, 8])
  })

  test('keeps members of the header that nobody knows', () => {
    const { header } = readTranscript('{"lockstep": 1, "qemu": "7.2.22", "host": {"cpus": 2}}', 'a.ndjson')
    expect(header).toEqual({ lockstep: 1, qemu: '7.2.22', host: { cpus: 2 } })
  })

  test('is refused with file, line and reason', () => {
    const line = (text: string) => complaint(`${header}\n${text}\n`)
    expect([
      complaint(''),
      complaint('\n{"t": 1}'),
      complaint('{"lockstep": 2}'),
      complaint('{"lockstep": 1, "qemu": 11}'),
      complaint('{"lockstep": 1, "args": ["-S", 7]}'),
      line('{"t": 1, "side": "src", "dir": "->", "ms'),
      line('[]'),
      line('{"side": "src", "dir": "->", "msg": {}}'),
      line('{"t": "1", "side": "src", "dir": "->", "msg": {}}'),
      line('{"t": 1, "side": "left", "dir": "->", "msg": {}}'),
      line('{"t": 1, "side": "src", "dir": "=>", "msg": {}}'),
      line('{"t": 1, "side": "src", "dir": "->", "msg": []}'),
      line('{"t": 1, "side": "src", "dir": "!!", "msg": {"exit": {"code": 0, "signal": null, "by": "me"}}}'),
      line('{"t": 1, "side": "src", "dir": "!!", "msg": {"quiet": "1"}}'),
    ]).toMatchInlineSnapshot(`
      [
        "a.ndjson:1: the file is empty; a transcript starts with a header",
        "a.ndjson:2: no header: the first line must be like {"lockstep": 1, "qemu": "11.1.3"}; it is {"t": 1}",
        "a.ndjson:1: lockstep: expected 1 but received 2",
        "a.ndjson:1: qemu: expected a version or two",
        "a.ndjson:1: args: expected arguments, or two lists",
        "a.ndjson:2: not JSON (Unterminated string in JSON at position 40 (line 1 column 41)): {"t": 1, "side": "src", "dir": "->", "ms",
        "a.ndjson:2: the line: expected an object but received []",
        "a.ndjson:2: t is missing",
        "a.ndjson:2: t: expected number but received "1"",
        "a.ndjson:2: side: expected ("src" | "dst") but received "left"",
        "a.ndjson:2: dir: expected ("->" | "<-" | "!!") but received "=>"",
        "a.ndjson:2: msg: expected an object but received []",
        "a.ndjson:2: msg.exit.by: expected ("harness" | "self") but received "me"",
        "a.ndjson:2: msg.quiet: expected number but received "1"",
      ]
    `)
  })

  test('may not have a line without end', () => {
    expect(complaint(`${header}\n${'x'.repeat(16 * 1024 * 1024 + 1)}`)).toMatch(
      /^a.ndjson:2: line longer than 16 MiB: x/,
    )
  })

  test('may not hold bytes that are not UTF-8', async () => {
    const stream = Readable.from([Buffer.from(`${header}\n`), Buffer.from([0xc3, 0x28, 10])])
    await expect(collect(readLines(stream, '-'))).rejects.toThrow('-:2: line is not UTF-8')
  })
})

describe('a transcript that streams', () => {
  test('gives the same lines, whatever the chunks', async () => {
    const bytes = Buffer.from(sample)
    for (const size of [1, 7, 100, bytes.length]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      )
      const lines = await collect(readLines(Readable.from(chunks), 'a.ndjson'))
      expect(lines).toEqual(readTranscript(sample, 'a.ndjson').lines)
    }
  })

  test('tells its header before any line has come', async () => {
    let header: Header | undefined
    let more: () => void = () => {}
    const waiting = new Promise<void>(resolve => {
      more = resolve
    })
    async function* stream() {
      yield '{"lockstep": 1, "seed": 7}\n'
      await waiting
      yield '{"t": 0, "side": "src", "dir": "<-", "msg": {}}\n'
    }
    const lines = readLines(stream(), '-', seen => {
      header = seen
    })
    const first = lines.next()
    await new Promise(setImmediate)
    expect(header).toEqual({ lockstep: 1, seed: 7 })
    more()
    expect((await first).value).toEqual({ line: 2, t: 0, side: 'src', dir: '<-', msg: {} })
  })

  test('gives the good lines before the bad one', async () => {
    const seen: Line[] = []
    const reading = async () => {
      for await (const line of readLines(Readable.from([`${sample}oops\n${sample}`]), 'a.ndjson')) seen.push(line)
    }
    await expect(reading()).rejects.toThrow('a.ndjson:5: not JSON')
    expect(seen).toHaveLength(3)
  })

  test('is read in constant memory', async () => {
    const line = `{"t": 1, "side": "src", "dir": "<-", "msg": {"event": "${'X'.repeat(1000)}"}}\n`
    const chunk = line.repeat(1000)
    function* chunks() {
      yield `${header}\n`
      for (let i = 0; i < 100; i++) yield chunk
    }
    let count = 0
    const before = process.memoryUsage().rss
    for await (const _ of readLines(Readable.from(chunks()), '-')) count++
    expect(count).toBe(100_000)
    // 100 MB went through.
    expect((process.memoryUsage().rss - before) / 1e6).toBeLessThan(80)
  })
})
