/**
 * Finds which recorded transcripts of real QEMUs cannot be explained without
 * which rules, and writes `conformance/mutants/needed.json`.
 *
 *     node scripts/needed.ts [--version X.Y]
 *
 * `lockstep mutants` holds the edited rules against those transcripts: where
 * they do not allow what a real QEMU was seen to do, the edit is noticed.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { judges } from '../conformance/judges.ts'
import { indexOf, type NeededBy, printNeeded } from '../conformance/mutants/seen-by.ts'
import { recordedOf } from '../conformance/mutants/wire.ts'
import { versions } from '../spec/versions.ts'

const file = join(import.meta.dirname, '../conformance/mutants/needed.json')
const { values } = parseArgs({ options: { version: { type: 'string' } } })
const found: Record<string, NeededBy> = JSON.parse(readFileSync(file, 'utf8')) as Record<string, NeededBy>
const { needed, close } = judges()
for (const version of versions) {
  if (values.version !== undefined && values.version !== version) continue
  const shown = await Promise.all(
    recordedOf(version).map(async transcript => ({ transcript, rules: await needed(transcript, version, []) })),
  )
  found[version] = indexOf(shown)
  writeFileSync(file, printNeeded(found))
  process.stderr.write(`${version}: ${Object.keys(found[version]).length} rules in ${shown.length} transcripts\n`)
}
await close()
