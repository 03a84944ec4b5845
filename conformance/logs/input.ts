/**
 * Where the lines of a log come from: a file, a file that still grows, or
 * standard input; compressed or not, in whatever character set.
 */
import { readSync, type Stats, statSync, watch } from 'node:fs'
import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { longestLine } from '../json.ts'

/** A log that cannot be read at all: no file, no permission, not gzip although it begins like that. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError'
}

const nameOf = (file: string): string => (file === '-' ? 'standard input' : file)

const unreadable = (file: string, error: unknown): UnreadableError =>
  new UnreadableError(`cannot read ${nameOf(file)}: ${(error as Error).message}`)

/** Cuts bytes into lines at LF, whole chunks at a time; what is not UTF-8 becomes replacement characters. */
export class Cutter {
  private rest: Buffer[] = []
  private size = 0
  private over = false
  /** Lines that were longer than anything QEMU says, and were dropped. */
  tooLong = 0

  /** The lines that a chunk finishes, without their ends (LF or CR LF); undefined for one that was too long. */
  push(chunk: Buffer): (string | undefined)[] {
    const last = chunk.lastIndexOf(10)
    if (last < 0) {
      this.keep(chunk)
      return []
    }
    const lines: (string | undefined)[] = []
    let from = 0
    if (this.size > 0 || this.over) {
      const first = chunk.indexOf(10)
      this.keep(chunk.subarray(0, first))
      lines.push(this.take())
      from = first + 1
    }
    if (from <= last) {
      const text = chunk.toString('utf8', from, last)
      let at = 0
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
        lines.push(bare(text.slice(at, end)))
        at = end + 1
      }
      lines.push(bare(text.slice(at)))
    }
    this.keep(chunk.subarray(last + 1))
    return lines
  }

  /** What the log ends with, where no line end follows it. */
  end(): (string | undefined)[] {
    return this.size > 0 || this.over ? [this.take()] : []
  }

  private keep(part: Buffer): void {
    if (part.length === 0) return
    if (this.over || this.size + part.length > longestLine) {
      this.over = true
      this.rest = []
      this.size = 0
      return
    }
    // A chunk is another's buffer, which may be used again.
    this.rest.push(Buffer.from(part))
    this.size += part.length
  }

  private take(): string | undefined {
    const line = this.over ? undefined : bare(Buffer.concat(this.rest).toString('utf8'))
    if (this.over) this.tooLong += 1
    this.rest = []
    this.size = 0
    this.over = false
    return line
  }
}

const bare = (line: string): string => (line.charCodeAt(line.length - 1) === 13 ? line.slice(0, -1) : line)

