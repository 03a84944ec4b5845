/**
 * Whether a bug that QEMU had explains a log that the rules of its release do
 * not: by the rules with the bug put back.
 */
import { editedWhere } from '../impl/edit.ts'
import { flatten } from '../impl/flatten.ts'
import { pack } from '../impl/pack.ts'
import { bugs } from '../spec/history.ts'
import type { Bug } from '../spec/past.ts'
import type { Transcript } from './transcript.ts'
import { type Judgement, systemFor, validate } from './validate.ts'
import { profileOfTranscript } from './whose.ts'

/** How long is looked for a bug, in milliseconds: it is only a hint. */
const PATIENCE = 8000

/** A bug that explains a log; or that not all of them were tried. */
export interface Explained {
  readonly bug?: Bug
  readonly tried: number
  readonly all: number
}

/** Whether edited rules say that something may come which has the name of what came; such bugs are tried first. */
const speaksOf = (bug: Bug, words: readonly string[]): boolean => {
  const text = JSON.stringify([bug.edits, bug.name])
  return words.some(word => text.includes(word))
}

/** The bug with which the rules of a release accept a log that they do not without it. */
export function explainedBy(
  transcript: Transcript,
  judgement: Judgement,
  version = 'auto',
  patience = PATIENCE,
): Explained {
  const { rules } = profileOfTranscript(transcript, version)
  const own = bugs.filter(bug => bug.edits.length > 0 && bug.in.some(release => release === rules))
  if (rules === undefined || judgement.verdict !== 'violates' || judgement.claim !== undefined)
    return { tried: 0, all: 0 }
  const found = transcript.lines.find(({ line, side }) => line === judgement.line && side === judgement.side)
  const words =
    JSON.stringify([found?.msg.data ?? '', found?.msg.event ?? '', judgement.rule ?? '']).match(/[\w-]{4,}/g) ?? []
  const end = performance.now() + patience
  const system = systemFor(transcript)
  let tried = 0
  for (const bug of own.sort((a, b) => Number(speaksOf(b, words)) - Number(speaksOf(a, words)))) {
    if (performance.now() > end) break
    const changed = editedWhere(system, bug.edits)
    tried += 1
    if (changed === undefined) continue
    const { verdict, claim } = validate(transcript, { version: rules, packed: pack(flatten(changed, rules)) })
    // That the bug breaks a claim is what makes it one.
    if (claim !== undefined || verdict === 'conforms') return { bug, tried, all: own.length }
  }
  return { tried, all: own.length }
}

/** The same, in words; empty where there is nothing to say. */
function sayExplained({ bug, tried, all }: Explained): string {
  if (bug === undefined)
    return tried < all ? `\n  ${tried} of ${all} known bugs were tried as an explanation, and none is one` : ''
  const { since, until } = bug.affected
  const when = [since === undefined ? '' : `since ${since}`, until === undefined ? '' : `until ${until}`].filter(
    Boolean,
  )
  const had = when.length === 0 ? '' : `  QEMU had it ${when.join(', ')}.`
  return `\n  explained by bug ${bug.id}: ${bug.name}${had}\n           ${bug.cite}`
}

/** A judgement with the bug that explains what the rules do not. */
export function withBug(transcript: Transcript, judgement: Judgement, version?: string, patience?: number): Judgement {
  const found = explainedBy(transcript, judgement, version, patience)
  const message = `${judgement.message}${sayExplained(found)}`
  return { ...judgement, message, ...(found.bug && { bug: found.bug.id }) }
}
