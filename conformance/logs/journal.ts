/**
 * libvirt's messages as `journalctl -o json` prints them: a JSON object a line.
 *
 * What `journalctl` prints for people is read as the daemon's own log is.
 */
import { isObject, type Json, parseJson } from '../json.ts'
import type { Format, Item, LogReader } from './format.ts'
import { LibvirtProbes } from './libvirt-probes.ts'
import { probesOf, withIds } from './libvirtd.ts'

/** A field that holds more than printable characters, as every command with its CR does, comes as a list of bytes. */
function textOf(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return undefined
  if (value.every(byte => typeof byte === 'number')) return Buffer.from(value as number[]).toString('utf8')
  // A field may be there more than once.
  return value.map(one => textOf(one) ?? '').join('\n')
}

class JournalReader implements LogReader {
  unreadable = 0
  private readonly probes = new LibvirtProbes()

  push(text: string, line: number): readonly Item[] {
    const start = text.indexOf('{')
    if (start < 0) return []
    let entry: Json
    try {
      entry = parseJson(text.slice(start))
    } catch {
      this.unreadable += 1
      return []
    }
    if (!isObject(entry)) return []
    const message = textOf(entry.MESSAGE)
    if (message === undefined) return []
    const t = Number(entry.__REALTIME_TIMESTAMP ?? entry._SOURCE_REALTIME_TIMESTAMP ?? 0) / 1e6
    const who = entry._PID === undefined ? '' : `${String(entry.SYSLOG_IDENTIFIER ?? 'pid')}[${String(entry._PID)}] `
    const items = this.probes.push(message, line, Number.isFinite(t) ? t : 0, who)
    // A greeting is logged without the words that go before it in a file.
    return items.length > 0 || !message.startsWith('Line [{"QMP"')
      ? items
      : this.probes.push(`: ${message}`, line, t, who)
  }

  end(): readonly Item[] {
    return this.probes.end()
  }
}

const bytes = (text: string): Json =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  /[\u0000-\u0008\u000b-\u001f]/.test(text) ? [...Buffer.from(text)] : text

/** A journal in JSON. */
export const journal: Format = {
  name: 'journal',
  about: "libvirt's messages as `journalctl -o json` prints them",
  sample: `${[
    '{"__REALTIME_TIMESTAMP":"1772880427326000","SYSLOG_IDENTIFIER":"virtqemud","_PID":"134386","PRIORITY":"6","CODE_FUNC":"qemuMonitorJSONIOProcessLine","MESSAGE":"QEMU_MONITOR_RECV_EVENT: mon=0x7f1c68003a90 event={\\"timestamp\\": {\\"seconds\\": 1772880427, \\"microseconds\\": 327843}, \\"event\\": \\"MIGRATION\\", \\"data\\": {\\"status\\": \\"setup\\"}}"}',
  ].join('\n')}\n`,
  fits: head =>
    head.some(
      line =>
        /^\s*\{/.test(line) &&
        /"(?:__REALTIME_TIMESTAMP|_PID|SYSLOG_IDENTIFIER)"\s*:/.test(line) &&
        /"MESSAGE"\s*:/.test(line),
    ),
  reader: () => new JournalReader(),
  write: ({ lines }) =>
    withIds(lines)
      .flatMap(line =>
        probesOf(line).map(
          entry =>
            `${JSON.stringify({
              __REALTIME_TIMESTAMP: String(Math.round(line.t * 1e6)),
              SYSLOG_IDENTIFIER: 'virtqemud',
              _PID: '4711',
              PRIORITY: '6',
              MESSAGE: bytes(entry),
            })}\n`,
        ),
      )
      .join(''),
}
