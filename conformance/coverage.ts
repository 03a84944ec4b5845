/**
 * Which rules real QEMU was seen to take, by the transcripts of runs: `spec/seen.json` is made of it.
 */
import { readFileSync } from 'node:fs'
import type { Judges } from './judges.ts'
import { isNovel } from './novel.ts'
import { readTranscript } from './transcript.ts'
import { profileOfTranscript } from './whose.ts'

/** What was found in one file: rules that were not known before. */
export interface FoundIn {
  readonly file: string
  readonly release: string
  readonly rules: readonly string[]
}

/**
 * Looks through transcripts for rules that are not known to have been taken, and adds them.
 *
 * Only what a QEMU said that we started, or that is kept, counts: of endpoints that somebody else
 * started nobody knows what they are, and the reference takes whatever there is.
 *
 * @param seen is added to
 * @param from the paths; a file that is no transcript is passed over
 * @param every which count whatever their header says
 * @param alike whether those are looked into, too, that look like others before them, which takes long
 */
export async function addSeen(
  seen: Map<string, string[]>,
  from: readonly string[],
  judges: Pick<Judges, 'needed'>,
  {
    every = false,
    alike = every,
    onFile = () => {},
  }: { readonly every?: boolean; readonly alike?: boolean; readonly onFile?: (found: FoundIn) => void } = {},
): Promise<FoundIn[]> {
  const all: FoundIn[] = []
  const traits = new Set<string>()
  const look = async (file: string): Promise<void> => {
    const transcript = readTranscript(readFileSync(file, 'utf8'), file)
    const { rules: release } = profileOfTranscript(transcript, 'auto')
    if (release === undefined || (!every && transcript.header.args === undefined)) return
    // What is like the others shows what they show.
    if (!alike && !isNovel(transcript, traits)) return
    const known = [...seen].flatMap(([rule, releases]) => (releases.includes(release) ? [rule] : []))
    const rules = await judges.needed(transcript, release, known)
    for (const rule of rules) {
      const releases = seen.get(rule) ?? []
      if (!releases.includes(release)) seen.set(rule, [...releases, release])
    }
    const found = { file, release, rules }
    all.push(found)
    onFile(found)
  }
  // No more at once than are looked through: what the first ones find need not be asked of the others.
  const waiting = [...from]
  const work = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) await look(file)
  }
  await Promise.all(Array.from({ length: 4 }, work))
  return all
}
