/** What cases have their QEMUs wear: who has no such part, and who does not start with it. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { coloFt } from '../spec/cases/colo-ft.ts'
import type { Case } from '../spec/script.ts'
import { conform, type Result } from './conform.ts'
import { emptyQcow2, missingPart, outfitArgs } from './outfit.ts'
import { launched } from './stage.ts'
import { validate } from './validate.ts'

const dir = mkdtempSync(join(tmpdir(), 'lockstep-outfit-'))
afterAll(() => rmSync(dir, { recursive: true }))

/** A program that says what it was built with, and cannot do anything else. */
function program(name: string, objects: string, drivers: string): string {
  const path = join(dir, name)
  writeFileSync(
    path,
    `#!/bin/sh\ncase "$*" in\n*'-object help'*) echo '${objects}';;\n*format=help*) echo 'Supported formats: ${drivers}';;\n*) echo 'no such option' >&2; exit 1;;\nesac\n`,
  )
  chmodSync(path, 0o755)
  return path
}

const [first] = coloFt
const { objects = [], drivers = [] } = first?.parts ?? {}
const all = { objects: objects.join('\n'), drivers: drivers.join(' ') }
const judged = async (binary: string): Promise<Result[]> =>
  conform(
    {
      targets: [launched(binary)],
      cases: [first as Case, { ...(first as Case), id: 'coloft/again/1' }],
      seed: 1,
      repeat: 1,
      timeoutScale: 1,
    },
    validate,
  )

test('a binary without a part is passed over, with its name', async () => {
  expect(await missingPart(program('whole', all.objects, all.drivers), first as Case)).toBeUndefined()
  const without = program('no-compare', all.objects.replace('colo-compare', ''), all.drivers)
  expect(await missingPart(without, first as Case)).toMatch(/^it needs the object colo-compare, which .* without$/)
  const [skipped] = await judged(program('no-quorum', all.objects, all.drivers.replace('quorum', '')))
  expect(skipped).toMatchObject({ verdict: 'skipped', expected: true })
  expect(skipped?.message).toMatch(/^it needs the block driver quorum, which .* was built without$/)
  // Of one that says nothing, nothing is known.
  expect(await missingPart('/nonexistent/qemu', first as Case)).toBeUndefined()
})

test('one that does not start with what it is to wear is an error of the case, and not the end of all', async () => {
  const results = await judged(program('fussy', all.objects, all.drivers))
  expect(results.map(({ verdict, expected }) => ({ verdict, expected }))).toEqual([
    { verdict: 'error', expected: false },
    { verdict: 'error', expected: false },
  ])
  for (const { message } of results) expect(message).toMatch(/^src: .*fussy exited with code 1.*no such option$/s)
})

test('disks are made in a folder of the process, and its words name them', () => {
  const own = join(dir, 'a,b')
  const words = ['-x', '{dir}/s', 'file={own}/d.raw']
  const args = outfitArgs(
    {
      words,
      disks: [
        { name: 'd.raw', format: 'raw', mebibytes: 2 },
        { name: 'd.qcow2', format: 'qcow2', mebibytes: 2 },
      ],
    },
    dir,
    own,
  )
  expect(args).toEqual(['-x', `${dir}/s`, `file=${own.replace(',', ',,')}/d.raw`])
  expect(readFileSync(join(own, 'd.raw'))).toHaveLength(2 * 1024 * 1024)
  expect(readFileSync(join(own, 'd.qcow2'))).toEqual(emptyQcow2(2 * 1024 * 1024))
})
