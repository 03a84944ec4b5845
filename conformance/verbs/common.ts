/** What the verbs of the command line share. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSeen } from '../seen.ts'
import { VersionError } from '../whose.ts'

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Prints what was asked for. */
export const print = (text: string): void => {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
}

/** Prints what is said besides: progress, hints, prose. */
export const remark = (text: string): void => {
  process.stderr.write(text.endsWith('\n') ? text : `${text}\n`)
}

/** Prose goes to standard output, unless that is to hold one JSON object and nothing else. */
export const prose = (json: boolean | undefined): ((text: string) => void) => (json ? remark : print)

/** A line that is overwritten by the next, on a terminal; nothing anywhere else. */
export function progressLine(): { show: (text: string) => void; clear: () => void } {
  if (!process.stderr.isTTY) return { show: () => {}, clear: () => {} }
  const clear = () => void process.stderr.write('\r\u001b[K')
  const show = (text: string) => {
    clear()
    process.stderr.write(text.slice(0, (process.stderr.columns ?? 80) - 1))
  }
  return { show, clear }
}

/** The releases that an option names: all for `auto`, else the one. */
export function releases(known: readonly string[], option: string | undefined): readonly string[] {
  if (option === undefined || option === 'auto') return known
  const [major, minor] = option.split('.')
  const found = known.find(version => version === `${major}.${minor}`)
  if (found === undefined || !/^\d+\.\d+(\.\d+)?$/.test(option)) {
    throw new VersionError(`there are no rules for version "${option}"; there are for ${known.join(', ')}`)
  }
  return [found]
}

const literally = (text: string): string => text.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')

/** Whether an id is what a word means: the id, a part of it from its start (`colo`, `colo/checkpoints`), or a pattern with `*`. */
export const means = (word: string, id: string): boolean =>
  id === word || id.startsWith(`${word.replace(/\/$/, '')}/`) || (word.includes('*') && likePattern(word, id))

/** Whether a text is like a pattern, in which `*` stands for anything. */
export const likePattern = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern.split('*').map(literally).join('.*')}$`).test(text)

/** The ids; where they are too many to read, what they start with. */
function namesOf(items: readonly { readonly id: string }[]): readonly string[] {
  const ids = items.map(({ id }) => id)
  return ids.length <= 60 ? ids : [...new Set(ids.map(id => id.split('/').slice(0, -2).join('/') || id))]
}

/**
 * Those that the words let through.
 *
 * @throws UsageError for a word that means nothing
 */
export function select<T extends { readonly id: string }>(
  items: readonly T[],
  { only = [], skip = [] }: { readonly only?: readonly string[]; readonly skip?: readonly string[] },
): T[] {
  for (const word of [...only, ...skip]) {
    if (!items.some(({ id }) => means(word, id)))
      throw new UsageError(`"${word}" is none of them; there are ${namesOf(items).join(', ')}`)
  }
  return items.filter(
    ({ id }) => (only.length === 0 || only.some(word => means(word, id))) && !skip.some(word => means(word, id)),
  )
}

/** `spec/seen.json`, when it is there: the releases of which a real binary was seen to take a rule, by its name. */
export function seenRules(): Map<string, string[]> {
  const path = join(import.meta.dirname, '../../spec/seen.json')
  return existsSync(path) ? readSeen(readFileSync(path, 'utf8')) : new Map()
}

function seenOf(): (name: string) => readonly string[] {
  const seen = seenRules()
  return name => seen.get(name) ?? []
}

/** Where each rule was seen to be taken, by its name; else we have read the source. */
export function seenWhere(): (name: string) => string {
  const seen = seenOf()
  return name => {
    const found = seen(name)
    return found.length > 0 ? `QEMU ${found.join(', ')}` : 'source'
  }
}

/** Of which of these releases a real binary was seen to take a rule; `source` where we have only read it. */
export function seenIn(releases: readonly string[]): (name: string) => readonly string[] | 'source' {
  const seen = seenOf()
  return name => {
    const found = seen(name).filter(version => releases.includes(version))
    return found.length > 0 ? found : 'source'
  }
}
