/** QMP's lowest layer: JSON objects, one a line, over a socket. */
import type { Socket } from 'node:net'
import { ClosedError, ProtocolError, QmpError } from './failure.ts'
import { excerpt, isObject, type JsonObject, LineError, Lines, parseJson } from './json.ts'

/** Who is told what the wire brings. */
export interface Receiver {
  /** Each message, in order.  A QmpError that it throws ends the wire. */
  message(msg: JsonObject): void
  /** Once, after the last message: why it is over, or nothing when `close` was called. */
  end(error: QmpError | undefined): void
}

/** Sends and receives messages; ends at the first that is not one. */
export class Wire {
  private readonly socket: Socket
  private readonly address: string
  private readonly receiver: Receiver
  private readonly lines = new Lines()
  private over = false

  /** @param address names the endpoint in errors */
  constructor(socket: Socket, address: string, receiver: Receiver) {
    this.socket = socket
    this.address = address
    this.receiver = receiver
    socket.on('data', chunk => this.read(chunk))
    socket.on('error', (error: NodeJS.ErrnoException) => this.lost(`lost the connection (${error.code})`))
    socket.on('close', () => this.lost('the endpoint closed the connection'))
  }

  /** What has come of a message that is not finished. */
  get partial(): string {
    return excerpt(this.lines.partial.toString('utf8'))
  }

  /** Hands a message to the kernel; what becomes of it shows later. */
  send(msg: JsonObject): void {
    this.socket.write(`${JSON.stringify(msg)}\n`)
  }

  /** Ends the wire from our side. */
  close(): void {
    this.end(undefined)
  }

  private read(chunk: Uint8Array): void {
    try {
      for (const text of this.lines.push(chunk)) {
        // The receiver may have closed the wire at the message before.
        if (this.over) return
        if (text.trim() !== '') this.receiver.message(this.parse(text))
      }
    } catch (error) {
      if (error instanceof QmpError) this.end(error)
      else if (error instanceof LineError) this.end(new ProtocolError(this.address, error.message, error.seen))
      else throw error
    }
  }

  private parse(text: string): JsonObject {
    let msg: unknown
    try {
      msg = parseJson(text)
    } catch (error) {
      throw new ProtocolError(
        this.address,
        `what came is not JSON (${excerpt((error as Error).message)})`,
        excerpt(text),
      )
    }
    if (!isObject(msg)) throw new ProtocolError(this.address, 'what came is not an object', excerpt(text))
    return msg
  }

  private lost(how: string): void {
    const inside = this.partial === '' ? '' : ' inside a message'
    this.end(new ClosedError(this.address, how + inside, this.partial))
  }

  private end(error: QmpError | undefined): void {
    if (this.over) return
    this.over = true
    this.socket.destroy()
    this.receiver.end(error)
  }
}
