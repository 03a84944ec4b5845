/** Verdicts on mutants that were reached before, by what they depend on: rules, claims, transcripts, and the code. */
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Mutant } from '../../impl/mutate.ts'
import type { Effort, Verdict } from './trial.ts'

const root = join(import.meta.dirname, '../..')

/** Where they are kept when nothing else is said: with what other tools keep, away from what is committed. */
export const cacheFile = join(root, 'node_modules/.cache/lockstep/mutants.ndjson')

const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true })
    .map(String)
    .filter(name => /\.(ts|js|json|ndjson)$/.test(name) && !/\.test\.[tj]s$/.test(name))
    .sort()
    .map(name => join(folder, name))

let code: string | undefined

/** A hash of all that a verdict may depend on but the mutant itself. */
function codeHash(): string {
  if (code !== undefined) return code
  const hash = createHash('sha1')
  const conformance = readdirSync(join(root, 'conformance'))
    .filter(name => /\.[tj]s$/.test(name) && !/\.test\.[tj]s$/.test(name))
    .sort()
    .map(name => join('conformance', name))
  for (const file of [
    ...['spec', 'impl', 'conformance/mutants', 'conformance/transcripts'].flatMap(filesIn),
    ...conformance,
  ])
    hash.update(`${file}\n`).update(readFileSync(join(root, file)))
  code = hash.digest('hex')
  return code
}

/** What a verdict is kept by. */
export const keyOf = (mutant: Mutant, version: string, effort: Effort, content = codeHash()): string =>
  createHash('sha1')
    .update(JSON.stringify([content, mutant.edits, mutant.rule, version, effort]))
    .digest('hex')

/** Verdicts by their keys, in a file to which more are added. */
export class Cache {
  private readonly file: string
  private readonly known = new Map<string, Verdict>()

  constructor(file: string) {
    this.file = file
    if (!existsSync(file)) return
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      // Whoever was killed while it wrote has left half a line.
      try {
        const { key, verdict } = JSON.parse(line) as { key: string; verdict: Verdict }
        this.known.set(key, verdict)
      } catch {}
    }
  }

  get(key: string): Verdict | undefined {
    return this.known.get(key)
  }

  set(key: string, verdict: Verdict): void {
    this.known.set(key, verdict)
    mkdirSync(dirname(this.file), { recursive: true })
    appendFileSync(this.file, `${JSON.stringify({ key, verdict })}\n`)
  }
}
