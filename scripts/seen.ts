/**
 * Finds which rules real QEMU was seen to take, and writes `spec/seen.json`.
 *
 *     node scripts/seen.ts [--afresh] [--thorough] [--add DIR|FILE]...
 *
 * It looks through the transcripts that are kept in `conformance/transcripts`, or
 * through those that `lockstep conform --out` has left in the folders that are given.  What
 * was found earlier stays, as long as there is a rule of that name in that release;
 * with `--afresh`, it does not.  Runs that look like others are passed over, unless `--thorough`.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { addSeen, type FoundIn } from '../conformance/coverage.ts'
import { judges } from '../conformance/judges.ts'
import { printSeen, readSeen } from '../conformance/seen.ts'
import { compareVersions } from '../impl/flat.ts'
import { flatten } from '../impl/flatten.ts'
import { pair } from '../spec/systems.ts'
import { versions } from '../spec/versions.ts'

const root = new URL('..', import.meta.url).pathname
const kept = join(root, 'conformance', 'transcripts')
const file = join(root, 'spec', 'seen.json')

const transcriptsIn = (path: string): string[] =>
  statSync(path).isDirectory()
    ? readdirSync(path, { recursive: true })
        .map(name => join(path, String(name)))
        .filter(name => name.endsWith('.ndjson'))
        .sort()
    : [path]

/** Without what no rule of that release is called any more. */
function pruned(seen: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const named = new Map<string, Set<string>>(
    versions.map(one => [one, new Set(flatten(pair, one).rules.map(({ rule }) => rule.name))]),
  )
  const left = [...seen].map(([rule, of]): [string, string[]] => [rule, of.filter(one => named.get(one)?.has(rule))])
  return new Map(left.filter(([, of]) => of.length > 0))
}

const { values } = parseArgs({
  options: {
    afresh: { type: 'boolean', default: false },
    thorough: { type: 'boolean', default: false },
    add: { type: 'string', multiple: true, default: [] },
  },
})
const seen = values.afresh ? new Map<string, string[]>() : pruned(readSeen(readFileSync(file, 'utf8')))
const write = () => writeFileSync(file, printSeen(seen, compareVersions))
const { needed, close } = judges()
const tell = ({ file: path, rules, release }: FoundIn): void => {
  if (rules.length === 0) return
  process.stderr.write(`${path.replace(`${kept}/`, '')}: ${rules.length} more of ${release}\n`)
  // Whoever stops it half-way keeps what was found.
  if (!values.afresh) write()
}
// What the kept ones show was found before, unless nothing is to be left of it.
if (values.afresh || values.add.length === 0)
  await addSeen(seen, transcriptsIn(kept), { needed }, { every: true, onFile: tell })
await addSeen(seen, values.add.flatMap(transcriptsIn), { needed }, { alike: values.thorough, onFile: tell })
await close()
write()
process.stderr.write(`${seen.size} rules were seen to be taken\n`)
