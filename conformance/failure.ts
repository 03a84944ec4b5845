/** The ways in which a QMP session fails, a class each: scripts branch on the class, people read the message. */

/** Any of them.  The message starts with the address and ends with what was seen. */
export class QmpError extends Error {
  override name = 'QmpError'
  /** The endpoint, as `unix:PATH` or `tcp:HOST:PORT`. */
  readonly address: string
  /** What had come from the endpoint that bears on it; may be empty. */
  readonly seen: string

  constructor(address: string, problem: string, seen = '') {
    super(`${address}: ${problem}${seen && `; seen: ${seen}`}`)
    this.address = address
    this.seen = seen
  }
}

/** Nobody listens there, or nobody who lets us in. */
export class ConnectError extends QmpError {
  override name = 'ConnectError'
}

/** Somebody took the connection and did not greet as QMP does, or refused `qmp_capabilities`. */
export class GreetingError extends QmpError {
  override name = 'GreetingError'
}

/** What came is not QMP: not JSON, no message we know, or an error that answers no command. */
export class ProtocolError extends QmpError {
  override name = 'ProtocolError'
}

/** A reply or an event did not come in time.  The session lives on. */
export class TimeoutError extends QmpError {
  override name = 'TimeoutError'
}

/** The connection is gone, by their doing or ours. */
export class ClosedError extends QmpError {
  override name = 'ClosedError'
}