/** The bytes of a log, unpacked where it is packed.  A piece is good until the next is asked for. */
export async function* bytesOf(file: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const raw = file === '-' ? process.stdin : whole(file, signal)
  const chunks = raw[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  try {
    let first = await chunks.next()
    // One byte is not enough to tell gzip by.
    while (!first.done && first.value.length < 2) {
      const begun = Buffer.from(first.value)
      const second = await chunks.next()
      if (second.done) {
        yield begun
        return
      }
      first = { done: false, value: Buffer.concat([begun, second.value]) }
    }
    const rest = async function* (): AsyncGenerator<Buffer> {
      for (let next = first; !next.done; next = await chunks.next()) yield next.value
    }
    if (first.done || first.value[0] !== 0x1f || first.value[1] !== 0x8b) yield* rest()
    else yield* unpacked(rest())
  } catch (error) {
    if (signal?.aborted) return
    throw unreadable(file, error)
  } finally {
    if (file !== '-') await chunks.return?.()
  }
}

/** The bytes of a file, each piece in the place of the one before: a stream would take new memory for each. */
async function* whole(file: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const handle = await open(file, 'r')
  try {
    const piece = Buffer.allocUnsafeSlow(1 << 16)
    // A file on a disk is there: to wait for another thread to read it takes longer than to read it.
    const there = (await handle.stat()).isFile()
    for (let pieces = 1; signal?.aborted !== true; pieces++) {
      // Whoever frees memory wants to be let in now and then.
      if (there && pieces % 8 === 0) await new Promise(setImmediate)
      const bytesRead = there
        ? readSync(handle.fd, piece, 0, piece.length, null)
        : (await handle.read(piece, 0, piece.length, null)).bytesRead
      if (bytesRead === 0) return
      yield piece.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

/** Unpacks gzip; a file that is cut off, as one that is still written is, ends where it is cut. */
async function* unpacked(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: 1 << 18 })
  const feed = (async () => {
    try {
      for await (const chunk of chunks) {
        if (gunzip.destroyed) return
        // It is unpacked some time later, when the next piece may be in its place.
        if (!gunzip.write(Buffer.from(chunk))) await new Promise(done => gunzip.once('drain', done).once('close', done))
      }
      gunzip.end()
    } catch (error) {
      gunzip.destroy(error as Error)
    }
  })()
  try {
    yield* gunzip as AsyncIterable<Buffer>
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'Z_BUF_ERROR') throw error
  } finally {
    gunzip.destroy()
    await feed
  }
}

/**
 * The bytes of a file that still grows, until the signal.  One that is cut short
 * and begun again, as a log that is rotated is, is read from its new start.
 * Where nothing comes for a while an empty piece says so.
 */
export async function* growing(file: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  let handle = await open(file, 'r').catch(error => {
    throw unreadable(file, error)
  })
  const size = 1 << 18
  let wake = () => {}
  const watcher = watchOf(file, () => wake())
  const onAbort = () => wake()
  signal.addEventListener('abort', onAbort)
  try {
    let at = 0
    // What is open, and not what has the name by now: it may have been rotated already.
    let known: Stats = await handle.stat()
    while (!signal.aborted) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(size), 0, size, at)
      if (bytesRead > 0) {
        at += bytesRead
        yield buffer.subarray(0, bytesRead)
        continue
      }
      const now = statSync(file, { throwIfNoEntry: false })
      if (now !== undefined && (now.ino !== known.ino || now.dev !== known.dev || now.size < at)) {
        // Whoever rotates it may take it away again before it is opened: then it is looked at once more.
        const next = await open(file, 'r').catch(() => undefined)
        if (next !== undefined) {
          await handle.close()
          handle = next
          at = 0
          known = await handle.stat()
          continue
        }
      }
      await new Promise<void>(done => {
        // A watcher may miss a change: look again in any case.
        const timer = setTimeout(done, 500)
        wake = () => {
          clearTimeout(timer)
          done()
        }
        if (signal.aborted) wake()
      })
      // Nothing came meanwhile, which is something to whoever waits for that.
      yield Buffer.alloc(0)
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    watcher?.close()
    await handle.close()
  }
}

function watchOf(file: string, changed: () => void) {
  try {
    const watcher = watch(file, changed)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}

/** No harness does so many different things. */
const OBSERVATIONS = 10_000

/** Of a pair transcript, whatever its length: which sides speak, and the lines of what its harness saw. */
export async function foreknownOf(file: string): Promise<{ sides: Set<string>; observations: string[] }> {
  const sides = new Set<string>()
  const observations: string[] = []
  const known = new Set<string>()
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of bytesOf(file)) {
    const all: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const end = all.lastIndexOf(10)
    if (end < 0) {
      if (all.length > longestLine) return { sides, observations }
      rest = all
      continue
    }
    const whole = all.subarray(0, end + 1)
    // A header that names both sides does not say that both are in the log.
    for (const side of ['src', 'dst']) {
      if (!sides.has(side) && (whole.includes(`"side": "${side}"`) || whole.includes(`"side":"${side}"`)))
        sides.add(side)
    }
    // A guest that is shut down by a signal says so itself.
    for (const word of ['"!!"', '"host-signal"']) {
      for (let at = whole.indexOf(word); at >= 0 && observations.length < OBSERVATIONS; at = whole.indexOf(word, at)) {
        const from = whole.lastIndexOf(10, at) + 1
        const to = whole.indexOf(10, at)
        const line = whole.toString('utf8', from, to)
        // That it happened is enough: when, the reader will be told.
        const what = line.slice(line.indexOf('"side"'))
        if (!known.has(what)) observations.push(line)
        known.add(what)
        at = to
      }
    }
    rest = Buffer.from(all.subarray(end + 1))
  }
  return { sides, observations }
}
