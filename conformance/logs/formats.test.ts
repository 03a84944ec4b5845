/** Each log format: its sample, a round trip of real runs, and what it makes of what is not quite as it should be. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../json.ts'
import { type Line, readTranscript, type Side, type Transcript } from '../transcript.ts'
import type { Item } from './format.ts'
import { formatOf, formats } from './formats.ts'
import { LogFeed, logOf } from './read.ts'
import { withoutElisions } from './text.ts'

const recorded = (name: string): Transcript =>
  readTranscript(readFileSync(join(import.meta.dirname, '../transcripts/recorded', name), 'utf8'), name)

const runs = [
  '7.2.22/colo-checkpoints-rp-1.ndjson',
  '10.0.13/recover-dead-unix-2.ndjson',
  '11.1.3/colo-again-primary-1.ndjson',
]

/** What a log holds, whatever the chunks in which it comes. */
function read(text: string | Buffer, chunk = 1 << 20): { items: Item[]; feed: LogFeed } {
  const feed = new LogFeed('log')
  const bytes = Buffer.from(text as string)
  const items: Item[] = []
  for (let at = 0; at < bytes.length; at += chunk) items.push(...feed.push(bytes.subarray(at, at + chunk)))
  items.push(...feed.end())
  return { items, feed }
}

const only = (transcript: Transcript, side: Side): Line[] => transcript.lines.filter(line => line.side === side)

/** A message without its id, which libvirt gives and qmp-shell leaves out. */
const plain = ({ dir, msg: { id: _, ...msg } }: Pick<Line, 'dir' | 'msg'>) => ({ dir, msg })

const named = (name: string) => {
  const found = formats.find(format => format.name === name)
  if (found === undefined) throw new Error(`no format ${name}`)
  return found
}

describe.each(formats.map(format => [format.name, format] as const))('%s', (name, format) => {
  test('is recognised by its sample, and reads it', () => {
    const { items, feed } = read(format.sample)
    expect(feed.format?.name).toBe(name)
    expect(items.length).toBeGreaterThan(0)
    expect(feed.unreadable).toBe(0)
    expect(formatOf(format.sample.split('\n'))?.name).toBe(name)
  })

  test('reads the same whatever the chunks, with CR LF and behind a byte order mark', () => {
    const { items } = read(format.sample)
    expect(read(format.sample, 1).items).toEqual(items)
    expect(read(format.sample, 7).items).toEqual(items)
    expect(read(`\ufeff${format.sample.replaceAll(/\r?\n/g, '\r\n')}`).items).toEqual(items)
    expect(read(format.sample.replace(/\n$/, '')).items).toEqual(items)
  })
})

const written = formats.filter(({ write }) => write !== undefined)

describe.each(written.map(format => [format.name, format] as const))('a run written as %s', (name, format) => {
  test.each(runs)('%s is read back', file => {
    const run = recorded(file)
    for (const side of ['src', 'dst'] as const) {
      const lines = only(run, side).filter(({ dir }) => dir !== '!!' || name === 'pair')
      const { items, feed } = read(format.write?.({ header: run.header, lines }) ?? '')
      expect(feed.format?.name).toBe(name)
      expect(feed.unreadable).toBe(0)
      if (name !== 'qmp-shell') {
        expect(items.map(plain)).toEqual(lines.map(plain))
        continue
      }
      const asked = lines.filter(({ msg }) => !('event' in msg || 'QMP' in msg || 'exec-oob' in msg))
      const answered = asked.filter(
        ({ dir, msg }) => dir === '<-' || asked.some(one => one.dir === '<-' && one.msg.id === msg.id),
      )
      const got = items.map(({ dir, msg: { arguments: _, ...msg } }) => ({ dir, msg }))
      for (const one of got)
        expect(answered.map(({ dir, msg: { arguments: _, id: __, ...msg } }) => ({ dir, msg }))).toContainEqual(one)
      expect(got.length).toBeGreaterThan(4)
    }
  })
})

