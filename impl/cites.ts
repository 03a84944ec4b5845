/** Whether the functions that rules cite are there, in a source tree. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compareVersions, type Flat } from './flat.ts'
import type { Finding } from './lint.ts'

/** The text after the parenthesis that closes the one before `at`. */
function afterParentheses(text: string, at: number): string {
  let open = 1
  let end = at
  for (; end < text.length && open > 0; end++) {
    if (text[end] === '(') open += 1
    if (text[end] === ')') open -= 1
  }
  return text.slice(end, end + 200)
}

/**
 * Whether C source defines a function, a table or a macro of that name.  A
 * definition begins at the start of a line, as QEMU and Linux write it, and
 * has a body: a declaration, a call or a comment does not count.
 */
export function isDefined(source: string, name: string): boolean {
  if (new RegExp(`^#\\s*define\\s+${name}\\b`, 'm').test(source)) return true
  // The type may stand on the line above, so a definition may begin with the name itself.
  const table = new RegExp(`^[A-Za-z_][\\w\\s*]*\\b${name}\\s*(\\[[^\\]]*\\])*\\s*=`, 'm')
  if (table.test(source)) return true
  for (const found of source.matchAll(new RegExp(`^(?:[A-Za-z_][\\w \\t*]*[ \\t*])?${name}\\s*\\(`, 'gm'))) {
    // Attributes may stand between the parameters and the body.
    if (/^[\w\s(),]*\{/.test(afterParentheses(source, found.index + found[0].length))) return true
  }
  return false
}

/** A file, or a function as `file:function`, that once had another name. */
export interface Moved {
  readonly now: string
  readonly was: string
  /** The last release with the old name. */
  readonly until: string
}

/** What a place was called in a release; of several old names, the one that lasted to it. */
function nameIn(place: string, version: string, moved: readonly Moved[]): string | undefined {
  const old = moved.filter(({ now, until }) => now === place && compareVersions(version, until) <= 0)
  return old.sort((a, b) => compareVersions(a.until, b.until))[0]?.was
}

/** A cite in the words of a release.  What is said of a function goes before what is said of its file. */
export function citeIn(cite: string, version: string, moved: readonly Moved[]): string {
  const parts = cite.split(', ').map(part => {
    const [file = '', name] = part.split(':')
    if (name === undefined) return part
    return nameIn(part, version, moved) ?? `${nameIn(file, version, moved) ?? file}:${name}`
  })
  // Two functions of today may have been one.
  return [...new Set(parts)].join(', ')
}

/** The rules and queries whose files or functions are not in the tree at `dir`, which is of that release. */
export function lintSource(flat: Flat, dir: string, moved: readonly Moved[] = [], release = flat.version): Finding[] {
  const files = new Map<string, string | undefined>()
  const open = (file: string): string | undefined => {
    if (!files.has(file)) {
      try {
        files.set(file, readFileSync(join(dir, file), 'utf8'))
      } catch {
        files.set(file, undefined)
      }
    }
    return files.get(file)
  }
  const cited = [
    ...flat.rules.map(({ id, rule }) => ({ id, cite: rule.cite })),
    ...flat.queries.map(({ side, command, cite }) => ({ id: `${side}/${command}`, cite })),
  ]
  return cited.flatMap(({ id, cite }) =>
    citeIn(cite, release, moved)
      .split(', ')
      .flatMap(part => {
        const [file, name] = part.split(':')
        // Manual pages and the like are not in any tree.
        if (file === undefined || name === undefined) return []
        const source = open(file)
        if (source === undefined) return [{ rule: id, problem: `there is no ${file}` }]
        return isDefined(source, name) ? [] : [{ rule: id, problem: `${file} does not define ${name}` }]
      }),
  )
}
