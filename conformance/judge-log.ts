/**
 * What a log comes to of which not everything is known: neither the release,
 * perhaps, nor which side it is, nor what was before.
 */
import { TrackLimitError } from '../impl/track.ts'
import { versions } from '../spec/versions.ts'
import { livesOf } from './lives.ts'
import { holdOf, LogJudge } from './log-judge.ts'
import { sideOf } from './logs/read.ts'
import { observe } from './observe.ts'
import type { Transcript } from './transcript.ts'
import { faultsOf, type Judgement, packedFor, systemFor, type ValidateOptions, validate } from './validate.ts'
import { profileOfTranscript } from './whose.ts'

/** How a log is judged. */
export interface LogOptions extends ValidateOptions {
  /** Lines may be missing. */
  readonly gaps?: boolean
}

/** How good a verdict is for whoever recorded the log; of two that are as good, the one that came further is better. */
const rank = { conforms: 3, 'known deviation': 2, inconclusive: 1, violates: 0 } as const

/** Of two verdicts on one log, read in two ways, the one that stands. */
export const better = (a: Judgement, b: Judgement): Judgement => {
  if (rank[a.verdict] !== rank[b.verdict]) return rank[a.verdict] > rank[b.verdict] ? a : b
  return (a.line ?? 0) >= (b.line ?? 0) ? a : b
}

/** The same, as the log of the other side. */
const turned = (transcript: Transcript): Transcript => ({
  ...transcript,
  lines: transcript.lines.map(line => ({ ...line, side: line.side === 'src' ? 'dst' : 'src' })),
})

/**
 * Judges a log by all that it may be: where nothing tells the release, by the
 * rules of each; where nothing tells the side, as either.  What fits best is the verdict.
 */
export function judgeLog(transcript: Transcript, options: LogOptions = {}): Judgement {
  const asked = options.version ?? 'auto'
  const known = profileOfTranscript(transcript, asked)
  if (known.rules !== undefined || known.version !== 'unknown') return judgeSides(transcript, options)
  if (transcript.lines.length === 0) return validate(transcript, options)
  const tried: Judgement[] = []
  for (const version of [...versions].reverse()) {
    const judgement = judgeSides(transcript, { ...options, version })
    tried.push(judgement)
    if (judgement.verdict === 'conforms') break
  }
  const best = tried.reduce(better)
  const others = best.verdict === 'violates' ? 'those of all others allow no more' : 'which fit it'
  const note = `no greeting, no header and no query-version names the release: judged by the rules of ${best.version}, ${others}`
  return { ...best, message: `${best.message}\n  ${note}; --version says which` }
}

/** Judges a log of which the release is known; in pieces, where something is missing. */
function judgeOne(transcript: Transcript, options: LogOptions): Judgement {
  const lost = transcript.lines.some(({ msg }) => 'gap' in msg)
  if (transcript.begins !== 'anywhere' && livesOf(transcript).length > 1) return validate(transcript, options)
  if (transcript.begins !== 'anywhere' && !lost && options.gaps !== true) return validate(transcript, options)
  const { version, rules, problem } = profileOfTranscript(transcript, options.version ?? 'auto')
  if (rules === undefined) return validate(transcript, options)
  const packed = packedFor(rules, options.system ?? systemFor(transcript))
  const observed = observe(packed.flat, transcript)
  const judge = new LogJudge(holdOf(packed), {
    file: transcript.file,
    observed: observed.sides,
    fault: faultsOf(transcript, observed, packed),
    ...(transcript.begins === 'anywhere' && { anywhere: true }),
    ...(transcript.events === 'unseen' && { mute: true }),
    ...(options.gaps && { gaps: true }),
    ...(options.limit !== undefined && { limit: options.limit }),
  })
  try {
    for (const line of transcript.lines) judge.take(line)
  } catch (error) {
    if (!(error instanceof TrackLimitError)) throw error
    judge.giveUp(error.message)
  }
  const outcome = judge.finish()
  const message = problem === '' ? outcome.message : `${outcome.message}\n  ${problem}`
  return { file: transcript.file, version, skipped: Object.fromEntries(judge.skipped), ...outcome, message }
}

function judgeSides(transcript: Transcript, options: LogOptions): Judgement {
  const first = judgeOne(transcript, options)
  const sides = new Set(transcript.lines.map(({ side }) => side))
  if (first.verdict !== 'violates' || sides.size !== 1 || transcript.header.case !== undefined) return first
  if (transcript.begins !== 'anywhere' || sideOf(transcript.lines) !== 'either') return first
  return better(first, judgeOne(turned(transcript), options))
}
