/**
 * `node scripts/lines.ts VERSION=DIR...`: looks up at which lines of QEMU's source
 * the functions are that rules cite, for the page's links, and writes
 * `diagrams/site/lines.json`.  Each DIR is the source tree of a stable release.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { releases } from '../diagrams/site/releases.ts'
import { citeIn, isDefined } from '../impl/cites.ts'
import { isIn } from '../impl/flat.ts'
import type { System } from '../spec/lang.ts'
import { moved } from '../spec/moved.ts'
import { systems } from '../spec/systems.ts'

/** The line of a definition, counted from 1; nothing when it is not there. */
export function lineOf(source: string, name: string): number | undefined {
  if (!isDefined(source, name)) return undefined
  const lines = source.split('\n')
  const begins = new RegExp(`^(?:#\\s*define\\s+|[A-Za-z_][\\w \\t*]*[ \\t*])?${name}\\b`)
  for (const [i, line] of lines.entries()) {
    // The definition itself, and no declaration: it is there from this line on, and not from the next.
    if (begins.test(line) && isDefined(lines.slice(i, i + 60).join('\n'), name)) return i + 1
  }
  return undefined
}

const file = fileURLToPath(new URL('../diagrams/site/lines.json', import.meta.url))

if (process.argv[1] === import.meta.filename) {
  const found: Record<string, number> = {}
  for (const word of process.argv.slice(2)) {
    const [version = '', dir = ''] = word.split('=')
    const tag = releases.find(({ name }) => name === version)?.tag
    if (tag === undefined || !existsSync(dir)) throw new Error(`"${word}" is no VERSION=DIR`)
    const all = (systems as unknown as readonly System[]).flatMap(system => [
      system,
      ...Object.values(system.sides).flat(),
    ])
    const rules = all.flatMap(part => Object.values(part.rules).flat()).filter(rule => isIn(version, rule))
    for (const cite of new Set(rules.flatMap(rule => citeIn(rule.cite, version, moved).split(', ')))) {
      const [path = '', name] = cite.split(':')
      const full = join(dir, path)
      if (name === undefined || !existsSync(full)) continue
      const line = lineOf(readFileSync(full, 'utf8'), name)
      if (line !== undefined) found[`${tag} ${cite}`] = line
    }
  }
  writeFileSync(
    file,
    `${JSON.stringify(Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1))), null, 1)}\n`,
  )
}