const query: JsonObject = { execute: 'query-migrate', id: 'libvirt-17' }
const answer: JsonObject = { return: { status: 'active' }, id: 'libvirt-17' }
const send = 'QEMU_MONITOR_SEND_MSG: mon=0x1 msg={"execute":"query-migrate","id":"libvirt-17"}\r\n fd=-1\n'
const write = (ret = 47, errno = 0) =>
  `QEMU_MONITOR_IO_WRITE: mon=0x1 buf={"execute":"query-migrate","id":"libvirt-17"}\r\n len=47 ret=${ret} errno=${errno}\n`
const event = 'QEMU_MONITOR_RECV_EVENT: mon=0x1 event={"event": "STOP"}\n'
const reply = 'QEMU_MONITOR_RECV_REPLY: mon=0x1 reply={"return": {"status": "active"}, "id": "libvirt-17"}\n'
const said = (text: string) => read(text).items.map(({ dir, msg }) => [dir, msg])

describe("libvirt's probes", () => {
  test('a command counts where it is written, once', () => {
    const all = [
      ['<-', { event: 'STOP' }],
      ['->', query],
      ['<-', answer],
    ]
    expect(said(send + event + write() + reply)).toEqual(all)
    // Once it is known that writing is logged, what was queued waits for it.
    const first = send.replaceAll('17', '16') + write().replaceAll('17', '16')
    expect(said(first + send + event + write(-1, 11) + write() + reply).slice(1)).toEqual(all)
  })

  test('a command counts where it is queued, where writing is not logged', () => {
    expect(said(send + event + reply)).toEqual([
      ['->', query],
      ['<-', { event: 'STOP' }],
      ['<-', answer],
    ])
    expect(said(send)).toEqual([['->', query]])
  })

  test('a command that is written in two parts counts once', () => {
    const rest = 'QEMU_MONITOR_IO_WRITE: mon=0x1 buf=ibvirt-17"}\r\n len=12 ret=12 errno=0\n'
    expect(said(send + write(35) + rest + reply)).toEqual([
      ['->', query],
      ['<-', answer],
    ])
    expect(read(send + write(35) + rest + reply).feed.unreadable).toBe(0)
  })

  test('a command whose writing was lost counts before its answer', () => {
    const first = write().replaceAll('17', '16')
    expect(said(first + send + reply).slice(1)).toEqual([
      ['->', query],
      ['<-', answer],
    ])
  })

  test('a message that is cut off is a gap', () => {
    const { items, feed } = read(`${send}${write()}${reply.slice(0, 70)}\n${event}`)
    expect(feed.unreadable).toBe(1)
    expect(items.map(({ msg }) => msg)).toEqual([query, { gap: true }, { event: 'STOP' }])
  })

  test('several guests are several sessions, and an address that is used again is another', () => {
    const again = 'QEMU_MONITOR_CLOSE: mon=0x1\nQEMU_MONITOR_NEW: mon=0x1 fd=22\n'
    const log = send + event.replace('0x1', '0x2') + write() + reply + again + event
    expect(read(log).items.map(({ session }) => session)).toEqual(['mon=0x2', 'mon=0x1', 'mon=0x1', 'mon=0x1#2'])
  })

  test('two daemons in one journal are told apart', () => {
    const log = `Mar 07 10:47:07 host virtqemud[12]: ${event}Mar 07 10:47:07 host virtqemud[13]: ${event}`
    expect(read(log).items.map(({ session }) => session)).toEqual(['virtqemud[12] mon=0x1', 'virtqemud[13] mon=0x1'])
  })

  test('the greeting, of which a debug log tells, goes to the monitor that is new', () => {
    const line =
      '2026-03-07 10:47:07.326+0000: 1: debug : qemuMonitorJSONIOProcessLine:199 : Line [{"QMP": {"version": {"qemu": {"micro": 3, "minor": 1, "major": 11}, "package": ""}, "capabilities": ["oob"]}}]\n'
    const { items, feed } = read(event + line + send.replace('0x1', '0x2'))
    expect(items.map(({ session, msg }) => [session, Object.keys(msg)[0]])).toEqual([
      ['mon=0x1', 'event'],
      ['mon=0x2', 'QMP'],
      ['mon=0x2', 'execute'],
    ])
    const { transcripts } = logOf('log', feed, items)
    // A host has one QEMU: what one monitor says of it, the others need not.
    expect(transcripts.map(({ header }) => header.qemu)).toEqual(['11.1.3', '11.1.3'])
    expect(transcripts.map(({ begins }) => begins)).toEqual(['anywhere', undefined])
  })

  test('the time of a line is that of its clock', () => {
    const [item] = read(`2026-03-07 10:47:07.326+0000: 1: info : x:1 : ${event}`).items
    expect(item?.t).toBe(Date.UTC(2026, 2, 7, 10, 47, 7, 326) / 1000)
  })
})

