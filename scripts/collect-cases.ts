/**
 * `node scripts/collect-cases.ts FOLDER`: takes the transcripts of cases that
 * `lockstep conform --qemu BIN --out` has stored, of those that go by one name the first,
 * without what is of one machine only, into `diagrams/cases/`, from which `npm run draw`
 * prints examples.
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

/** Of files named after cases, `section-name-n`, the lowest of each name: the others differ in a detail. */
export function firsts(files: readonly string[]): string[] {
  const parts = (file: string): [name: string, number: number] => {
    const [, name = file, number = '0'] = /^(.*)-(\d+)(?=\.)/.exec(file) ?? []
    return [name, Number(number)]
  }
  const lowest = new Map<string, string>()
  for (const file of files) {
    const [name, number] = parts(file)
    const known = lowest.get(name)
    if (known === undefined || number < parts(known)[1]) lowest.set(name, file)
  }
  return [...lowest.values()].sort()
}

if (process.argv[1] === import.meta.filename) {
  const [from = ''] = process.argv.slice(2)
  const to = fileURLToPath(new URL('../diagrams/cases/', import.meta.url))
  for (const file of firsts(readdirSync(from).filter(name => name.endsWith('.ndjson')))) {
    const text = readFileSync(join(from, file), 'utf8')
    writeFileSync(join(to, file.replace(/\.seed\d+/, '')), cleaned(text))
  }
}
