/**
 * Starts QEMUs, watches them, and leaves none behind.
 *
 * A QEMU here dies with lockstep, whatever lockstep dies of: `stop` and the
 * register of temp.ts see to every end that one can see coming, and for SIGKILL
 * the kernel does (PR_SET_PDEATHSIG, by way of setpriv).
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { longestSocketPath } from './address.ts'
import { which } from './binaries.ts'
import { QmpError } from './failure.ts'
import { guestArgs } from './guest.ts'
import { type Client, type ConnectOptions, connect, type Tap } from './qmp.ts'
import { onCleanup } from './temp.ts'

/** What to start. */
export interface LaunchOptions {
  readonly binary: string
  /** Its arguments; `launch` adds the monitor.  See `qemuArgs`. */
  readonly args: readonly string[]
  /** What it is called in messages and by its socket, such as `src`; unique in `dir`. */
  readonly name: string
  /** Where its monitor's socket goes; see `tempDir`. */
  readonly dir: string
  /** Added to the environment. */
  readonly env?: NodeJS.ProcessEnv
  /** For connecting and greeting, each, in milliseconds before scaling; 20000. */
  readonly qmpTimeoutMs?: number
  readonly timeoutScale?: number
  /** Is shown every message, and (`!!`) each signal just before it is sent. */
  readonly tap?: Tap
  /** Makes somebody stand between this monitor, at this path, and whoever asks; answers where to ask. */
  readonly via?: ((path: string) => Promise<string>) | undefined
}

/** How a process ended: one of the two is null. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A QEMU that runs, or did. */
export interface Qemu {
  readonly name: string
  /** QEMU's own, not that of a wrapper. */
  readonly pid: number
  readonly client: Client
  /** As its greeting says, such as `11.1.3`. */
  readonly version: string
  /** Resolves when the process is gone and its output is read.  Never rejects. */
  readonly exited: Promise<Exit>
  /** The last 64 KiB of what it wrote to its standard output and error. */
  stderr(): string
  /** The last signal that we sent, if we have. */
  signalled(): NodeJS.Signals | undefined
  /** Has it quit, kills it when it does not within a second, and waits until it is gone, 5 s at most. */
  stop(): Promise<void>
  /** Sends a signal; false when the process is gone already. */
  kill(signal: NodeJS.Signals): boolean
}

/** QEMU ended before its greeting, or never greeted. */
export class LaunchError extends Error {
  override name = 'LaunchError'
  /** How it ended; nothing when it had to be killed. */
  readonly exit: Exit | undefined
  /** The last 64 KiB of its output. */
  readonly stderr: string

  constructor(problem: string, exit: Exit | undefined, stderr: string, cause: unknown) {
    super(`${problem}${stderr.trim() && `:\n${stderr.trim().split('\n').slice(-5).join('\n')}`}`, { cause })
    this.exit = exit
    this.stderr = stderr
  }
}

const outputKept = 64 * 1024

/** How long a process may take to die of SIGKILL, in milliseconds: one that the kernel keeps must not keep us. */
export const dyingMs = 5000

let prefix: readonly string[] | undefined
/** What has the kernel kill a process when we die; nothing where setpriv is missing, or is busybox's. */
function deathSignal(): readonly string[] {
  if (prefix === undefined) {
    const words = [which('setpriv') ?? '', '--pdeathsig', 'KILL']
    const [setpriv = '', ...args] = words
    prefix = setpriv !== '' && spawnSync(setpriv, [...args, 'true']).status === 0 ? words : []
  }
  return prefix
}

/** Collects what a process writes; `read` gives the last of it. */
function tail(child: ChildProcess): () => string {
  let kept = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      kept = (kept + text).slice(-outputKept)
    })
  }
  child.on('error', error => {
    kept += `${error.message}\n`
  })
  return () => kept
}

async function end(child: ChildProcess): Promise<Exit> {
  const [code, signal] = await once(child, 'exit')
  // The rest of its output, unless somebody else keeps the pipe open.
  if (!child.stderr?.closed || !child.stdout?.closed) await Promise.race([once(child, 'close'), sleep(200)])
  return { code, signal }
}

