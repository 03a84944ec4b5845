/** Waiting with a deadline, as everything here does that waits for somebody else. */

/**
 * Runs after a time, and after what the sockets held by then has been read: to a
 * process that got no processor for a while, a timer is due before the reply is.
 */
export function later(ms: number, act: () => void): NodeJS.Timeout {
  return setTimeout(() => setImmediate(act), ms)
}

/**
 * Lets every socket bring what it holds.  One turn of the event loop is not
 * enough: in the rest of this one nobody looks at the sockets again.
 */
export function look(): Promise<void> {
  return new Promise(resolve => setImmediate(() => setImmediate(resolve)))
}

/** All that waits on one session, so that its end ends every wait. */
export class Waits {
  private readonly scale: number
  private readonly rejects = new Set<(error: Error) => void>()
  private over: Error | undefined

  /** @param scale multiplies every time, for slow machines */
  constructor(scale: number) {
    this.scale = scale
  }

  /**
   * Waits for `start`'s callback to be called; for the end of the session; and no longer than it may.
   *
   * @param ms milliseconds, before scaling
   * @param start is told how to end the wait well, and says what to throw when it is too late
   */
  async until<T>(ms: number, start: (resolve: (value: T) => void) => (seconds: number) => Error): Promise<T> {
    if (this.over !== undefined) throw this.over
    const scaled = ms * this.scale
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    let waits = true
    const stop = () => {
      waits = false
      clearTimeout(timer)
      this.rejects.delete(fail)
    }
    const fail = (error: Error) => {
      stop()
      reject(error)
    }
    const timer = later(scaled, () => waits && fail(tooLate(scaled / 1000)))
    this.rejects.add(fail)
    const tooLate = start(value => {
      stop()
      resolve(value)
    })
    return promise
  }

  /** Ends what waits, and whatever may come to wait. */
  end(error: Error): void {
    this.over ??= error
    for (const fail of this.rejects) fail(error)
  }
}
