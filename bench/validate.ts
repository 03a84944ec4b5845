/**
 * Messages a second of `lockstep validate`, and what memory it takes.
 *
 * Logs of a million messages are made of recorded runs: a stretch after which
 * the judge is in the place where it was before can come again any number of
 * times.  Each command gets an id of its own, each event a time of its own, and
 * figures in answers differ, as they would.
 */
import { execFileSync, spawn } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { isObject, type Json, type JsonObject } from '../conformance/json.ts'
import { followerFor, holdOf, LogJudge } from '../conformance/log-judge.ts'
import { observe } from '../conformance/observe.ts'
import { printHeader } from '../conformance/print.ts'
import { type Line, readTranscript, type Transcript } from '../conformance/transcript.ts'
import { faultsOf, packedFor, systemFor } from '../conformance/validate.ts'
import { profileOfTranscript } from '../conformance/whose.ts'
import type { Follower } from '../impl/follow.ts'

const recorded = join(import.meta.dirname, '../conformance/transcripts/recorded')

/** A stretch of a run, as the numbers of its first line and of the one after its last. */
interface Cycle {
  readonly transcript: Transcript
  readonly from: number
  readonly to: number
}

/** Where a run comes back to where it was: the longest such stretch. */
export function cycleOf(file: string): Cycle | undefined {
  const transcript = readTranscript(readFileSync(join(recorded, file), 'utf8'), file)
  const { rules } = profileOfTranscript(transcript, 'auto')
  if (rules === undefined) return undefined
  const packed = packedFor(rules, systemFor(transcript))
  const observed = observe(packed.flat, transcript)
  const hold = holdOf(packed)
  const known = { file, observed: observed.sides, fault: faultsOf(transcript, observed, packed) }
  const follower: Follower = followerFor(hold, known)
  const judge = new LogJudge(hold, known, follower)
  const places = new Map<number, number>()
  let best: Cycle | undefined
  transcript.lines.forEach((line, i) => {
    judge.take(line)
    if (!judge.idle) return
    const { id } = follower.place
    const before = places.get(id)
    if (before === undefined) places.set(id, i + 1)
    else if (best === undefined || i + 1 - before > best.to - best.from) best = { transcript, from: before, to: i + 1 }
  })
  return best
}

/** A message with other figures, where it has any. */
function vary(value: Json, n: number): Json {
  if (typeof value === 'number') return value > 100 ? value + (n % 997) : value
  if (Array.isArray(value)) return value.map(one => vary(one, n))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, name === 'id' ? one : vary(one, n)]))
}

/** Writes a log of so many messages. */
export function writeLong({ transcript, from, to }: Cycle, messages: number, path: string): number {
  const fd = openSync(path, 'w')
  let count = 0
  let text = printHeader(transcript.header)
  let t = 0
  const put = (line: Line, round: number): void => {
    t += 0.000_25
    const { id } = line.msg
    const msg: JsonObject =
      round === 0
        ? line.msg
        : { ...(vary(line.msg, count) as JsonObject), ...(id !== undefined && { id: `${String(id)}-${round}` }) }
    text += `${JSON.stringify({ t: Math.round(t * 1e6) / 1e6, side: line.side, dir: line.dir, msg })}\n`
    count += 1
    if (text.length > 1 << 20) {
      writeSync(fd, text)
      text = ''
    }
  }
  for (const line of transcript.lines.slice(0, from)) put(line, 0)
  for (let round = 1; count < messages; round++) for (const line of transcript.lines.slice(from, to)) put(line, round)
  writeSync(fd, text)
  closeSync(fd)
  return count
}

/** What the most memory is that a process has taken, in MB. */
function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

/** Runs `lockstep validate` on a file. */
async function run(path: string): Promise<{ seconds: number; cpu: number; peak: number; verdict: string }> {
  // As people start it: the shell that looks for a Node becomes that Node.
  const lockstep = join(import.meta.dirname, '../bin/lockstep')
  const start = performance.now()
  const child = spawn(lockstep, ['validate', '--json', path], { stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.on('data', chunk => {
    out += chunk
  })
  let peak = 0
  let ticks = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, peakOf(child.pid ?? 0))
    ticks = Math.max(ticks, ticksOf(child.pid ?? 0))
  }, 20)
  await new Promise(done => child.on('close', done))
  clearInterval(timer)
  const seconds = (performance.now() - start) / 1000
  const [result] = (JSON.parse(out) as { results: { verdict: string; message: string }[] }).results
  if (result?.verdict === 'violates') throw new Error(result.message)
  return { seconds, cpu: ticks / 100, peak, verdict: result?.verdict ?? '' }
}

/** The time that a process has been on a processor, in hundredths of a second. */
function ticksOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return Number(fields[11]) + Number(fields[12])
  } catch {
    return 0
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** Runs from which long logs are made. */
const runs = [
  '11.1.3/colo-again-primary-1.ndjson',
  '7.2.22/colo-checkpoints-rp-1.ndjson',
  '10.0.13/recover-dead-unix-2.ndjson',
  '10.2.2/postcopy-probe-src-1.ndjson',
]

async function main(): Promise<void> {
  const messages = Number(process.argv[2] ?? 1_000_000)
  const times = Number(process.argv[3] ?? 3)
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'))
  const rows: object[] = []
  try {
    for (const file of runs) {
      const cycle = cycleOf(file)
      if (cycle === undefined) {
        process.stdout.write(`${file}: never comes back to where it was\n`)
        continue
      }
      const path = join(folder, 'long.ndjson')
      const count = writeLong(cycle, messages, path)
      const results = []
      for (let i = 0; i < times; i++) results.push(await run(path))
      const row = {
        run: file,
        cycle: cycle.to - cycle.from,
        messages: count,
        megabytes: Math.round(statSync(path).size / 1e6),
        perSecond: Math.round(count / median(results.map(({ seconds }) => seconds))),
        perCpuSecond: Math.round(count / median(results.map(({ cpu }) => cpu))),
        peakMB: Math.round(median(results.map(({ peak }) => peak))),
        verdict: results[0]?.verdict,
      }
      rows.push(row)
      process.stdout.write(`${JSON.stringify(row)}\n`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  const out = join(import.meta.dirname, 'results')
  mkdirSync(out, { recursive: true })
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const about = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, commit, medianOf: times }
  writeFileSync(join(out, 'validate.json'), `${JSON.stringify({ about, rows }, null, 2)}\n`)
}

if (process.argv[1] === import.meta.filename) await main()
