/** `lockstep conform`: the cases against real QEMUs, endpoints that run, or the embedded reference. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cases } from '../../spec/cases.ts'
import { versions } from '../../spec/versions.ts'
import { versionOf } from '../binaries.ts'
import { conform } from '../conform.ts'
import { embedded } from '../embedded.ts'
import { exitCode, printJsonReport, printReport } from '../report.ts'
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
  readonly trace?: boolean
  readonly json?: boolean
  readonly out?: string
  readonly report?: readonly string[]
  readonly walk?: number
  readonly at?: string
}

const kinds = ['junit', 'json']

/** A binary as a target, if it is one: a wrong path is a mistake in the command line, and is said before anything runs. */
function binary(path: string, trace: boolean): Target {
  try {
    versionOf(path)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  return launched(path, path, { trace })
}

function targetsOf({ qemu = [], src, dst, uri, version, trace = false }: ConformFlags): Target[] {
  if (src !== undefined && qemu.length > 0) throw new UsageError('give --qemu or --src, not both')
  if (src === undefined && (dst !== undefined || uri !== undefined))
    throw new UsageError('--dst and --uri go with --src')
  if (trace && qemu.length === 0)
    throw new UsageError('--trace goes with --qemu: only what is started here can be told to')
  if (src !== undefined) return [addressed(src, dst, uri)]
  if (qemu.length > 0) return qemu.map(path => binary(path, trace))
  return [embedded(releases(versions, version).at(-1) ?? '')]
}

/** Runs the verb; answers the exit code. */
export async function conformVerb(flags: ConformFlags): Promise<number> {
  const { only = [], skip = [], seed, repeat, timeoutScale, version, json, report = [] } = flags
  const unknown = report.find(kind => !kinds.includes(kind))
  if (unknown !== undefined) throw new UsageError(`"${unknown}" is no kind of report; there are ${kinds.join(', ')}`)
  const chosen = select(cases, { only, skip })
  // A word for a version that nobody knows is an error before anything runs.
  const forced = version === undefined || version === 'auto' ? undefined : releases(versions, version)[0]
  const targets = targetsOf(flags)
  if (flags.at !== undefined && flags.walk === undefined) throw new UsageError('--at goes with --walk')
  if (flags.walk !== undefined) {
    const { walkVerb } = await import('./walk.ts')
    const known = (target: Target) =>
      (flags.qemu ?? []).includes(target.name) ? versionOf(target.name) : /^reference (.*)/.exec(target.name)?.[1]
    const places = targets.map(target => {
      const release = known(target)
      return { target, ...(release !== undefined && { version: release }) }
    })
    return walkVerb(places, { ...flags, walk: flags.walk })
  }
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
  if (out !== undefined && report.includes('json')) writeFileSync(join(out, 'report.json'), printJsonReport(results))
  if (out !== undefined && report.includes('junit')) {
    const { printJunit } = await import('../junit.ts')
    writeFileSync(join(out, 'junit.xml'), printJunit(results))
  }
  if (json) print(printJsonReport(results))
  prose(json)(printReport(results))
  return exitCode(results)
}
