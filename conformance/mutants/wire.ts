/**
 * Lies on the wire: what a real QEMU said, with one message dropped, doubled,
 * swapped, delayed past a reply, renamed or changed.
 *
 * Whether the history that comes out is impossible is known by the place: the
 * statuses of one side come in the order of its migration, once each, and what
 * a command announces comes before its answer.  What could have been so as
 * well is not made: the number of `MIGRATION_PASS` is free, and so is the
 * reason in `COLO_EXIT`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Chance } from '../../impl/chance.ts'
import { isObject } from '../json.ts'
import { type Line, readTranscript, type Transcript } from '../transcript.ts'
import { validate } from '../validate.ts'
import { profileOfTranscript } from '../whose.ts'
import type { KeptWire } from './score.ts'

/** How a monitor may lie. */
export const lies = ['drop', 'double', 'swap', 'delay', 'rename', 'status', 'turn', 'class'] as const
export type Lie = (typeof lies)[number]

/** One lie in one transcript. */
export interface Told {
  readonly kind: Lie
  readonly line: number
  readonly transcript: Transcript
}

const folder = join(import.meta.dirname, '../transcripts')

/** What is told of a migration or of a guest once and in order. */
const firm = ['MIGRATION', 'STOP', 'RESUME', 'COLO_EXIT']
const statuses = [
  'setup',
  'active',
  'device',
  'completed',
  'failed',
  'cancelling',
  'cancelled',
  'colo',
  'postcopy-active',
]

const isFirm = ({ dir, msg }: Line): boolean => dir === '<-' && firm.includes(String(msg.event))
const statusOf = ({ msg }: Line): string | undefined =>
  msg.event === 'MIGRATION' && isObject(msg.data) ? String(msg.data.status) : undefined
const isAnswer = ({ dir, msg }: Line): boolean => dir === '<-' && ('return' in msg || 'error' in msg)

/** Every lie that makes an impossible history of a transcript. */
export function liesOf(transcript: Transcript): Told[] {
  const { lines } = transcript
  const told = (kind: Lie, line: Line, changed: readonly Line[]): Told => ({
    kind,
    line: line.line,
    transcript: { ...transcript, file: `${transcript.file} (${kind})`, lines: changed },
  })
  const commands = new Map(
    lines.flatMap(line => (line.dir === '->' ? [[`${line.side} ${JSON.stringify(line.msg.id)}`, line] as const] : [])),
  )
  return lines.flatMap((line, at): Told[] => {
    const put = (...own: readonly Line[]): Line[] => [...lines.slice(0, at), ...own, ...lines.slice(at + 1)]
    const later = lines.slice(at + 1).findIndex(other => other.side === line.side && other.dir === '<-')
    const next = later < 0 ? undefined : lines[at + 1 + later]
    const past = (): Line[] => {
      const without = put()
      return next === undefined ? without : without.toSpliced(without.indexOf(next) + 1, 0, line)
    }
    if (isFirm(line)) {
      const name = String(line.msg.event)
      const found = [
        told('drop', line, put()),
        told('double', line, put(line, line)),
        told('rename', line, put({ ...line, msg: { ...line.msg, event: name === 'STOP' ? 'RESUME' : 'STOP' } })),
      ]
      const status = statusOf(line)
      if (status === undefined) return found
      const others = statuses.filter(other => other !== status)
      const other = others[(line.line * 7) % others.length] ?? 'none'
      const data = isObject(line.msg.data) ? line.msg.data : {}
      found.push(told('status', line, put({ ...line, msg: { ...line.msg, data: { ...data, status: other } } })))
      if (next === undefined) return found
      const nextStatus = statusOf(next)
      if (nextStatus !== undefined && nextStatus !== status) found.push(told('swap', line, past()))
      const asked = isAnswer(next)
        ? commands.get(`${line.side} ${JSON.stringify(next.msg.id)}`)?.msg.execute
        : undefined
      const announced = { migrate: 'setup', migrate_cancel: 'cancelling', 'migrate-incoming': 'setup' }
      if (typeof asked === 'string' && announced[asked as keyof typeof announced] === status)
        found.push(told('delay', line, past()))
      return found
    }
    if (!isAnswer(line)) return []
    const command = commands.get(`${line.side} ${JSON.stringify(line.msg.id)}`)?.msg.execute
    if (command !== 'migrate' && command !== 'migrate-incoming' && command !== 'x-colo-lost-heartbeat') return []
    const { error, return: returned, ...rest } = line.msg
    if (isObject(error)) {
      return [
        told('turn', line, put({ ...line, msg: { ...rest, return: {} } })),
        told('class', line, put({ ...line, msg: { ...rest, error: { ...error, class: 'DeviceNotFound' } } })),
      ]
    }
    if (returned === undefined) return []
    return [told('turn', line, put({ ...line, msg: { ...rest, error: { class: 'GenericError', desc: 'no' } } }))]
  })
}

/** The recorded transcripts of real QEMUs that the rules of a release judge. */
export function recordedOf(version: string): Transcript[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter(name => name.endsWith('.ndjson'))
    .sort()
    .map(name => readTranscript(readFileSync(join(folder, name), 'utf8'), name))
    .filter(transcript => profileOfTranscript(transcript, 'auto').rules === version)
}

/** Lies in recorded transcripts, so many at most of each kind, drawn by a seed; how many are noticed. */
export function storedWire(
  version: string,
  { seed, most }: { readonly seed: number; readonly most: number },
  tell: (text: string) => void = () => {},
): KeptWire[] {
  const all = recordedOf(version).flatMap(liesOf)
  const chance = new Chance(seed)
  return lies.flatMap(kind => {
    const left = all.filter(one => one.kind === kind)
    const drawn: Told[] = []
    while (left.length > 0 && drawn.length < Math.ceil(most / lies.length))
      drawn.push(...left.splice(chance.below(left.length), 1))
    const noticed = drawn.filter(({ transcript, line }) => {
      const { verdict } = validate(transcript, { version })
      if (verdict !== 'violates') tell(`${version} ${kind} ${transcript.file}:${line} ${verdict}`)
      return verdict === 'violates'
    }).length
    return drawn.length === 0 ? [] : [{ version, kind: `${kind}, recorded`, made: drawn.length, noticed }]
  })
}
