/** Tables for consumers of QMP: which arrow emits which event, and what they do with each status. */
import { joinArrows } from '../impl/arrows.ts'
import type { Json } from '../spec/lang.ts'
import { printEvent } from './label.ts'
import type { Cell, Table } from './print.ts'
import type { Page } from './releases.ts'
import type { ReleaseRows } from './rows.ts'
import { consumers } from './site/consumers.ts'

const code = (...lines: string[]): Cell => ({ lines, code: true })
const text = (...lines: string[]): Cell => ({ lines: lines.filter(line => line !== '') })
const unique = <T>(list: readonly T[]): T[] => [...new Set(list)]

/** Each event with the arrows of each machine on which a rule emits it. */
export function eventsPage(releases: readonly ReleaseRows[]): Page {
  const versions = releases.map(({ version }) => version)
  const found = new Map<
    string,
    { event: string; machine: string; arrow: string; rules: Set<string>; versions: Set<string> }
  >()
  for (const release of releases) {
    for (const { machine, side, from, to, rules } of joinArrows([release])) {
      for (const id of rules) {
        const rule = release.rules.get(id)?.rule
        for (const says of rule?.says ?? []) {
          if (!('event' in says)) continue
          const event = printEvent(says.event, says.data as Json)
          const arrow = `${from} -> ${to}`
          const key = JSON.stringify([event, machine, side, arrow])
          const row = found.get(key) ?? {
            event,
            machine: `${machine}, ${side}`,
            arrow,
            rules: new Set(),
            versions: new Set(),
          }
          found.set(key, row)
          row.rules.add(rule?.name ?? '')
          row.versions.add(release.version)
        }
      }
    }
  }
  const byMachine = Map.groupBy([...found.values()], ({ machine }) => machine)
  const tables = [...byMachine].map(([title, rows]): Table => {
    const events = [...Map.groupBy(rows, ({ event }) => event)].sort(([a], [b]) => (a < b ? -1 : 1))
    return {
      ...{
        title,
        before: '',
        heads: ['event', 'on the arrow', 'rules', 'only in'],
        widths: [22, 22, 40, 10],
        after: [],
      },
      rows: events.flatMap(([event, some]) =>
        some.map(({ arrow, rules, versions: of }, i) => [
          i === 0 ? code(event) : text(),
          code(arrow),
          text(...unique([...rules])),
          text(
            versions.every(version => of.has(version)) ? '' : versions.filter(version => of.has(version)).join(', '),
          ),
        ]),
      ),
    }
  })
  const before =
    'A rule that moves a status and says something stands on the arrow that it takes; one that says it a step later, or moves none, is not here.'
  return { title: 'Events by arrow', before, tables }
}

/** What consumers do with each status. */
export const consumersPage = (): Page => ({
  title: 'What consumers do with each status',
  before:
    'Read in libvirt (qemu_monitor.h, qemu_monitor_json.c, qemu_migration.c, qemu_process.c) and in Proxmox (PVE/QemuMigrate.pm, which asks query-migrate); KubeVirt sees the job of libvirt.',
  tables: [
    {
      ...{ title: '', before: '', after: [] },
      heads: ['status', 'libvirt', 'libvirt, on the event', 'Proxmox', 'KubeVirt'],
      widths: [16, 18, 30, 24, 18],
      rows: consumers.map(({ status, libvirt, reaction, proxmox, kubevirt }) => [
        code(status),
        text(libvirt),
        text(reaction),
        text(proxmox),
        text(kubevirt),
      ]),
    },
  ],
})
