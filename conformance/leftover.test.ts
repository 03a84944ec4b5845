import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { endLeftovers, leftovers } from './leftover.ts'
import { sweep, tempDir } from './temp.ts'

/** A process that was told of a path in a folder; it starts none of its own, which would look like it until it is another. */
const told = (path: string) => spawn('sleep', ['60'], { argv0: path, stdio: 'ignore' })

test('what was told of a path in the folder is ended, and nothing else is', async () => {
  const [folder, other] = ['a', 'b'].map(name => mkdtempSync(join(tempDir(), `${name}-`))) as [string, string]
  const [mine, theirs] = [told(`${folder}/src.qmp`), told(`${other}/src.qmp`)]
  const gone = once(mine, 'exit')
  expect(leftovers(folder)).toEqual([mine.pid])
  expect(endLeftovers(folder)).toEqual([mine.pid])
  expect(await gone).toEqual([null, 'SIGKILL'])
  expect(endLeftovers(folder)).toEqual([])
  expect(leftovers(other)).toEqual([theirs.pid])
  theirs.kill('SIGKILL')
})

test('the next run ends what a run that was killed has left', async () => {
  const dead = spawn('true')
  await once(dead, 'exit')
  const base = mkdtempSync('/tmp/lockstep-left-test-')
  const folder = join(base, `lockstep-${dead.pid}-AbCdEf`)
  mkdirSync(folder)
  writeFileSync(join(folder, 'pid-namespace'), readlinkSync('/proc/self/ns/pid'))
  const left = told(`${folder}/1/src.qmp`)
  const gone = once(left, 'exit')
  expect(sweep(base)).toEqual([folder])
  expect(await gone).toEqual([null, 'SIGKILL'])
  expect(existsSync(folder)).toBe(false)
  rmSync(base, { recursive: true })
})
