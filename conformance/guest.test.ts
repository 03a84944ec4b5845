import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { which } from './binaries.ts'
import { firmware, guestArgs, program } from './guest.ts'
import { tempDir } from './temp.ts'

const tools = ['as', 'objcopy'].filter(name => which(name) === undefined)
const reason = tools.length > 0 ? ` (skipped: no ${tools.join(' and no ')} here)` : ''

/** What GNU's assembler makes of the texts. */
function assembled(): Buffer {
  const dir = mkdtempSync(join(tempDir(), 'as-'))
  const [source, object, binary] = ['guest.s', 'guest.o', 'guest'].map(name => join(dir, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(source, `.code16\n.intel_syntax noprefix\n${program.map(([, text]) => text).join('\n')}\n`)
  expect(String(spawnSync('as', ['--32', '-o', object, source]).stderr)).toBe('')
  spawnSync('objcopy', ['-O', 'binary', '-j', '.text', object, binary])
  return readFileSync(binary)
}

test.skipIf(reason)(`the bytes are what the text says${reason}`, () => {
  const bytes = assembled()
  expect(bytes.toString('hex')).toBe(program.map(([hex]) => hex.replaceAll(' ', '')).join(''))
  expect(bytes.length).toBeLessThan(64 * 1024 - 16)
})

test('the firmware is 2 MiB and ends with a jump to the program', () => {
  const image = firmware()
  expect(image.length).toBe(2 * 1024 * 1024)
  expect(image.subarray(-16, -11).toString('hex')).toBe('ea000000f0')
  expect(image.at(-65536)).toBe(0xfa)
})

test('is written once a folder', () => {
  const dir = mkdtempSync(join(tempDir(), 'guest-'))
  const args = guestArgs(dir)
  expect(guestArgs(dir)).toEqual(args)
  const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
  expect(hash(readFileSync(join(dir, 'guest.bin')))).toBe(hash(firmware()))
})