describe('other forms', () => {
  test('a journal in JSON gives a command with its CR as bytes', () => {
    const log = named('journal').write?.({
      header: { lockstep: 1 },
      lines: [{ line: 1, t: 1, side: 'src', dir: '->', msg: query }],
    })
    expect(log).toMatch(/"MESSAGE":\[81,69,77,85,/)
    expect(said(log ?? '')).toEqual([['->', query]])
  })

  test("a pod's log may have the pod and a time before each line, and lines that are no JSON", () => {
    const entry = named('kubevirt').sample.trim()
    const log = `starting\n[pod/virt-launcher-a/compute] ${entry}\n2026-03-07T10:47:07.1Z ${entry}\n{"msg": "cut off\n${entry}\n`
    const { items, feed } = read(log)
    expect(items.map(({ session }) => session)).toEqual([
      'pod/virt-launcher-a/compute mon=0x7faa8801f5d0',
      'mon=0x7faa8801f5d0',
      'mon=0x7faa8801f5d0',
    ])
    expect(feed.unreadable).toBe(1)
  })

  test('a session of qmp-shell has what was typed, and events as Python prints them', () => {
    const log = `Welcome to the QMP low-level shell!
Connected to QEMU 11.1.3

(QEMU) query-status
{"execute": "query-status", "arguments": {}}
{"return": {"status": "running", "running": true}}
(QEMU)
{'timestamp': {'seconds': 1, 'microseconds': 2}, 'event': 'STOP'}
(QEMU) stop
{
    "execute": "stop"
}
{
    "return": {}
}
`
    expect(said(log)).toEqual([
      ['->', { execute: 'query-status', arguments: {} }],
      ['<-', { return: { status: 'running', running: true } }],
      ['->', { execute: 'stop' }],
      ['<-', { return: {} }],
    ])
  })

  test('what the documentation leaves out is left out', () => {
    expect(withoutElisions('{"ram": { ... }, "a": ..., "b": [1, ...], "c": "...", ... }')).toBe(
      '{"ram": {  }, "a": {}, "b": [1], "c": "..." }',
    )
    expect(
      said('-> { "execute": "query-migrate" }\n<- { "return": {\n     "status": "active", "ram": { ... } } }\n'),
    ).toEqual([
      ['->', { execute: 'query-migrate' }],
      ['<-', { return: { status: 'active', ram: {} } }],
    ])
  })

  test('a mistake names its line', () => {
    expect(() => read('# src\n-> {"execute": "stop"}\n<- {"return": {\n-> {"execute": "cont"}\n')).toThrow(
      /^log:3: what begins here is not finished/,
    )
    expect(() => read('-> {"execute": nonsense}\n')).toThrow(/^log:1: not JSON/)
    expect(() => read('hello\nworld\n')).toThrow(/^log:1: no log of a form that is known/)
  })

  test('bytes that are no text do no harm', () => {
    const junk = Buffer.from([0xff, 0xfe, 0x00, 0x0a, 0x80, 0x0a])
    expect(read(Buffer.concat([Buffer.from(event), junk, Buffer.from(reply)])).items).toHaveLength(2)
    expect(() => read(gzipSync('x'))).toThrow(/no log of a form/)
  })
})
