/**
 * The log of libvirt's daemon, `libvirtd` or `virtqemud`, with `log_filters="1:qemu.qemu_monitor"` or all of it;
 * also bare, quoted in a mail, or with a journal's or syslog's words before each line.
 *
 * A command ends with CR LF in the log as on the wire, so what is said after it
 * (` fd=-1`, ` len=47 ret=47 errno=0`) stands on a line of its own.
 */
import type { JsonObject } from '../json.ts'
import type { Line } from '../transcript.ts'
import type { Format, Item, LogReader } from './format.ts'
import { LibvirtProbes, timeOf } from './libvirt-probes.ts'

const daemon = /\b(?:libvirtd|virtqemud)\[\d+\]:/

class LibvirtdReader implements LogReader {
  private readonly probes = new LibvirtProbes()

  get unreadable(): number {
    return this.probes.unreadable
  }

  push(text: string, line: number): readonly Item[] {
    if (!text.includes('QEMU_MONITOR_') && !text.includes(': Line [{"QMP"')) return []
    const who = daemon.exec(text.slice(0, 300))
    return this.probes.push(text, line, timeOf(text), who === null ? '' : `${who[0].slice(0, -1)} `)
  }

  end(): readonly Item[] {
    return this.probes.end()
  }
}

/** One message as libvirt logs it, without what goes before it: one entry, or for a command two. */
export function probesOf({ dir, msg, side }: Pick<Line, 'dir' | 'msg' | 'side'>): readonly string[] {
  const mon = side === 'src' ? '0x7f1c68003a90' : '0x7f1c68007b20'
  const text = JSON.stringify(msg)
  if (dir === '->')
    return [
      `QEMU_MONITOR_SEND_MSG: mon=${mon} msg=${text}\r\n fd=-1`,
      `QEMU_MONITOR_IO_WRITE: mon=${mon} buf=${text}\r\n len=${text.length + 2} ret=${text.length + 2} errno=0`,
    ]
  if (dir === '!!') return []
  if ('QMP' in msg) return [`QEMU_MONITOR_NEW: mon=${mon} fd=30`, `Line [${text}]`]
  return [
    'event' in msg
      ? `QEMU_MONITOR_RECV_EVENT: mon=${mon} event=${text}`
      : `QEMU_MONITOR_RECV_REPLY: mon=${mon} reply=${text}`,
  ]
}

/** The function that logs an entry. */
export const whereOf = (entry: string): string =>
  entry.startsWith('QEMU_MONITOR_SEND')
    ? 'qemuMonitorSend:836'
    : entry.startsWith('QEMU_MONITOR_IO')
      ? 'qemuMonitorIOWrite:366'
      : entry.startsWith('QEMU_MONITOR_NEW')
        ? 'qemuMonitorOpenInternal:662'
        : 'qemuMonitorJSONIOProcessLine:210'

/** libvirt's way of writing a time. */
export const stampOf = (t: number): string => `${new Date(t * 1000).toISOString().replace('T', ' ').slice(0, -1)}+0000`

/** libvirt gives each command an id, so a command without one gets one here. */
export function withIds(lines: readonly Line[]): readonly Line[] {
  const waiting = new Map<string, string[]>()
  let next = 1
  return lines.map(line => {
    const { dir, msg, side } = line
    if (msg.id !== undefined || dir === '!!' || 'event' in msg || 'QMP' in msg) return line
    const queue = waiting.get(side) ?? []
    waiting.set(side, queue)
    if (dir === '->') queue.push(`libvirt-${next++}`)
    const id = dir === '->' ? queue.at(-1) : queue.shift()
    return id === undefined ? line : { ...line, msg: { ...msg, id } satisfies JsonObject }
  })
}

/** The log of libvirt's daemon. */
export const libvirtd: Format = {
  name: 'libvirtd',
  about: "the log of libvirt's daemon (libvirtd, virtqemud), with the monitor's probes; every guest in it is judged",
  sample: [
    '2026-03-07 10:47:07.326+0000: 134391: info : qemuMonitorSend:836 : QEMU_MONITOR_SEND_MSG: mon=0x7f1c68003a90 msg={"execute":"query-migrate","id":"libvirt-17"}\r',
    ' fd=-1',
    '2026-03-07 10:47:07.326+0000: 134386: info : qemuMonitorIOWrite:366 : QEMU_MONITOR_IO_WRITE: mon=0x7f1c68003a90 buf={"execute":"query-migrate","id":"libvirt-17"}\r',
    ' len=47 ret=47 errno=0',
    '2026-03-07 10:47:07.328+0000: 134386: info : qemuMonitorJSONIOProcessLine:210 : QEMU_MONITOR_RECV_REPLY: mon=0x7f1c68003a90 reply={"return": {}, "id": "libvirt-17"}',
    '',
  ].join('\n'),
  fits: head => head.some(line => line.includes('QEMU_MONITOR_') || line.includes('qemuMonitorJSONIOProcessLine')),
  reader: () => new LibvirtdReader(),
  write: ({ lines }) =>
    withIds(lines)
      .flatMap(line =>
        probesOf(line).map(entry => {
          const level = entry.startsWith('Line') ? 'debug' : 'info'
          return `${stampOf(line.t)}: 4711: ${level} : ${whereOf(entry)} : ${entry}\n`
        }),
      )
      .join(''),
}
