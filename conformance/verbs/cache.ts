/**
 * What `lockstep check` found before, by a hash of all that it was found from:
 * the flattened rules, the claims, and our own code.  So what changed is
 * explored again, and nothing else.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Flat } from '../../impl/flat.ts'
import type { Claim, System } from '../../spec/lang.ts'

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Where results are kept: beside the libraries, or nowhere when there are none. */
export function cacheFolder(): string | undefined {
  const root = join(import.meta.dirname, '../..')
  const modules = join(root, 'node_modules')
  return existsSync(modules) ? join(modules, '.cache/lockstep/check') : undefined
}

const here = (folder: string): string => join(import.meta.dirname, folder)

/** Of each folder the sources whose names fit, by their paths. */
type Sources = readonly (readonly [folder: string, which: RegExp])[]

const filesOf = (sources: Sources): string[] =>
  sources.flatMap(([folder, which]) =>
    readdirSync(here(folder))
      .filter(file => which.test(file) && /\.[jt]s$/.test(file) && !/\.(test|d)\.[jt]s$/.test(file))
      .sort()
      .map(file => join(here(folder), file)),
  )

const hashOf = (sources: Sources): string =>
  hash(
    filesOf(sources)
      .map(file => `${basename(file)}\n${hash(readFileSync(file, 'utf8'))}`)
      .join('\n'),
  )

const drawingSources: Sources = [
  ['../../impl', /^/],
  ['../../diagrams', /^(arrows|causes|frames|label|legs|line|mermaid|overview|plan|scan|story)\./],
  ['../../diagrams/site', /^(part|questions|ways)\./],
  ['.', /^(unit|ids)\./],
]

/** The sources that decide what the page takes of what is explored. */
export const drawingFiles = (): string[] => filesOf(drawingSources)

let code: string | undefined
let drawing: string | undefined

/** A hash of the sources that decide what is found. */
export function codeHash(): string {
  code ??= hashOf([
    ['../../impl', /^/],
    // What a witness is told with; pictures and pages do not matter.
    ['../../diagrams', /^(arrows|ascii|frames|label|line|mermaid|scan|story)\./],
    ['.', /^(unit|ids)\./],
  ])
  return code
}

/** A hash of them. */
export function drawingHash(): string {
  drawing ??= hashOf(drawingSources)
  return drawing
}

/**
 * The name of what is found of a system, flattened, under releases with the
 * same rules, when these claims are judged by code of this hash.
 */
export function keyOf(
  flat: Flat,
  { system, versions, claims }: { system: System; versions: readonly string[]; claims: readonly Claim[] },
  by = codeHash(),
): string {
  // A row's rule is among the rules, and a claim that names a rule of no release is an error.
  const rows = flat.rows.map(row => ({ ...row, rule: row.rule.id }))
  const names = [system, ...Object.values(system.sides).flat()].flatMap(({ rules }) =>
    Object.values(rules).flatMap(some => some.map(({ name }) => name)),
  )
  const named = claims.flatMap(claim => [...claim.without, ...(claim.rule === undefined ? [] : [claim.rule])])
  const there = named.map(name => names.includes(name.replace(/^\w+: /, '')) || names.includes(name))
  return hash(JSON.stringify([by, versions, { ...flat, rows, index: [...flat.index] }, system.without, claims, there]))
}

/** Results beyond this many are forgotten, the oldest first. */
const KEPT = 1000

/** Results in a folder. */
export class Cache<T> {
  private readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** What is kept under this name; nothing when its file is not there or not whole. */
  get(key: string): T | undefined {
    try {
      const text = readFileSync(join(this.folder, key), 'utf8')
      const end = text.indexOf('\n')
      const body = text.slice(end + 1)
      return text.slice(0, end) === hash(key + body) ? (JSON.parse(body) as T) : undefined
    } catch {
      return undefined
    }
  }

  /** Keeps a result.  A folder that cannot be written keeps nothing: it only saves time. */
  set(key: string, value: T): void {
    try {
      mkdirSync(this.folder, { recursive: true })
      const body = JSON.stringify(value)
      const fresh = join(this.folder, `.${process.pid}-${key}`)
      writeFileSync(fresh, `${hash(key + body)}\n${body}`)
      renameSync(fresh, join(this.folder, key))
      this.prune()
    } catch {}
  }

  private prune(): void {
    const files = readdirSync(this.folder)
    if (files.length <= KEPT) return
    const aged = files
      .map(file => ({ file, at: statSync(join(this.folder, file)).mtimeMs }))
      .sort((a, b) => a.at - b.at)
    for (const { file } of aged.slice(0, files.length - KEPT)) rmSync(join(this.folder, file), { force: true })
  }
}
