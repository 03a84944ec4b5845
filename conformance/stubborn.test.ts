/** QEMUs that do not end when they are told to: none of them stays behind, and no run waits for ever. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { tempDir } from './temp.ts'

const cli = join(import.meta.dirname, 'cli.ts')
const folder = mkdtempSync(join(tempDir(), 'stubborn-'))

/** A QEMU that answers every command with success, ignores every polite signal, and does something on `migrate`. */
function fake(name: string, onMigrate: string): string {
  const script = join(folder, `${name}.mjs`)
  writeFileSync(
    script,
    `import { createServer } from 'node:net'
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => {})
const path = /unix:([^,]+)/.exec(process.argv.at(-1))[1]
const version = { qemu: { major: 11, minor: 1, micro: 3 }, package: '' }
createServer(socket => {
  socket.on('error', () => {})
  const say = message => socket.write(JSON.stringify(message) + '\\r\\n')
  say({ QMP: { version, capabilities: ['oob'] } })
  let rest = ''
  socket.on('data', chunk => {
    const lines = (rest + chunk).split('\\n')
    rest = lines.pop()
    for (const line of lines.filter(line => line.trim() !== '')) {
      const { id, execute } = JSON.parse(line)
      if (execute === 'migrate') { ${onMigrate} }
      say({ return: {}, id })
    }
  })
}).listen(path)
setInterval(() => {}, 1000)
`,
  )
  const binary = join(folder, name)
  writeFileSync(
    binary,
    `#!/bin/sh\n[ "$1" = --version ] && { echo "QEMU emulator version 11.1.3"; exit; }\nexec ${process.execPath} ${script} "$@"\n`,
  )
  chmodSync(binary, 0o755)
  return binary
}

/** The processes that were told of our folder, by their pids. */
const mentions = (): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter(pid => {
      try {
        return Number.isInteger(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${folder}/`)
      } catch {
        return false
      }
    })

async function run(binary: string) {
  const base = mkdtempSync(join(folder, 'tmp-'))
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    [cli, 'conform', '--qemu', binary, '--only', 'precopy/dead-address/1', '--timeout-scale', '0.3', '--json'],
    { reject: false, stdin: 'ignore', env: { TMPDIR: base } },
  )
  for (let i = 0; i < 50 && mentions().length > 0; i++) await sleep(20)
  return { exitCode, stderr, results: JSON.parse(stdout).results, left: readdirSync(base) }
}

describe('a QEMU that', () => {
  test('does not quit, and ignores SIGTERM, is killed', { timeout: 60_000 }, async () => {
    const { exitCode, results, left } = await run(fake('stays', ''))
    expect(results).toMatchObject([{ case: 'precopy/dead-address/1', expected: false }])
    expect(exitCode).toBe(1)
    expect(mentions()).toEqual([])
    expect(left).toEqual([])
  })

  test('is stopped by somebody else is found frozen, and killed', { timeout: 60_000 }, async () => {
    const { exitCode, results, left } = await run(fake('stops', "process.kill(process.pid, 'SIGSTOP')"))
    expect(results[0].message).toMatch(/the source's monitor stopped answering: `migrate` sent at/)
    expect(exitCode).toBe(1)
    expect(mentions()).toEqual([])
    expect(left).toEqual([])
  })
})
