/** Reads a hostile log, and looks whether that did any harm. */
import { TranscriptError } from '../transcript.ts'
import type { Hostile } from './hostile.ts'
import { LogFeed, logOf } from './read.ts'

const members = (of: object): string => Reflect.ownKeys(of).map(String).sort().join()
const before = [Object.prototype, Array.prototype, String.prototype].map(members)

/**
 * Whether a log was read, or refused with its line.
 *
 * @throws for whatever else comes of it: that is a crash, or harm
 */
export function readHostile(hostile: Hostile): 'read' | 'refused' {
  const came = read(hostile)
  const after = [Object.prototype, Array.prototype, String.prototype].map(members)
  if (after.some((names, i) => names !== before[i])) throw new Error('a log changed what every object has')
  return came
}

function read({ format, bytes, chunk }: Hostile): 'read' | 'refused' {
  const feed = new LogFeed('log', format)
  try {
    const items = []
    for (let at = 0; at < bytes.length; at += chunk)
      for (const item of feed.push(bytes.subarray(at, at + chunk))) items.push(item)
    for (const item of feed.end()) items.push(item)
    const { transcripts } = logOf('log', feed, items)
    if (transcripts.length === 0) throw new Error('a log of nothing at all')
    for (const { lines } of transcripts)
      for (const { line } of lines) if (!(line > 0)) throw new Error(`a message at line ${line}`)
    return 'read'
  } catch (error) {
    if (!(error instanceof TranscriptError) || !/^log:\d+: /.test(error.message)) throw error
    return 'refused'
  }
}
