/**
 * Processes that a run has left behind: those that were told of a path in its
 * private folder on their command line, as every QEMU is of its monitor's socket.
 *
 * Such there are when what was started is a wrapper that does not `exec`: it
 * dies with us, or of our signal, and what it has started does not.
 */
import { readdirSync, readFileSync } from 'node:fs'

/** The pids, our own left out, that have a path within this folder on their command line. */
export function leftovers(folder: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(pid => {
      if (!Number.isInteger(pid) || pid === process.pid) return false
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${folder}/`)
      } catch {
        // It is gone already, or it is not ours to look at.
        return false
      }
    })
}

/** Kills them; answers the pids. */
export function endLeftovers(folder: string): number[] {
  return leftovers(folder).filter(pid => {
    try {
      return process.kill(pid, 'SIGKILL')
    } catch {
      return false
    }
  })
}
