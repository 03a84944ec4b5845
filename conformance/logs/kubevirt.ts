/**
 * The log of KubeVirt's virt-launcher: a JSON object a line, libvirt's messages among them.
 *
 * `kubectl logs` may put the pod, or a time, before each line.  A command with
 * its CR LF may come as one entry, or its second line as an entry of its own.
 */
import { isObject, type Json, parseJson } from '../json.ts'
import type { Format, Item, LogReader } from './format.ts'
import { LibvirtProbes, timeOf } from './libvirt-probes.ts'
import { probesOf, whereOf, withIds } from './libvirtd.ts'

class KubevirtReader implements LogReader {
  private readonly probes = new LibvirtProbes()
  private broken = 0

  get unreadable(): number {
    return this.broken + this.probes.unreadable
  }

  push(text: string, line: number): readonly Item[] {
    const start = text.indexOf('{')
    if (start < 0 || !text.includes('"msg"')) return []
    let entry: Json
    try {
      entry = parseJson(text.slice(start))
    } catch {
      this.broken += 1
      return []
    }
    if (!isObject(entry) || typeof entry.msg !== 'string') return []
    const t = typeof entry.timestamp === 'string' ? timeOf(entry.timestamp) : 0
    const pod = /^\[([^\]]+)\]/.exec(text.slice(0, start))?.[1]
    const message = entry.msg.startsWith('Line [{"QMP"') ? `: ${entry.msg}` : entry.msg
    return this.probes.push(message, line, t, pod === undefined ? '' : `${pod} `)
  }

  end(): readonly Item[] {
    return this.probes.end()
  }
}

/** A pod's log. */
export const kubevirt: Format = {
  name: 'kubevirt',
  about: "the log of KubeVirt's virt-launcher, with `debugLogs` set",
  sample:
    '{"component":"virt-launcher","level":"info","msg":"QEMU_MONITOR_RECV_EVENT: mon=0x7faa8801f5d0 event={\\"timestamp\\": {\\"seconds\\": 1772880427, \\"microseconds\\": 523652}, \\"event\\": \\"STOP\\"}","pos":"qemuMonitorJSONIOProcessLine:205","subcomponent":"libvirt","thread":"80","timestamp":"2026-03-07T10:47:07.523000Z"}\n',
  fits: head =>
    head.some(
      line => line.includes('{') && /"(?:component|subcomponent|level)"\s*:/.test(line) && /"msg"\s*:/.test(line),
    ),
  reader: () => new KubevirtReader(),
  write: ({ lines }) =>
    withIds(lines)
      .flatMap(line =>
        probesOf(line).map(
          msg =>
            `${JSON.stringify({
              component: 'virt-launcher',
              level: msg.startsWith('Line') ? 'debug' : 'info',
              msg,
              pos: whereOf(msg),
              subcomponent: 'libvirt',
              thread: '80',
              timestamp: new Date(line.t * 1000).toISOString(),
            })}\n`,
        ),
      )
      .join(''),
}
