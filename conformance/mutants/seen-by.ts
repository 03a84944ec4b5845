/** Which recorded transcripts of real QEMUs need which rules: `needed.json` as it is made, kept and asked. */
import type { Transcript } from '../transcript.ts'
import needed from './needed.json' with { type: 'json' }

/** For each rule, by its name, some transcripts that cannot be explained without it, the shortest first. */
export interface NeededBy {
  readonly [rule: string]: readonly string[]
}

/** So many transcripts of a rule are kept: what a mutant asks for in one of them another may not have had. */
const most = 8

/** A transcript's scenario: runs of one scenario show much the same. */
const scenario = (file: string): string => file.replace(/-\d+\.ndjson$/, '')

/** Which transcripts to keep, given the rules that each needs. */
export function indexOf(
  shown: readonly { readonly transcript: Transcript; readonly rules: readonly string[] }[],
): NeededBy {
  const short = shown.toSorted((a, b) => a.transcript.lines.length - b.transcript.lines.length)
  const found = new Map<string, string[]>()
  for (const again of [false, true]) {
    for (const { transcript, rules } of short) {
      for (const rule of rules) {
        const files = found.get(rule) ?? []
        const told = files.includes(transcript.file) || files.some(file => scenario(file) === scenario(transcript.file))
        if (files.length < most && (!told || (again && !files.includes(transcript.file)))) files.push(transcript.file)
        found.set(rule, files)
      }
    }
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The file that is kept. */
export const printNeeded = (found: { readonly [version: string]: NeededBy }): string =>
  `${JSON.stringify(found, null, 1)}\n`

/** The recorded transcripts of a release that cannot be explained without a rule. */
export const neededBy = (version: string, rule: string): readonly string[] =>
  (needed as { readonly [version: string]: NeededBy | undefined })[version]?.[rule] ?? []
