/** The QEMUs of this machine: those that scripts/setup.sh unpacked, and the one on PATH. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { excerpt } from './json.ts'

/** A QEMU that starts. */
export interface Binary {
  readonly path: string
  /** The Debian suite it was unpacked from, or `host`. */
  readonly suite: string
  /** Such as `11.1.3`. */
  readonly version: string
}

const program = 'qemu-system-x86_64'
const unpacked = join(import.meta.dirname, '..', '.qemu')

/**
 * Asks a QEMU for its version, such as `11.1.3`.
 *
 * @param timeoutMs in milliseconds
 * @throws Error when it does not start, does not answer in time, or is no QEMU
 */
export function versionOf(binary: string, timeoutMs = 10_000): string {
  const { error, status, signal, stdout, stderr } = spawnSync(binary, ['--version'], {
    encoding: 'utf8',
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
  if (error !== undefined) throw new Error(`${binary} --version: ${error.message}`)
  const version = /^QEMU emulator version (\d+\.\d+\.\d+)/.exec(stdout)?.[1]
  if (version !== undefined) return version
  const end = signal === null ? `exit code ${status}` : signal
  throw new Error(`${binary} --version: not a QEMU (${end}): ${excerpt(`${stdout}${stderr}`.trim())}`)
}

/** The path of a program, looked up as a shell would. */
export function which(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map(folder => join(folder, name))
    .find(path => {
      try {
        accessSync(path, constants.X_OK)
        return statSync(path).isFile()
      } catch {
        return false
      }
    })
}

const byVersion = (a: Binary, b: Binary) => a.version.localeCompare(b.version, 'en', { numeric: true })

/**
 * The QEMUs to test against, one a version, the oldest first: `.qemu/SUITE/qemu-system-x86_64` in the
 * checkout, and the one on PATH.
 *
 * @param store the folder of unpacked QEMUs
 * @throws Error when one is there and does not start
 */
export function findQemus(store = unpacked): Binary[] {
  const suites = existsSync(store) ? readdirSync(store) : []
  const candidates = suites
    .map(suite => ({ path: join(store, suite, program), suite }))
    // While setup.sh runs, a suite is unpacked into a folder of this name.
    .filter(({ path, suite }) => !/\.(tmp|old)$/.test(suite) && existsSync(path))
  const host = which(program)
  if (host !== undefined) candidates.push({ path: host, suite: 'host' })
  const all = candidates.map(candidate => ({ ...candidate, version: versionOf(candidate.path) }))
  return [...new Map(all.reverse().map(binary => [binary.version, binary])).values()].sort(byVersion)
}

/**
 * For tests: the QEMUs to run them with, or why there are none.
 *
 *     const { qemus, reason } = qemusForTests()
 *     describe.skipIf(reason)(`a launched QEMU${reason}`, …)
 *
 * @throws Error when there are none though LOCKSTEP_REQUIRE_QEMU=1 says that there are
 */
export function qemusForTests(store = unpacked): { qemus: Binary[]; reason: string } {
  const required = process.env.LOCKSTEP_REQUIRE_QEMU === '1'
  const qemus = existsSync(store) ? findQemus(store) : []
  if (qemus.length > 0) return { qemus, reason: '' }
  const reason = `no QEMU in ${store}; run scripts/setup.sh`
  if (required) throw new Error(`LOCKSTEP_REQUIRE_QEMU=1, but there is ${reason}`)
  console.warn(`skipped: ${reason}`)
  return { qemus, reason: ` (skipped: ${reason})` }
}
