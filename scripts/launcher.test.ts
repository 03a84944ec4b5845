/** bin/lockstep, in make-believe packages that hold the launcher and a program of a few lines. */
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const launcher = join(import.meta.dirname, '../bin/lockstep')
const program = (name: string) =>
  `console.log('${name}', ...process.argv.slice(2))\nprocess.exitCode = Number(process.argv[2] ?? 0)\n`

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-launcher-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function put(file: string, text: string, mode = 0o644) {
  await mkdir(dirname(join(folder, file)), { recursive: true })
  await writeFile(join(folder, file), text, { mode })
}

/** A package at `at` with the given programs; answers the launcher's path. */
async function pack(at: string, { ts = false, js = false, libraries = true }) {
  await put(`${at}/package.json`, '{ "type": "module" }')
  if (ts) await put(`${at}/conformance/cli.ts`, `const typed: number = 1\nvoid typed\n${program('ts')}`)
  if (js) await put(`${at}/dist/conformance/cli.js`, program('js'))
  if (libraries) await mkdir(join(folder, at, 'node_modules'), { recursive: true })
  await mkdir(join(folder, at, 'bin'))
  await copyFile(launcher, join(folder, at, 'bin/lockstep'))
  await chmod(join(folder, at, 'bin/lockstep'), 0o755)
  return join(folder, at, 'bin/lockstep')
}

const run = (file: string, ...args: string[]) =>
  execa(file, args, { reject: false, env: { PATH: `${dirname(process.execPath)}:${process.env.PATH}` } })

describe('bin/lockstep', () => {
  test('runs the sources of a checkout and hands on arguments and exit code', async () => {
    const result = await run(await pack('a checkout', { ts: true, js: true }), '7', 'two words')
    expect(result).toMatchObject({ stdout: 'ts 7 two words', stderr: '', exitCode: 7 })
  })

  test('runs the compiled files where Node refuses the sources', async () => {
    const result = await run(await pack('node_modules/lockstep', { ts: true, js: true }))
    expect(result).toMatchObject({ stdout: 'js', exitCode: 0 })
  })

  test('finds its package through links of links', async () => {
    await pack('checkout', { ts: true })
    await symlink('../checkout/bin/lockstep', join(folder, 'checkout/one'))
    await symlink(join(folder, 'checkout/one'), join(folder, 'two'))
    await symlink('checkout/bin/lockstep', join(folder, 'three'))
    expect((await run(join(folder, 'three'))).stdout).toBe('ts')
    await symlink('three', join(folder, 'four'))
    expect((await run(join(folder, 'four'))).stdout).toBe('ts')
    expect((await run(join(folder, 'two'))).stdout).toBe('ts')
  })

  test('prefers the Node of the checkout', async () => {
    const file = await pack('checkout', { ts: true })
    await put(
      'checkout/node_modules/node/bin/node',
      '#!/bin/sh\n[ "$1" = --version ] && echo v24.1.0 || echo own\n',
      0o755,
    )
    expect((await run(file)).stdout).toBe('own')
  })

  test('says which Node it needs', async () => {
    const file = await pack('checkout', { ts: true })
    await put('path/node', '#!/bin/sh\necho v20.1.0\n', 0o755)
    const result = await execa(file, { reject: false, env: { PATH: `${join(folder, 'path')}:/usr/bin:/bin` } })
    expect(result).toMatchObject({ stderr: 'lockstep: Node 22.18 or later is needed; found v20.1.0', exitCode: 3 })
  })

  test('says that the libraries are missing', async () => {
    const result = await run(await pack('checkout', { ts: true, libraries: false }))
    expect(result.stderr).toMatch(/^lockstep: the libraries are missing; run 'npm ci' in .*checkout$/)
  })

  test('says that nothing was compiled', async () => {
    const result = await run(await pack('node_modules/lockstep', { ts: true }))
    expect(result.stderr).toMatch(/^lockstep: this copy has no compiled files/)
  })

  test('leaves signals to lockstep itself', async () => {
    const file = await pack('checkout', {})
    await put(
      'checkout/conformance/cli.ts',
      "process.on('SIGTERM', () => process.exit(42))\nsetInterval(() => {}, 1000)\nconsole.log('up')\n",
    )
    const child = execa(file, { reject: false, env: { PATH: `${dirname(process.execPath)}:${process.env.PATH}` } })
    for await (const _ of child) child.kill('SIGTERM')
    expect((await child).exitCode).toBe(42)
  })
})
