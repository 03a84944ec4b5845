/** The log formats, and how one is told from another. */
import type { Format } from './format.ts'
import { journal } from './journal.ts'
import { kubevirt } from './kubevirt.ts'
import { libvirtd } from './libvirtd.ts'
import { pair } from './pair.ts'
import { qmpShell } from './qmp-shell.ts'
import { text } from './text.ts'
import { trace } from './trace.ts'
import { wire } from './wire.ts'

/** All of them, the ones that are told most surely first. */
export const formats: readonly Format[] = [pair, journal, kubevirt, libvirtd, text, qmpShell, wire, trace]

/** How many lines are looked at to recognise a format. */
export const headLines = 200

/** The format that a log's first lines are in; nothing where nobody knows it. */
export function formatOf(head: readonly string[]): Format | undefined {
  const lines = head.map((line, i) => (i === 0 ? line.replace(/^\ufeff/, '') : line).replace(/\r$/, ''))
  return formats.find(format => format.fits(lines))
}
