/** A socket that reads on when the other end has died. */
import { Socket } from 'node:net'

type Done = (error?: Error | null) => void

/**
 * Node destroys a socket that cannot be written to, and with it what has come and was not
 * read yet.  A process that says its last words and ends would then be missing them, where
 * a command is on its way to it just then.  Here what cannot be written is lost, and what
 * was said is read to its end; that tells that it is over.
 */
export class PatientSocket extends Socket {
  override _write(chunk: unknown, encoding: BufferEncoding, done: Done): void {
    super._write(chunk, encoding, () => done())
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], done: Done): void {
    super._writev?.(chunks, () => done())
  }
}
