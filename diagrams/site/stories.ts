/** Stories and their frames, each once: in many releases the way is the same, and many ways begin alike. */
import { createHash } from 'node:crypto'
import type { ToldStory } from '../frames.ts'
import type { Frame, Story } from './types.ts'

/** Collects stories. */
export class Stories {
  private readonly numbers = new Map<string, number>()
  private readonly frameNumbers = new Map<string, number>()
  readonly all: Story[] = []
  readonly frames: Frame[] = []

  /** The number of a frame. */
  readonly frame = (frame: Frame): number => {
    const key = JSON.stringify(frame)
    const number = this.frameNumbers.get(key) ?? this.frames.push(frame) - 1
    this.frameNumbers.set(key, number)
    return number
  }

  /** The number of a story; one that differs in its release only is the same. */
  add({ frames, ...told }: ToldStory): number {
    const story = { ...told, frames: frames.map(this.frame) }
    const key = JSON.stringify({ ...story, release: '', title: '' })
    // A link goes on to lead there for as long as the way is the same.
    const id = createHash('sha256')
      .update(JSON.stringify({ ...told, release: '', title: '', frames }))
      .digest('hex')
      .slice(0, 10)
    const number = this.numbers.get(key) ?? this.all.push({ id, ...story }) - 1
    this.numbers.set(key, number)
    return number
  }
}
