/** `lockstep conform`: the cases against real QEMUs, endpoints that run, or the embedded reference. */
import { availableParallelism } from 'node:os'
import type { Case } from '../../spec/script.ts'
import { suite } from '../../spec/suite.ts'
import { versions } from '../../spec/versions.ts'
import { type Compared, compareWith, printBaseline, readBaseline, readBaselineToUpdate } from '../baseline.ts'
import { versionOf } from '../binaries.ts'
import { conform, type Result, untimely } from '../conform.ts'
import { addSeen, type FoundIn } from '../coverage.ts'
import { embedded } from '../embedded.ts'
import { foreign, probeAll } from '../foreign.ts'
import { type Judges, judges } from '../judges.ts'
import { printFacts } from '../probe.ts'
import { exitCode } from '../report.ts'
import { printJsonReport } from '../reports/json.ts'
import { printReport } from '../reports/terminal.ts'
import { reportKinds, writeReports } from '../reports/write.ts'
import { isOf, type Shard } from '../shard.ts'
import { addressed, launched, type Target } from '../stage.ts'
import { store, storeIn } from '../store.ts'
import { printCases } from './cases.ts'
import { print, progressLine, prose, releases, remark, seenRules, select, UsageError } from './common.ts'

/** The options as the command line gives them. */
export interface ConformFlags {
  readonly qemu?: readonly string[]
  readonly src?: string
  readonly dst?: string
  readonly uri?: string
  readonly keep?: boolean
  readonly only?: readonly string[]
  readonly skip?: readonly string[]
  readonly quick?: boolean
  readonly shard?: Shard
  readonly list?: boolean
  readonly jobs?: number
  readonly seed: number
  readonly timeoutScale: number
  readonly repeat: number
  readonly version?: string
  readonly trace?: boolean
  readonly json?: boolean
  readonly out?: string
  readonly report?: readonly string[]
  readonly walk?: number
  readonly coverage?: boolean
  readonly at?: string
  readonly baseline?: string
  readonly updateBaseline?: boolean
}

