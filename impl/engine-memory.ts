/**
 * Memories of words that grow with what is in them.
 *
 * A small one is an array that is copied when it grows.  A large one is a
 * memory of WebAssembly, for those grow where they stand: pages that nothing
 * was written to yet take no room.
 */
import { MOST_PAGES } from './wasm.ts'

/** There is no memory left for more. */
export class RoomError extends Error {
  override readonly name = 'RoomError'
}

const PAGE = 65536
/** From so many words on an array is no longer copied. */
const LARGE = 2 ** 18

/** One memory. */
export class Growing {
  view: Int32Array
  /** What WebAssembly can use, once there is one. */
  memory: WebAssembly.Memory | undefined

  /** A memory of so many words; one that several threads share is one of WebAssembly at once. */
  constructor(words: number, shared = false) {
    this.view = new Int32Array(shared ? 0 : words)
    if (!shared) return
    const initial = Math.ceil((words * 4) / PAGE)
    try {
      this.memory = new WebAssembly.Memory({ initial, maximum: MOST_PAGES, shared })
    } catch (error) {
      if (error instanceof RangeError) throw new RoomError(error.message)
      throw error
    }
    this.view = new Int32Array(this.memory.buffer)
  }

  /** Has room for so many words; answers whether the view is another one. */
  ensure(words: number): boolean {
    if (words <= this.view.length) return false
    // What it has twice is asked for at first, and less and less more of it when it is large.
    const wanted = Math.max(words, this.view.length + Math.min(this.view.length, 2 ** 24))
    if (this.memory === undefined && wanted < LARGE) {
      const next = new Int32Array(wanted)
      next.set(this.view)
      this.view = next
    } else this.map(wanted)
    return true
  }

  /** Becomes a memory of WebAssembly, of so many words at least. */
  map(words = this.view.length): WebAssembly.Memory {
    const pages = Math.min(MOST_PAGES, Math.max(1, Math.ceil((words * 4) / PAGE)))
    if (words * 4 > MOST_PAGES * PAGE) throw new RoomError('more than 4 GiB in one memory')
    try {
      if (this.memory === undefined) {
        const memory = new WebAssembly.Memory({ initial: pages })
        new Int32Array(memory.buffer).set(this.view)
        this.memory = memory
      } else {
        const before = this.memory.buffer.byteLength / PAGE
        if (pages > before) this.memory.grow(pages - before)
      }
    } catch (error) {
      if (error instanceof RangeError) throw new RoomError(error.message)
      throw error
    }
    this.view = new Int32Array(this.memory.buffer)
    return this.memory
  }
}
