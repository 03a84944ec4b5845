/** Recorded runs of real binaries, line by line, each with the statuses that were told of so far. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { castOf } from '../frames.ts'
import { printEvent } from '../label.ts'
import type { Stories } from './stories.ts'
import type { BeatInfo, Frame, RunInfo } from './types.ts'

type Obj = { readonly [member: string]: unknown }
const isObject = (value: unknown): value is Obj => value !== null && typeof value === 'object' && !Array.isArray(value)
const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** Where runs are kept. */
export const runsFolder = join(import.meta.dirname, '../../conformance/transcripts/recorded')

/** Statuses that the outside is told of, by variable. */
class Told {
  readonly set: Record<string, string> = {}
  readonly known: Record<string, string>

  constructor(start: Record<string, string>) {
    this.known = { ...start }
  }

  learn(variable: string, value: unknown): void {
    if (typeof value !== 'string' || this.known[variable] === value) return
    this.known[variable] = value
    this.set[variable] = value
  }
}

const quiet = new Set(['qmp_capabilities', 'query-version', 'query-commands', 'query-migrate-capabilities'])

/** What a command is on one line: the name, and of its arguments those that matter to a reader. */
function commandText(name: string, args: unknown): string {
  if (!isObject(args)) return name
  const { capabilities } = args
  if (Array.isArray(capabilities)) {
    return `${name} ${capabilities.map(one => (isObject(one) ? `${one.state === false ? '-' : ''}${one.capability}` : '')).join(', ')}`
  }
  const text = JSON.stringify(args)
  return text === '{}' ? name : `${name} ${text.length > 120 ? `${text.slice(0, 119)}…` : text}`
}

/** One file as a run; nothing when it is not one. */
export function runOf(file: string, text: string, stories: Stories): RunInfo | undefined {
  const [head = '', ...rest] = text.split('\n').filter(line => line !== '')
  const header = JSON.parse(head) as Obj
  const { qemu } = header
  const version = isObject(qemu) ? textOf(qemu.src ?? qemu.dst ?? '') : textOf(qemu ?? '')
  const release = version.split('.').slice(0, 2).join('.')
  const start = { 'src.process': 'alive', 'dst.process': 'alive' }
  const told = new Told(start)
  const asked = new Map<string, string>()
  const frames: number[] = []
  const passes: Record<string, number> = {}
  let colo = false
  for (const line of rest) {
    const { side, dir, msg } = JSON.parse(line) as { side: string; dir: string; msg: Obj }
    for (const key of Object.keys(told.set)) delete told.set[key]
    const beat = beatOf(side, dir, msg, told, asked)
    const set = { ...told.set }
    if (beat === undefined && Object.keys(set).length === 0) continue
    for (const [variable, value] of Object.entries(set)) {
      passes[`${variable} ${value}`] ??= frames.length
      if (value === 'colo' && !variable.endsWith('.vm')) colo = true
    }
    const frame: Frame = { beats: beat === undefined ? [] : [beat], set, rule: -1 }
    frames.push(stories.frame(frame))
  }
  const id = file.replace(/\.ndjson$/, '').replaceAll('/', '-')
  const system = colo
    ? 'COLO pair'
    : Object.keys(passes).some(place => place.includes('postcopy'))
      ? 'postcopy'
      : 'precopy'
  const title = textOf(header.scenario ?? header.case ?? id).replace(/^recorded\//, '')
  return { ...{ id, title, qemu: version, release, system, cast: castOf(system), start, frames, passes } }
}

function beatOf(side: string, dir: string, msg: Obj, told: Told, asked: Map<string, string>): BeatInfo | undefined {
  const key = `${side} ${JSON.stringify(msg.id)}`
  const command = msg.execute ?? msg['exec-oob']
  const status = side === 'src' ? 'src.migration' : 'dst.incoming'
  if (dir === '->' && typeof command === 'string') {
    asked.set(key, command)
    if (quiet.has(command) || command.startsWith('query-')) return undefined
    return ['command', side, commandText(command, msg.arguments)]
  }
  if (dir === '!!') {
    const { exit } = msg
    if (isObject(exit)) {
      told.learn(`${side}.process`, 'gone')
      const how = exit.signal === null ? `exits with ${textOf(exit.code)}` : `ends by ${textOf(exit.signal)}`
      return ['end', side, `the process ${how}${exit.by === 'harness' ? ' (we did it)' : ''}`]
    }
    if ('fault' in msg) return ['fault', '', textOf(msg.fault)]
    if ('unanswered' in msg) return ['fault', side, 'no answer came']
    return undefined
  }
  if (typeof msg.event === 'string') {
    const data = isObject(msg.data) ? msg.data : {}
    if (msg.event === 'MIGRATION') told.learn(status, data.status)
    if (msg.event === 'RESUME') told.learn(`${side}.vm`, 'running')
    if (msg.event === 'MIGRATION_PASS') return undefined
    return ['event', side, printEvent(msg.event, data as never)]
  }
  const name = asked.get(key)
  if (isObject(msg.error))
    return name === undefined ? undefined : ['reply', side, `error to ${name}: ${textOf(msg.error.desc)}`]
  if (!('return' in msg) || name === undefined || quiet.has(name)) return undefined
  const result = isObject(msg.return) ? msg.return : {}
  if (name === 'query-status') told.learn(`${side}.vm`, result.status)
  if (name === 'query-migrate') told.learn(status, result.status)
  if (name === 'query-colo-status') return ['reply', side, `return to ${name}: ${JSON.stringify(result)}`]
  return name.startsWith('query-') ? undefined : ['reply', side, `return to ${name}`]
}

/** Every run of a folder and the folders in it, by name. */
export function runsOf(folder: string, stories: Stories): RunInfo[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ndjson'))
    .sort()
  return files.flatMap(file => runOf(file, readFileSync(join(folder, file), 'utf8'), stories) ?? [])
}
