/**
 * Chooses and cleans recorded transcripts for the repository:
 * `node scripts/collect-transcripts.ts FROM... [--to FOLDER] [--most N]`.
 *
 * Each FROM has a folder a scenario, with one run a file in it (`FROM/scenario/n.ndjson`).
 * Of each scenario those runs are kept in which the sides said their events in
 * another order: the commonest order and then the rarest, the shortest run of each.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { basename, dirname, extname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { isObject, type Json, type JsonObject, parseJson } from '../conformance/json.ts'
import { printTranscript } from '../conformance/print.ts'
import { readTranscript, type Transcript } from '../conformance/transcript.ts'

/** Events whose number is free: how often they come one after another makes no other order. */
const countless = ['MIGRATION_PASS']
/** Observations of signals that end a process, which is all that can go wrong where nothing else is observed. */
const deadly = ['kill', 'term']

/** `/run/x/mig` as `m.sock`, `/run/x/mig2` as `m2.sock`, wherever in a text it stands. */
export const shorten = (text: string): string =>
  text.replaceAll(/(?<![\w.])(?:\/[\w.+@-]+){2,}/g, path => {
    const name = basename(path, extname(path)).replace(/^mig(ration)?(?=\d*$)/, 'm')
    return `${name}${extname(path) || '.sock'}`
  })

/** Every text in a message, names of members included, without paths of the machine it was recorded on. */
export function withoutPaths(value: Json): Json {
  if (typeof value === 'string') return shorten(value)
  if (Array.isArray(value)) return (value as readonly Json[]).map(withoutPaths)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([member, inside]) => [shorten(member), withoutPaths(inside)]))
}

const signalName = (signal: Json | undefined): Json =>
  typeof signal === 'number'
    ? (Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? null)
    : (signal ?? null)

/** An observation in the words of the pair transcript, or nothing for one that is only the recorder's own. */
function observation(msg: JsonObject): JsonObject | undefined {
  if (isObject(msg.exit)) return { exit: { ...msg.exit, signal: signalName(msg.exit.signal) } }
  if (typeof msg.kill === 'string') return { fault: msg.kill.replace(/^SIG/, '').toLowerCase() }
  return undefined
}

/** A run in the words of the pair transcript; nothing when a third side took part or the recorder failed. */
export function clean(text: string, scenario: string, n: string): string | undefined {
  const [header, ...lines] = text
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(line => parseJson(line) as JsonObject)
  if (header === undefined || lines.some(({ side }) => !['src', 'dst', '-'].includes(String(side)))) return undefined
  if (lines.some(({ msg }) => isObject(msg) && 'harness_error' in msg)) return undefined
  const kept = lines.flatMap(({ t, side, dir, msg }) => {
    if (side === '-' || !isObject(msg)) return []
    const told = dir === '!!' ? observation(msg) : withoutPaths(msg)
    return told === undefined ? [] : [{ t: Math.round(Number(t) * 1000) / 1e6, side, dir, msg: told }]
  })
  const faults = kept.flatMap(({ dir, msg }) => (dir === '!!' && isObject(msg) && 'fault' in msg ? [msg.fault] : []))
  const listed = faults.every(name => deadly.includes(String(name)))
  const { lockstep, qemu, machine } = header
  const head = {
    lockstep: lockstep ?? 1,
    ...(qemu === undefined ? {} : { qemu }),
    case: `recorded/${scenario}/${n}`,
    ...(machine === undefined ? {} : { machine }),
    ...(listed ? { faults: 'listed' } : {}),
  }
  return [head, ...kept].map(line => `${JSON.stringify(line)}\n`).join('')
}

/** The order of events, side by side. */
export function orderOf({ lines }: Transcript): string {
  const said = (side: string): string[] =>
    lines.flatMap(line => {
      const { event, data } = line.msg
      if (line.side !== side || line.dir !== '<-' || typeof event !== 'string') return []
      if (countless.includes(event)) return [event]
      return [[event, ...(isObject(data) ? [data.status, data.reason] : [])].filter(Boolean).join(' ')]
    })
  const once = (events: string[]): string[] =>
    events.filter((event, i) => !(countless.includes(event) && events[i - 1] === event))
  // How many checkpoints there were makes no other order either.
  const order = (side: string): string =>
    once(said(side))
      .join(', ')
      .replaceAll(/(STOP, RESUME)(, STOP, RESUME)+/g, '$1')
  return JSON.stringify([order('src'), order('dst')])
}

/** The commonest order and then the rarest, `most` of them in all, the shortest run of each. */
export function choose(runs: readonly { readonly n: string; readonly text: string }[], most: number) {
  const orders = new Map<string, { n: string; text: string }[]>()
  for (const run of runs) {
    const order = orderOf(readTranscript(run.text, run.n))
    orders.set(order, [...(orders.get(order) ?? []), run])
  }
  const groups = [...orders.values()].sort((a, b) => b.length - a.length)
  const [first, ...others] = groups.map(
    group => group.sort((a, b) => a.text.length - b.text.length || Number(a.n) - Number(b.n))[0],
  )
  return [first, ...others.reverse()].slice(0, most).filter(run => run !== undefined)
}

/** Every folder below that has runs in it, cleaned, by its path with dashes. */
async function scenariosIn(from: string): Promise<[string, { n: string; text: string }[]][]> {
  const found = new Map<string, { n: string; text: string }[]>()
  const names = await readdir(from, { recursive: true })
  for (const name of names.filter(file => file.endsWith('.ndjson')).sort()) {
    const scenario = dirname(name).replaceAll('/', '-')
    const n = basename(name, '.ndjson')
    const text = clean(await readFile(join(from, name), 'utf8'), scenario, n)
    if (text !== undefined) found.set(scenario, [...(found.get(scenario) ?? []), { n, text }])
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1))
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      to: { type: 'string', default: join(import.meta.dirname, '../conformance/transcripts/recorded') },
      most: { type: 'string', default: '2' },
    },
  })
  if (positionals.length === 0) throw new Error('say where the recorded runs are: FROM/scenario/n.ndjson')
  await mkdir(values.to, { recursive: true })
  for (const old of await readdir(values.to)) if (old.endsWith('.ndjson')) await rm(join(values.to, old))
  let bytes = 0
  let files = 0
  for (const from of positionals) {
    for (const [scenario, runs] of await scenariosIn(from)) {
      for (const { n, text } of choose(runs, Number(values.most))) {
        const file = `${scenario}-${n}.ndjson`
        const printed = printTranscript(readTranscript(text, file))
        await writeFile(join(values.to, file), printed)
        bytes += printed.length
        files += 1
      }
    }
  }
  console.error(`${files} transcripts, ${bytes} bytes`)
}

if (process.argv[1] === import.meta.filename) await main()
