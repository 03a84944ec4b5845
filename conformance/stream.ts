/**
 * The little that a proxy understands of a migration stream: where messages
 * begin that a link may be cut at.
 *
 * Backwards everything has a shape: COLO's messages are a 32-bit number each
 * (`migration/colo.c:colo_send_message`), what is on the return path has a type
 * that is not 0, a length, and so many bytes (`migration/migration.c:migrate_send_rp_message`).
 * Forwards it does not, so a message is known by when it comes: a number of
 * COLO's by the answer before it (`migration/colo.c:colo_do_checkpoint_transaction`),
 * a command (`migration/savevm.c:qemu_savevm_command_send`) by its first bytes.
 */
import { coloMessages as colo } from '../spec/traces.ts'
import type { Side } from './transcript.ts'

/** `mig_rp_message_type` in `migration/migration.c`. */
const returned: readonly (string | undefined)[] = [
  undefined,
  'shut',
  'pong',
  'page-request',
  'page-request',
  'bitmap',
  'resume-ack',
  'switchover-ack',
]

/** Every message that can be told apart, by the side that sends it. */
export const messages: { readonly [side in Side]: readonly string[] } = {
  src: ['package', 'bitmap-request', 'resume', 'checkpoint-request', 'vmstate-send', 'vmstate-size'],
  dst: [
    ...new Set(returned.filter(name => name !== undefined)),
    'checkpoint-ready',
    'checkpoint-reply',
    'vmstate-received',
    'vmstate-loaded',
  ],
}

/** A message within the bytes just heard; it may have begun before them (`from` is 0 then), and most go on after. */
export interface Heard {
  readonly name: string
  readonly from: number
  readonly to: number
}

/** How a message of the source begins.  A vmstate is some kilobytes, and never 16 MiB. */
const beginnings: { readonly [name: string]: Buffer } = {
  // QEMU_VM_COMMAND, the number in `qemu_vm_cmd`, the length of what follows.
  package: Buffer.of(8, 0, 7, 0, 4, 0),
  resume: Buffer.of(8, 0, 9, 0, 0),
  'bitmap-request': Buffer.of(8, 0, 10, 0),
  'checkpoint-request': Buffer.of(0, 0, 0, 1),
  'vmstate-send': Buffer.of(0, 0, 0, 3),
  'vmstate-size': Buffer.of(0, 0, 0, 4, 0, 0, 0, 0, 0),
}
const longest = Math.max(...Object.values(beginnings).map(({ length }) => length))

/** Listens to one connection. */
export class Ear {
  /** Which messages of the source may be next; of others it is not worth looking for any. */
  private next: readonly string[] = []
  /** The last bytes of the source that may belong to one. */
  private last: Buffer = Buffer.alloc(0)
  private opening = true
  /** Backwards: the header so far, and how many bytes of no interest are still to come. */
  private header: number[] = []
  private skip = 0
  private bitmap = false

  /** Takes what one side has sent; answers the messages whose first bytes end in it. */
  hear(side: Side, chunk: Buffer): Heard[] {
    if (side === 'src') return this.forwards(chunk)
    return [...chunk].flatMap((byte, at) => {
      const name = this.backwards(byte)
      return name === undefined ? [] : [{ name, from: Math.max(at - 3, 0), to: at + 1 }]
    })
  }

  private forwards(chunk: Buffer): Heard[] {
    if (this.opening && chunk.length > 0) {
      // A stream opens with its magic number, QEVM; that of a recovery with a command.
      this.opening = false
      this.next = chunk[0] === 8 ? ['bitmap-request', 'resume'] : ['package']
    }
    const heard: Heard[] = []
    const before = this.last.length
    const all = Buffer.concat([this.last, chunk])
    let done = 0
    while (this.next.length > 0) {
      const found = this.next
        .map(name => ({ name, at: all.indexOf(beginnings[name] as Buffer, done) }))
        .filter(({ at }) => at >= 0)
        .sort((a, b) => a.at - b.at)[0]
      if (found === undefined) break
      const { name, at } = found
      done = at + (beginnings[name]?.length ?? 0)
      heard.push({ name, from: Math.max(at - before, 0), to: done - before })
      if (name === 'vmstate-send') this.next = ['vmstate-size']
      else if (name !== 'bitmap-request') this.next = []
    }
    this.last = this.next.length > 0 ? all.subarray(Math.max(done, all.length - longest + 1)) : Buffer.alloc(0)
    return heard
  }

  private backwards(byte: number): string | undefined {
    if (this.skip > 0) {
      this.skip--
      // The bitmap itself comes after its message: its size, the bits, and a mark.
      if (this.skip > 0 || !this.bitmap) return undefined
      this.bitmap = false
      this.header = [-1]
      return undefined
    }
    this.header.push(byte)
    const { header } = this
    if (header[0] === -1) {
      if (header.length === 9) {
        this.skip = header.slice(5).reduce((sum, one) => sum * 256 + one, 0) + 8
        this.header = []
      }
      return undefined
    }
    if (header.length < 4) return undefined
    const [a = 0, b = 0, c = 0, d = 0] = header
    this.header = []
    const type = a * 256 + b
    const number = c * 256 + d
    if (type !== 0) {
      this.skip = number
      this.bitmap = type === 5
      return returned[type]
    }
    const name = colo[number]
    // These are answered at once, by the next thing the source says.
    if (name === 'checkpoint-ready' || name === 'vmstate-loaded') this.next = ['checkpoint-request']
    if (name === 'checkpoint-reply') this.next = ['vmstate-send']
    this.last = Buffer.alloc(0)
    return name
  }
}