/**
 * Starts a QEMU with a QMP monitor and waits for its greeting.
 *
 * It gets a session of its own, so that Ctrl-C reaches lockstep first.
 *
 * @throws LaunchError when it does not start, ends first, or does not greet in time; it is gone then
 */
export async function launch(options: LaunchOptions): Promise<Qemu> {
  const { binary, args, name, dir, env, qmpTimeoutMs = 20_000, timeoutScale = 1, tap } = options
  const path = join(dir, `${name}.qmp`)
  if (Buffer.byteLength(path) > longestSocketPath)
    throw new LaunchError(`${name}: the socket path ${path} is too long`, undefined, '', undefined)
  const monitor = ['-qmp', `unix:${path.replaceAll(',', ',,')},server=on,wait=off`]
  const [command = binary, ...words] = [...deathSignal(), binary, ...args, ...monitor]
  const child = spawn(command, words, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const stderr = tail(child)
  /** To the whole group: what was started may be a wrapper. */
  const send = (signal: NodeJS.Signals): boolean => {
    try {
      return child.pid !== undefined && process.kill(-child.pid, signal)
    } catch {
      return child.kill(signal)
    }
  }
  const unregister = onCleanup(() => void send('SIGKILL'))
  const gone = new AbortController()
  // What could not even be started ends as a shell would have it.
  const exited: Promise<Exit> = end(child).catch(() => ({ code: 127, signal: null }))
  void exited.then(() => {
    unregister()
    gone.abort(new Error('the process is gone'))
  })

  let client: Client
  try {
    const timeouts = { connectMs: qmpTimeoutMs, greetingMs: qmpTimeoutMs, timeoutScale }
    const at = (await options.via?.(path)) ?? path
    client = await connect({ path: at }, {
      ...timeouts,
      signal: gone.signal,
      ...(tap && { tap }),
    } satisfies ConnectOptions)
  } catch (error) {
    // A monitor that hangs up is mostly a QEMU that is about to be gone.
    const ending = await Promise.race([exited, sleep(error instanceof QmpError ? 200 : 0, undefined)])
    send('SIGKILL')
    await Promise.race([exited, sleep(dyingMs)])
    const why = ending === undefined ? (error as Error).message : `${binary} ${printExit(ending)} before its greeting`
    throw new LaunchError(`${name}: ${why}`, ending, stderr(), error)
  }

  let signalled: NodeJS.Signals | undefined
  const kill = (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return false
    tap?.('!!', { fault: signal.slice('SIG'.length).toLowerCase() })
    signalled = signal
    return send(signal)
  }
  const stop = async () => {
    void client.execute('quit').catch(() => {})
    const stopped = await Promise.race([exited, sleep(1000 * timeoutScale)])
    if (stopped === undefined) kill('SIGKILL')
    await Promise.race([exited, sleep(dyingMs * timeoutScale)])
    client.close()
  }
  return {
    name,
    pid: child.pid ?? 0,
    client,
    version: client.version,
    exited,
    stderr,
    signalled: () => signalled,
    stop,
    kill,
  }
}

/** How a process ended, as the end of a sentence. */
export function printExit({ code, signal }: Exit): string {
  return signal === null ? `exited with code ${code}` : `died of ${signal}`
}

/** A machine small enough to start in a blink. */
export interface Profile {
  /** The machine type; `pc`. */
  readonly machine?: string
  /** Guest memory in MiB; 64. */
  readonly memoryMiB?: number
  /** Whether the guest waits for `cont`. */
  readonly paused?: boolean
  /** `-incoming`'s value, such as `defer`. */
  readonly incoming?: string
  /** A folder for the firmware of a guest that is busy; see guest.ts. */
  readonly busy?: string
}

/** Arguments for a guest without devices, that needs no KVM and writes nothing to the terminal. */
export function qemuArgs(profile: Profile = {}): string[] {
  const { machine = 'pc', memoryMiB = 64, paused = false, incoming, busy } = profile
  const args = ['-accel', 'tcg', '-machine', machine, '-no-user-config', '-nodefaults']
  args.push('-display', 'none', '-serial', 'none', '-monitor', 'none', '-m', String(memoryMiB))
  if (busy !== undefined) args.push(...guestArgs(busy))
  if (paused) args.push('-S')
  if (incoming !== undefined) args.push('-incoming', incoming)
  return args
}
