/**
 * Two logs, one of a source and one of its destination, judged as one pair.
 *
 * Each was recorded by itself: what of one came before what of the other nobody
 * knows, but that nothing arrives before it is sent.  Any order that the rules
 * allow will do.
 */
import { judgeLog, type LogOptions } from './judge-log.ts'
import type { Line, Side, Transcript } from './transcript.ts'
import type { Judgement } from './validate.ts'
import { versionIn } from './whose.ts'

/** More pairs of what was said here and what was said there than this are not tried. */
export const MOST = 400_000

/** What is said of a side in its log; where it does not say whose log it is, all of it. */
function ofSide({ lines }: Transcript, side: Side): readonly Line[] {
  const own = lines.filter(line => line.side === side)
  return own.length > 0 ? own : lines
}

/** Stands for the pair in what is said of it, until each line is given its own file again. */
const PLACE = '\u0001'

/** Two transcripts as one, of which each line is numbered anew, and where each was. */
function joined(source: Transcript, destination: Transcript) {
  const parts = [
    { transcript: source, side: 'src' as const },
    { transcript: destination, side: 'dst' as const },
  ]
  const origins = parts.flatMap(({ transcript, side }) =>
    ofSide(transcript, side).map(line => ({ file: transcript.file, line, side })),
  )
  const qemu = Object.fromEntries(
    parts.flatMap(({ transcript, side }) => {
      const told = transcript.header.qemu
      const named = typeof told === 'string' ? told : told?.[side]
      const greeted = transcript.lines.map(({ msg }) => versionIn(msg)).find(found => found !== undefined)
      const found = greeted ?? named
      return found === undefined ? [] : [[side, found]]
    }),
  )
  const listed = parts.every(({ transcript }) => transcript.header.faults === 'listed')
  const middle = parts.some(({ transcript }) => transcript.begins === 'anywhere')
  const unseen = parts.some(({ transcript }) => transcript.events === 'unseen')
  const transcript: Transcript = {
    file: PLACE,
    header: {
      lockstep: 1,
      ...(Object.keys(qemu).length > 0 && { qemu }),
      ...(listed && { faults: 'listed' as const }),
    },
    lines: origins.map(({ line, side }, i) => ({ ...line, line: i + 1, side })),
    apart: true,
    ...(middle && { begins: 'anywhere' as const }),
    ...(unseen && { events: 'unseen' as const }),
  }
  return { transcript, origins }
}

/** Judges the log of a source and that of its destination as one pair. */
export function judgeTogether(source: Transcript, destination: Transcript, options: LogOptions = {}): Judgement {
  const name = `${source.file} + ${destination.file}`
  const { transcript, origins } = joined(source, destination)
  const said = (side: Side) => transcript.lines.filter(line => line.side === side && line.dir === '<-').length
  if (transcript.begins === undefined && said('src') * said('dst') > MOST) {
    const message = `${name}: too long for every order of what was said here and there to be tried`
    return { file: name, version: 'unknown', verdict: 'inconclusive', message, skipped: {} }
  }
  const found = judgeLog(transcript, options)
  const origin = found.line === undefined ? undefined : origins[found.line - 1]
  const message = found.message
    .replaceAll(new RegExp(`${PLACE}:(\\d+)`, 'g'), (_, n: string) => {
      const at = origins[Number(n) - 1]
      return at === undefined ? name : `${at.file}:${at.line.line}`
    })
    .replaceAll(PLACE, name)
  const together = { ...found, message, file: origin?.file ?? name, ...(origin && { line: origin.line.line }) }
  if (found.verdict !== 'violates' || found.claim !== undefined) return together
  // Of two sides that both do not go on, one may only wait for the other: the one whose log is wrong by itself is meant.
  const alone = ([source, destination] as const).map((one, i) => {
    const side = i === 0 ? 'src' : 'dst'
    return judgeLog({ ...one, lines: ofSide(one, side).map(line => ({ ...line, side })) }, options)
  })
  const wrong = alone.filter(({ verdict }) => verdict === 'violates')
  const [only] = wrong
  return wrong.length === 1 && only !== undefined ? only : together
}
