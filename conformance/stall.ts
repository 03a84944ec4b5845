/**
 * Whether a process of ours can do nothing more by itself, told by the kernel and not by a clock.
 *
 * A main loop that waits for work sits in poll().  One that sits in futex(), while
 * no thread of its process runs, is about to run, or waits for anything but other
 * threads and for polls, waits for a lock that nobody will release.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Numbers of system calls (asm/unistd.h); where we do not know them nothing is told. */
const calls: { readonly [arch: string]: { readonly futex: number; readonly polls: readonly number[] } } = {
  x64: { futex: 202, polls: [7, 232, 271, 281, 441] },
  arm64: { futex: 98, polls: [22, 73, 441] },
}

/** What threads of a process are doing, as text that is equal as long as nothing moves; nothing when one may move. */
function stillness(pid: number): string | undefined {
  const known = calls[process.arch]
  if (known === undefined) return undefined
  const base = `/proc/${pid}/task`
  const threads = readdirSync(base).map(tid => {
    const status = readFileSync(`${base}/${tid}/status`, 'utf8')
    const [call = ''] = readFileSync(`${base}/${tid}/syscall`, 'utf8').split(' ')
    const sleeps = /^State:\s+S/m.test(status) && /^\d+$/.test(call)
    const waits = Number(call) === known.futex || (Number(tid) !== pid && known.polls.includes(Number(call)))
    return { stuck: sleeps && waits, text: [tid, ...(status.match(/ctxt_switches:\s+\d+/g) ?? [])].join(' ') }
  })
  return threads.every(({ stuck }) => stuck) ? threads.map(({ text }) => text).join('\n') : undefined
}

/** The state of a thread and the call that it is in, by /proc; see proc_pid_stat(5). */
function threadsOf(pid: number): { tid: number; name: string; sleeps: boolean; call: string }[] {
  const base = `/proc/${pid}/task`
  return readdirSync(base).map(tid => {
    const stat = readFileSync(`${base}/${tid}/stat`, 'utf8')
    const [state = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
    const [call = ''] = readFileSync(`${base}/${tid}/syscall`, 'utf8').split(' ')
    return { tid: Number(tid), name, sleeps: state === 'S' || state === 'T', call }
  })
}

/**
 * Whether a QEMU has nothing to do but what its guest has: its main loop waits for work, and no
 * thread but those of vCPUs runs or waits for a processor.  On a machine that has much else to do,
 * one that is about to say something is told in this way from one that will not.
 *
 * @returns true as well where the kernel does not tell
 */
export function isAtRest(pid: number): boolean {
  try {
    const polls = calls[process.arch]?.polls
    return threadsOf(pid).every(
      ({ tid, name, sleeps, call }) =>
        /^CPU \d/.test(name) ||
        // One that is stopped, or is about to be told of its call, is not at work either.
        (sleeps && (tid !== pid || polls === undefined || !/^\d+$/.test(call) || polls.includes(Number(call)))),
    )
  } catch {
    return true
  }
}

/**
 * Whether a process has come to a stop that it cannot leave by itself.
 *
 * @param ms how long nothing may have moved before it is believed
 * @returns false as soon as something moves, and where the kernel does not tell
 */
export async function isStalled(pid: number, ms = 1000): Promise<boolean> {
  try {
    const before = stillness(pid)
    for (let waited = 0; before !== undefined && waited < ms; waited += 100) {
      await sleep(100)
      if (stillness(pid) !== before) return false
    }
    return before !== undefined
  } catch {
    // It is gone, or not ours to look into.
    return false
  }
}

/** What the main loop of a process does, as text that is equal as long as it does not move; nothing unless it waits for a lock. */
function lockOf(pid: number): string | undefined {
  const base = `/proc/${pid}/task/${pid}`
  const status = readFileSync(`${base}/status`, 'utf8')
  const [call = ''] = readFileSync(`${base}/syscall`, 'utf8').split(' ')
  if (!/^State:\s+S/m.test(status) || !/^\d+$/.test(call) || Number(call) !== calls[process.arch]?.futex)
    return undefined
  return (status.match(/ctxt_switches:\s+\d+/g) ?? []).join(' ')
}

/**
 * Whether the main loop of a process sits in one and the same wait for a lock, whatever its other threads wait
 * for: a page that may come, a peer that may speak.  It may yet go on; that it does not is no proof of anything.
 *
 * @param ms how long it must not have moved
 * @returns false as soon as it moves, and where the kernel does not tell
 */
export async function waitsForLock(pid: number, ms: number): Promise<boolean> {
  try {
    const before = lockOf(pid)
    for (let waited = 0; before !== undefined && waited < ms; waited += 100) {
      await sleep(100)
      if (lockOf(pid) !== before) return false
    }
    return before !== undefined
  } catch {
    return false
  }
}

/**
 * Waits for a promise; gives up when one of these processes has stalled.
 *
 * @param patienceMs how long to wait before looking at all: what is quick costs nothing
 * @throws what `stalled` makes of the process
 */
export async function unlessStalled<T, P extends { readonly pid: number }>(
  promise: Promise<T>,
  processes: readonly P[],
  stalled: (process: P) => Error,
  patienceMs = 300,
): Promise<T> {
  let settled = false
  const done = promise.finally(() => {
    settled = true
  })
  const watch = async (): Promise<never> => {
    await Promise.race([sleep(patienceMs), done.catch(() => {})])
    while (!settled) {
      const found = await Promise.all(processes.map(({ pid }) => isStalled(pid)))
      const one = processes[found.indexOf(true)]
      if (!settled && one !== undefined) throw stalled(one)
      if (!settled) await sleep(100)
    }
    return new Promise(() => {})
  }
  return processes.length === 0 ? done : Promise.race([done, watch()])
}
