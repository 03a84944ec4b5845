/**
 * `node scripts/collect-cases.ts FOLDER`: takes the transcripts of cases that
 * `lockstep conform --qemu BIN --out` has stored, without what is of one machine
 * only, into `diagrams/cases/`, from which `npm run draw` prints examples.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A transcript without paths, command lines and times of a machine. */
export function cleaned(text: string): string {
  const [head = '', ...lines] = text.trimEnd().split('\n')
  const { lockstep, qemu, case: id, faults } = JSON.parse(head) as { [member: string]: unknown }
  const start = JSON.stringify({ lockstep, qemu, case: id, faults })
  return `${[start, ...lines]
    .join('\n')
    .replaceAll(/(file:)?[^"' :=]*\/lockstep-[^/"]+\/\d+\/([\w-]+)/g, (_, file: string | undefined, name: string) =>
      file === undefined ? `${name}.sock` : `${file}${name}`,
    )}\n`
}

if (process.argv[1] === import.meta.filename) {
  const [from = ''] = process.argv.slice(2)
  const to = fileURLToPath(new URL('../diagrams/cases/', import.meta.url))
  for (const file of readdirSync(from).filter(name => name.endsWith('.ndjson'))) {
    const text = readFileSync(join(from, file), 'utf8')
    writeFileSync(join(to, file.replace(/\.seed\d+/, '')), cleaned(text))
  }
}
