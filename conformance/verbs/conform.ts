/** `lockstep conform`: the cases against real QEMUs, endpoints that run, or the embedded reference. */
import { mkdirSync } from 'node:fs'
import { cases } from '../../spec/cases.ts'
import { versions } from '../../spec/versions.ts'
import { versionOf } from '../binaries.ts'
import { conform } from '../conform.ts'
import { embedded } from '../embedded.ts'
import { exitCode } from '../report.ts'
import { printJsonReport } from '../reports/json.ts'
import { printReport } from '../reports/terminal.ts'
import { reportKinds, writeReports } from '../reports/write.ts'
import { addressed, launched, type Target } from '../stage.ts'
import { validate } from '../validate.ts'
import { print, progressLine, prose, releases, select, UsageError } from './common.ts'

/** The options as the command line gives them. */
export interface ConformFlags {
  readonly qemu?: readonly string[]
  readonly src?: string
  readonly dst?: string
  readonly uri?: string
  readonly only?: readonly string[]
  readonly skip?: readonly string[]
  readonly seed: number
  readonly timeoutScale: number
  readonly repeat: number
  readonly version?: string
  readonly json?: boolean
  readonly out?: string
  readonly report?: readonly string[]
}

/** A binary as a target, if it is one: a wrong path is a mistake in the command line, and is said before anything runs. */
function binary(path: string): Target {
  try {
    versionOf(path)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  return launched(path)
}

function targetsOf({ qemu = [], src, dst, uri, version }: ConformFlags): Target[] {
  if (src !== undefined && qemu.length > 0) throw new UsageError('give --qemu or --src, not both')
  if (src === undefined && (dst !== undefined || uri !== undefined))
    throw new UsageError('--dst and --uri go with --src')
  if (src !== undefined) return [addressed(src, dst, uri)]
  if (qemu.length > 0) return qemu.map(binary)
  return [embedded(releases(versions, version).at(-1) ?? '')]
}

/** Runs the verb; answers the exit code. */
export async function conformVerb(flags: ConformFlags): Promise<number> {
  const { only = [], skip = [], seed, repeat, timeoutScale, version, json, report = [] } = flags
  const unknown = report.find(kind => !reportKinds.includes(kind))
  if (unknown !== undefined)
    throw new UsageError(`"${unknown}" is no kind of report; there are ${reportKinds.join(', ')}`)
  const chosen = select(cases, { only, skip })
  // A word for a version that nobody knows is an error before anything runs.
  const forced = version === undefined || version === 'auto' ? undefined : releases(versions, version)[0]
  const targets = targetsOf(flags)
  const out = flags.out ?? (report.length > 0 ? 'out' : undefined)
  if (out !== undefined) mkdirSync(out, { recursive: true })
  const line = progressLine()
  const results = await conform(
    {
      targets,
      cases: chosen,
      seed,
      repeat,
      timeoutScale,
      ...(forced !== undefined && { version: forced }),
      ...(out !== undefined && { out }),
      progress: (target, of, done, all) => line.show(`${done + 1}/${all}  ${of}  ${target}`),
    },
    validate,
  )
  line.clear()
  if (out !== undefined) await writeReports(report, out, results, id => chosen.find(one => one.id === id))
  if (json) print(printJsonReport(results))
  prose(json)(printReport(results))
  return exitCode(results)
}
