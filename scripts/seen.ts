/**
 * Finds which rules real QEMU was seen to take, and writes `spec/seen.json`.
 *
 *     node scripts/seen.ts [FILE...]
 *
 * A rule counts as seen under a release when some recorded transcript of a
 * real binary of that release can be explained with it and cannot be without:
 * whatever else is true, QEMU did that.  A rule that every transcript can do
 * without stays marked as read from source only.  With no files, all of
 * `conformance/transcripts`.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { observe } from '../conformance/observe.ts'
import { readTranscript } from '../conformance/transcript.ts'
import { faultsOf, follow, packedFor, systemFor } from '../conformance/validate.ts'
import { profileOfTranscript } from '../conformance/whose.ts'
import { Tracker, TrackLimitError } from '../impl/track.ts'

const root = new URL('..', import.meta.url).pathname
const folder = join(root, 'conformance', 'transcripts')
const given = process.argv.slice(2)
const files =
  given.length > 0
    ? given
    : readdirSync(folder, { recursive: true })
        .map(name => join(folder, String(name)))
        .filter(name => name.endsWith('.ndjson'))
        .sort()

const seen = new Map<string, Set<string>>()
for (const file of files) {
  const transcript = readTranscript(readFileSync(file, 'utf8'), file)
  const { rules: version } = profileOfTranscript(transcript, 'auto')
  if (version === undefined) continue
  const packed = packedFor(version, systemFor(transcript))
  const observed = observe(packed.flat, transcript)
  const known = { observed: observed.sides, fault: faultsOf(transcript, observed, packed) }
  // Where too many states are possible nobody knows; then nothing is seen of it.
  const explains = (tracker: Tracker): boolean | undefined => {
    try {
      return follow(tracker, observed) === undefined
    } catch (error) {
      if (error instanceof TrackLimitError) return undefined
      throw error
    }
  }
  const whole = new Tracker(packed, known)
  if (explains(whole) !== true) continue
  let found = 0
  for (const id of whole.tried) {
    // Of a side that nobody recorded, no rule is ever needed.
    if (!observed.sides.some(side => id.startsWith(`${side}/`)) && observed.sides.length < packed.flat.sides.length)
      continue
    const rule = packed.flat.rules.find(other => other.id === id)?.rule.name ?? id
    const versions = seen.get(rule) ?? new Set<string>()
    if (versions.has(version) || explains(whole.without(id)) !== false) continue
    seen.set(rule, versions.add(version))
    found += 1
  }
  if (process.stderr.isTTY || found > 0)
    process.stderr.write(`${file.replace(`${folder}/`, '')}: ${found} more, ${seen.size} in all\n`)
}
const lines = [...seen]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(
    ([rule, versions]) =>
      `  ${JSON.stringify(rule)}: [${[...versions]
        .sort()
        .map(version => JSON.stringify(version))
        .join(', ')}]`,
  )
const head = '  "//": "Printed by `node scripts/seen.ts`; do not edit."'
writeFileSync(join(root, 'spec', 'seen.json'), `{\n${[head, ...lines].join(',\n')}\n}\n`)
process.stderr.write(`${seen.size} rules were seen to be taken\n`)
