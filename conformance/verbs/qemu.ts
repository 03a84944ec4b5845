/**
 * `lockstep-qemu`: takes QEMU's command line and serves one QEMU by its rules,
 * so that a harness that starts QEMU can start it instead.
 *
 * What the command line has no word for is in the environment:
 * LOCKSTEP_VERSION, LOCKSTEP_SEED, LOCKSTEP_SCRIPT, LOCKSTEP_BUG (see `lockstep serve`).
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server, Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { readAddress } from '../../impl/address.ts'
import { versions } from '../../spec/versions.ts'
import { type Lone, serveOne } from '../lone.ts'
import { type MonitorPlace, type QemuArgs, QemuArgsError, readQemuArgs } from '../qemu-args.ts'
import { releases, UsageError } from './common.ts'
import { wishes } from './serve.ts'

const say = (text: string): void => {
  process.stderr.write(`lockstep-qemu: ${text}\n`)
}

/** What clients have not read when the process has ended, they have this long to read, in milliseconds. */
const lingerMs = 300

/** Calls whoever is to have a monitor. */
function callOut(lone: Lone, { address }: MonitorPlace): void {
  if (address === 'stdio') {
    const both = Duplex.from({ readable: process.stdin, writable: process.stdout })
    // It has all of a socket that a monitor uses, but what a terminal has no notion of.
    const socket = Object.assign(both, { setNoDelay: () => both, setKeepAlive: () => both })
    lone.endpoint.attach(lone.side, socket as unknown as Socket)
    return
  }
  if (address.startsWith('fd:')) {
    const socket = new Socket({ fd: Number(address.slice('fd:'.length)), allowHalfOpen: true })
    lone.endpoint.attach(lone.side, socket)
    return
  }
  const to = readAddress(address)
  const socket = connect({ ...(to.kind === 'unix' ? { path: to.path } : to), allowHalfOpen: true })
  socket.once('error', error => {
    say(`-qmp ${address}: ${error.message}`)
    process.exit(1)
  })
  socket.once('connect', () => lone.endpoint.attach(lone.side, socket))
}

/** Serves whoever comes to a socket that was opened before we were started. */
function takeOver(lone: Lone, { address }: MonitorPlace): Server {
  const server = createServer({ allowHalfOpen: true }, socket => lone.endpoint.attach(lone.side, socket))
  server.on('error', error => {
    say(`${address}: ${error.message}`)
    process.exit(1)
  })
  return server.listen({ fd: Number(address.slice('fd:'.length)) })
}

function seedOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`LOCKSTEP_SEED is "${text}", and that is no whole number`)
  return Number(text)
}

async function live(args: QemuArgs, version: string): Promise<number> {
  const { LOCKSTEP_SEED = '1', LOCKSTEP_SCRIPT: script, LOCKSTEP_BUG: bug } = process.env
  const { promise: ended, resolve: end } = Promise.withResolvers<number | null>()
  const listening = args.monitors.filter(({ listens }) => listens)
  const lone = await serveOne({
    ...wishes(version, { ...(script && { script }), ...(bug && { bug }) }),
    version,
    seed: seedOf(LOCKSTEP_SEED),
    monitors: listening.map(({ address }) => address).filter(address => !address.startsWith('fd:')),
    paused: args.paused,
    ...(args.incoming !== undefined && { incoming: args.incoming }),
    ...(args.name !== undefined && { name: args.name }),
    ...(args.uuid !== undefined && { uuid: args.uuid }),
    onExit: (_, code) => end(code),
  })
  const given = listening.filter(({ address }) => address.startsWith('fd:')).map(place => takeOver(lone, place))
  for (const place of args.monitors) if (!place.listens) callOut(lone, place)
  const { pidfile } = args
  if (pidfile !== undefined) writeFileSync(pidfile, `${process.pid}\n`)
  if (process.send !== undefined) detach()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // Where the rules know no way out, there is none but this.
      if (!lone.endpoint.reference.fault(lone.side, 'term')) end(0)
    })
  }
  try {
    const code = await Promise.race([ended, lone.endpoint.closed.then(() => 0)])
    const deadline = performance.now() + lingerMs
    while (lone.endpoint.connected(lone.side) > 0 && performance.now() < deadline) await sleep(5)
    for (const server of given) server.close()
    await lone.close()
    if (code === null) process.kill(process.pid, lone.wasKilled ? 'SIGKILL' : 'SIGABRT')
    return code ?? 134
  } finally {
    if (pidfile !== undefined) rmSync(pidfile, { force: true })
    await lone.close()
  }
}

/** Tells whoever started this in the background that it can be reached, and says nothing more to anybody. */
function detach(): void {
  process.send?.('ready')
  process.disconnect()
  for (const stream of [process.stdout, process.stderr]) stream.write = () => true
}

/** Starts the same in the background; answers the exit code once it can be reached, or has failed to start. */
async function daemonize(words: readonly string[]): Promise<number> {
  const args = [
    ...process.execArgv,
    process.argv[1] ?? '',
    'qemu',
    ...words.filter(word => !/^--?daemonize$/.test(word)),
  ]
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  child.stdout?.pipe(process.stdout)
  child.stderr?.pipe(process.stderr)
  const code = await Promise.race([
    once(child, 'message').then(() => 0),
    once(child, 'close').then(([exit]) => (typeof exit === 'number' ? exit : 1)),
  ])
  if (code === 0) setImmediate(() => process.exit(0))
  return code
}

/** Runs it; answers the exit code, as QEMU has it. */
export async function qemuVerb(words: readonly string[]): Promise<number> {
  const version = releases(versions, process.env.LOCKSTEP_VERSION).at(-1) ?? ''
  let args: QemuArgs
  try {
    args = readQemuArgs(words)
  } catch (error) {
    if (!(error instanceof QemuArgsError)) throw error
    say(error.message)
    return 1
  }
  if (args.asks === 'version') {
    process.stdout.write(`QEMU emulator version ${version}.0 (lockstep reference)\n`)
    return 0
  }
  if (args.asks === 'help') {
    process.stdout.write(help)
    return 0
  }
  if (args.daemonize) return await daemonize(words)
  if (args.ignored.length > 0) say(`has no part in a migration, and is left out: ${args.ignored.join(' ')}`)
  if (args.monitors.length === 0) say('has no monitor, so nobody can speak to it; give -qmp')
  try {
    const code = await live(args, version)
    // Whatever else is open must not keep it.
    setImmediate(() => process.exit(code))
    return code
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined && (error as Error).name !== 'AddressError') throw error
    say((error as Error).message)
    return 1
  }
}

const help = `QEMU by its rules, for whoever starts a QEMU to speak QMP to it.

  -qmp unix:PATH,server=on,wait=off     a monitor; also tcp:HOST:PORT, stdio, and without server to call out
  -chardev socket,... -mon chardev=ID,mode=control
  -incoming defer|URI                   be a destination
  -S                                    have the guest wait for cont
  -name, -uuid, -pidfile, -daemonize, -version   as QEMU has them

Everything else is left out, with a note on standard error.
LOCKSTEP_VERSION (${versions.join(', ')}), LOCKSTEP_SEED, LOCKSTEP_SCRIPT and LOCKSTEP_BUG say the rest,
as the options of lockstep serve do.
`
