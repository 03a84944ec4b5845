/**
 * A monitor that lies: a proxy between a harness and a real QEMU that drops,
 * doubles, delays, swaps, renames or changes one of the messages that QEMU sends.
 *
 * What the harness records is then what nobody did.  Unix sockets only.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { dial } from './address.ts'
import { isObject, type JsonObject } from './json.ts'

/** What to do to which message: the n-th event of this name, counted from 1. */
export interface Plan {
  readonly kind: 'drop' | 'double' | 'delay' | 'rename' | 'status'
  readonly event: string
  readonly n: number
}

/** A running proxy. */
export interface Tampering {
  /** Whether the message came that was to be changed. */
  readonly done: () => boolean
  readonly close: () => void
}

/** What becomes of the messages of one monitor, one after the other. */
export class Liar {
  private seen = 0
  private held: string | undefined
  private readonly plan: Plan
  /** Whether the message came that was to be changed. */
  done = false

  constructor(plan: Plan) {
    this.plan = plan
  }

  /** The lines that are let through for one that came. */
  tell(line: string): string[] {
    let msg: JsonObject | undefined
    try {
      const parsed: unknown = JSON.parse(line)
      if (isObject(parsed)) msg = parsed
    } catch {
      // What is no message is nobody's to change.
    }
    const { kind, event, n } = this.plan
    const out = this.held === undefined || msg === undefined || !('event' in msg || 'return' in msg) ? [] : [this.held]
    if (out.length > 0) this.held = undefined
    if (msg?.event !== event || this.done) return [line, ...out]
    this.seen += 1
    if (this.seen !== n) return [line, ...out]
    this.done = true
    if (kind === 'drop') return out
    if (kind === 'double') return [line, line, ...out]
    if (kind === 'delay') {
      this.held = line
      return out
    }
    if (kind === 'rename') return [JSON.stringify({ ...msg, event: event === 'STOP' ? 'RESUME' : 'STOP' }), ...out]
    const data = isObject(msg.data) ? msg.data : {}
    const status = data.status === 'failed' ? 'completed' : 'failed'
    return [JSON.stringify({ ...msg, data: { ...data, status } }), ...out]
  }
}

function attach(near: Socket, far: Socket, liar: Liar): void {
  let rest = ''
  far.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('utf8')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines.flatMap(one => liar.tell(one.replace(/\r$/, '')))) near.write(`${line}\r\n`)
  })
  near.on('data', (chunk: Buffer) => far.write(chunk))
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on('error', () => {})
    one.on('close', () => other.destroy())
  }
}

/** Listens on one path and passes on to another, telling one lie. */
export async function tamper(listen: string, to: string, plan: Plan): Promise<Tampering> {
  const liar = new Liar(plan)
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  }
  const server: Server = createServer(near => {
    keep(near)
    near.on('error', () => {})
    // A QEMU that has just been started does not listen yet.
    dial({ path: to }, 20_000).then(
      far => {
        keep(far)
        attach(near, far, liar)
      },
      () => near.destroy(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(listen, resolve)
  })
  return {
    done: () => liar.done,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
