/** Files of many pieces, each read into the place of the one before. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { bytesOf, Cutter } from './input.ts'

const folder = mkdtempSync(join(tmpdir(), 'lockstep-input-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function linesOf(file: string): Promise<(string | undefined)[]> {
  const cutter = new Cutter()
  const lines: (string | undefined)[] = []
  for await (const piece of bytesOf(file)) lines.push(...cutter.push(piece))
  return [...lines, ...cutter.end()]
}

test.each([
  ['as it is', (text: string) => Buffer.from(text)],
  ['packed', (text: string) => gzipSync(text)],
])('all lines of a large file come as they were written, %s', async (_, written) => {
  // What cannot be packed much, so that the packed file has many pieces, too.
  const lines = Array.from({ length: 40_000 }, (_, i) => `${i} ${randomBytes(12).toString('base64')}`)
  const file = join(folder, 'log')
  writeFileSync(file, written(lines.join('\n')))
  expect(await linesOf(file)).toEqual(lines)
})
