/**
 * One private folder a run, and nothing left behind.
 *
 * Whatever must not outlive the run is put in one register, and undone in
 * reverse order: at a normal end, after an exception, on Ctrl-C, on a polite
 * kill.  After SIGKILL nobody can clean up, so the next run sweeps first.
 */
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { longestSocketPath } from './address.ts'
import { endLeftovers } from './leftover.ts'
import { store } from './store.ts'

type Undo = () => unknown

const undos = new Set<Undo>()
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
let armed = false
let folder: string | undefined

/** How long a signal waits for clean-up that takes time, in milliseconds. */
const patienceMs = 3000

/** Undoes the newest first.  What fails must not keep the rest from being undone. */
function undoAll(): Promise<unknown>[] {
  const promises: Promise<unknown>[] = []
  for (const undo of [...undos].reverse()) {
    undos.delete(undo)
    try {
      promises.push(Promise.resolve(undo()).catch(() => {}))
    } catch {}
  }
  return promises
}

/** A second signal finds nothing left to wait for, and so means now. */
async function die(signal: (typeof signals)[number]): Promise<void> {
  const code = 128 + constants.signals[signal]
  setTimeout(() => process.exit(code), patienceMs)
  await Promise.all(undoAll())
  process.exit(code)
}

/**
 * Has something undone when the run ends, however it ends; the newest first.
 *
 * What is done before the function returns is done for sure.  A promise is
 * waited for after a signal (3 s at most, all together), and not otherwise.
 * Once registered, SIGINT, SIGTERM and SIGHUP end the process with exit codes
 * 130, 143 and 129.
 *
 * @returns takes it off the register
 */
export function onCleanup(undo: () => void | Promise<void>): () => void {
  if (!armed) {
    armed = true
    process.on('exit', () => undoAll())
    for (const signal of signals) process.on(signal, () => void die(signal))
  }
  // Twice the same function is two things to undo.
  const own = () => undo()
  undos.add(own)
  return () => undos.delete(own)
}

const ours = /^lockstep-(\d+)-[A-Za-z0-9]{6}$/

/** Pids mean nothing in another container that shares our temporary folder, so the folder says whose they are. */
const owner = 'pid-namespace'

function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return 'unknown'
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/**
 * Removes folders that runs which are no more have left in `base`: ours by name, a real
 * folder, of our user, and of a pid that is dead; and ends what still runs in them.
 *
 * @returns the paths it removed
 */
export function sweep(base = tmpdir()): string[] {
  return readdirSync(base).flatMap(name => {
    const pid = ours.exec(name)?.[1]
    const path = join(base, name)
    try {
      if (pid === undefined || alive(Number(pid))) return []
      const stat = lstatSync(path)
      if (!stat.isDirectory() || stat.uid !== process.getuid?.()) return []
      if (readFileSync(join(path, owner), 'utf8') !== namespace()) return []
      // Whoever was killed may have left what it had started.
      endLeftovers(path)
      rmSync(path, { recursive: true, force: true })
      return [path]
    } catch {
      // Somebody else's, or another run swept it first.
      return []
    }
  })
}

/**
 * The private folder of this run (mode 0700), made at the first call, when stale ones are swept as well.
 *
 * Its path is short enough for sockets in it: where TMPDIR is not, it is in /tmp.
 */
export function tempDir(): string {
  if (folder !== undefined) return folder
  // Room for a name such as `/destination-12.qmp`.
  const room = longestSocketPath - `/lockstep-${process.pid}-XXXXXX`.length - 24
  const base = Buffer.byteLength(tmpdir()) <= room ? tmpdir() : '/tmp'
  sweep(base)
  const made = mkdtempSync(join(base, `lockstep-${process.pid}-`))
  folder = made
  onCleanup(() => {
    folder = undefined
    rmSync(made, { recursive: true, force: true, maxRetries: 3 })
  })
  store(join(made, owner), namespace())
  return made
}