/** A binary as a target, if it is one: a wrong path is a mistake in the command line, and is said before anything runs. */
function binary(path: string, trace: boolean): Target {
  try {
    return launched(path, path, { trace, release: versionOf(path) })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/** Endpoints that run already, asked first what they can do. */
async function running({ src = '', dst, uri, keep, timeoutScale }: ConformFlags): Promise<Target> {
  const target = addressed(src, dst, uri)
  const addresses = { src, ...(dst !== undefined && { dst }) }
  const facts = await probeAll(addresses, timeoutScale)
  for (const side of ['src', 'dst'] as const) {
    const known = facts[side]
    if (known !== undefined) remark(`${side} ${addresses[side]}: ${printFacts(known)}`)
  }
  return foreign(target, facts, keep)
}

async function targetsOf(flags: ConformFlags): Promise<Target[]> {
  const { qemu = [], src, dst, uri, keep, version, trace = false } = flags
  if (src !== undefined && qemu.length > 0) throw new UsageError('give --qemu or --src, not both')
  if (src === undefined && (dst !== undefined || uri !== undefined || keep))
    throw new UsageError(keep ? '--keep goes with --src' : '--dst and --uri go with --src')
  if (trace && qemu.length === 0)
    throw new UsageError('--trace goes with --qemu: only what is started here can be told to')
  if (src !== undefined) return [await running(flags)]
  if (qemu.length > 0) return qemu.map(path => binary(path, trace))
  return [embedded(releases(versions, version).at(-1) ?? '')]
}

/** How many cases run side by side unless the command line says: most of the time, each of them waits. */
export const defaultJobs = (): number => 2 * availableParallelism()

/** The cases that the words let through, of the quick ones or of all, and of these the share that is this shard's. */
function chosenOf({ only = [], skip = [], quick, shard }: ConformFlags): Case[] {
  const all = quick ? suite.filter(one => one.quick) : suite
  const chosen = select(all, { only, skip })
  return shard === undefined ? chosen : chosen.filter(({ id }) => isOf(shard, id))
}

function listChosen(chosen: readonly Case[], release: string | undefined, json: boolean | undefined): number {
  const own = chosen.filter(one => release === undefined || untimely(one, release) === undefined)
  print(printCases(own, json))
  return 0
}

/** The rules that these runs show and that no real QEMU was seen to take before. */
async function newlySeen(
  ran: readonly Result[],
  judges: Pick<Judges, 'needed'>,
  progress: (text: string) => void,
): Promise<readonly FoundIn[]> {
  const files = ran.flatMap(({ file, verdict }) =>
    file !== undefined && (verdict === 'conforms' || verdict === 'known deviation') ? [file] : [],
  )
  let done = 0
  const onFile = () => progress(`looking for rules that were not seen before: ${++done}/${files.length}`)
  return addSeen(seenRules(), files, judges, { onFile })
}

function printNew(found: readonly FoundIn[], out: string): string {
  const lines = found.flatMap(({ release, rules }) => rules.map(rule => `  ${release}  ${rule}`)).sort()
  const head = `${lines.length} rules were seen that had not been${lines.length > 0 ? ` (node scripts/seen.ts --add ${out} keeps them)` : ''}`
  return [head, ...lines].join('\n')
}

/** Runs the verb; answers the exit code. */
export async function conformVerb(flags: ConformFlags): Promise<number> {
  const { seed, repeat, timeoutScale, version, json, report = [] } = flags
  const unknown = report.find(kind => !reportKinds.includes(kind))
  if (unknown !== undefined)
    throw new UsageError(`"${unknown}" is no kind of report; there are ${reportKinds.join(', ')}`)
  const baseline = baselineOf(flags)
  const chosen = chosenOf(flags)
  // A word for a version that nobody knows is an error before anything runs.
  const forced = version === undefined || version === 'auto' ? undefined : releases(versions, version)[0]
  if (flags.list) return listChosen(chosen, forced, json)
  const targets = await targetsOf(flags)
  if (flags.at !== undefined && flags.walk === undefined) throw new UsageError('--at goes with --walk')
  if (flags.walk !== undefined) {
    const { walkVerb } = await import('./walk.ts')
    const places = targets.map(target => ({
      target,
      ...(target.release !== undefined && { version: target.release }),
    }))
    return walkVerb(places, { ...flags, walk: flags.walk })
  }
  const out = flags.out ?? (report.length > 0 || flags.coverage ? 'out' : undefined)
  if (out !== undefined) storeIn(out)
  const line = progressLine()
  const { validate, needed, close } = judges()
  const ran = await conform(
    {
      targets,
      cases: chosen,
      seed,
      repeat,
      timeoutScale,
      jobs: flags.jobs ?? defaultJobs(),
      ...(forced !== undefined && { version: forced }),
      ...(out !== undefined && { out }),
      progress: (target, of, done, all) => line.show(`${done + 1}/${all}  ${of}  ${target}`),
    },
    validate,
  ).catch(async error => {
    await close()
    throw error
  })
  for (const target of targets) await target.close?.()
  const shown = flags.coverage ? await newlySeen(ran, { needed }, text => line.show(text)) : []
  await close()
  line.clear()
  const { results, remarks } = baseline.hold(ran)
  const written =
    out === undefined ? [] : await writeReports(report, out, results, id => chosen.find(one => one.id === id))
  if (json) print(printJsonReport(results))
  prose(json)([printReport(results), ...remarks.map(line => `${line}\n`)].join(''))
  for (const path of written) remark(`written: ${path}`)
  if (flags.coverage) remark(printNew(shown, out ?? ''))
  return exitCode(results)
}

/** What `--baseline` and `--update-baseline` make of results. */
function baselineOf({ baseline: file, updateBaseline: update = false }: ConformFlags) {
  if (file === undefined) {
    if (update) throw new UsageError('--update-baseline goes with --baseline')
    return { hold: (results: readonly Result[]): Compared => ({ results, remarks: [] }) }
  }
  // Before anything runs: a mistake in it should not cost a quarter of an hour.
  const earlier = update ? readBaselineToUpdate(file) : readBaseline(file)
  const hold = (results: readonly Result[]): Compared => {
    if (!update) return compareWith(earlier, results)
    const text = printBaseline(earlier, results)
    store(file, text)
    return { results: compareWith(JSON.parse(text).results, results).results, remarks: [`${file} is up to date`] }
  }
  return { hold }
}
