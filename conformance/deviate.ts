/** A verdict in the light of what is known of its case and release: spec/deviations.ts. */
import { type Deviation, deviations as known } from '../spec/deviations.ts'
import type { CaseVerdict } from './conform.ts'

/** A verdict, as far as deviations bear on it. */
export interface Verdict {
  readonly verdict: CaseVerdict
  readonly expected: boolean
  readonly message: string
  readonly claim?: string
  /** All claims that are broken, where several are. */
  readonly claims?: readonly string[]
  /** The id of the known deviation that it is, or that did not come. */
  readonly deviation?: string
}

/** What a verdict is on. */
export interface Subject {
  readonly case: string
  /** The release whose rules judged, such as `10.0`. */
  readonly release: string | undefined
  /** Whether its monitor stopped answering, as the rules of that release allow. */
  readonly frozen: boolean
  /** Claims that this may break. */
  readonly might: readonly string[]
  /** Whether it is a real endpoint, and not one that draws among all that the rules allow. */
  readonly real: boolean
}

/** Whether a pattern, in which `*` stands for anything, is a case's id. */
const covers = (pattern: string, id: string): boolean => {
  const [first = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return pattern === id
  const last = rest.pop() ?? ''
  if (!id.startsWith(first) || !id.endsWith(last) || id.length < first.length + last.length) return false
  let at = first.length
  for (const part of rest) {
    const found = id.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return at <= id.length - last.length
}

/** The deviations that are known of a case in a release. */
export const deviationsOf = (id: string, release: string | undefined, all = known): readonly Deviation[] =>
  all.filter(({ cases, versions }) => versions.some(one => one === release) && cases.some(word => covers(word, id)))

/**
 * Says of a verdict what is known: a freeze that is known becomes a known
 * deviation, and a pass where each run was seen to deviate is not as expected.
 */
export function deviate<V extends Verdict>(judged: V, subject: Subject, all = known): V {
  const own = deviationsOf(subject.case, subject.release, all)
  if (subject.frozen && judged.verdict === 'inconclusive') {
    const freeze = own.find(({ shows, claim }) => shows === 'freeze' && subject.might.includes(claim))
    if (freeze === undefined) return judged
    const { id, claim, reason } = freeze
    const said = `the rules of ${subject.release} allow it, and it breaks "${claim}"\n  ${reason}`
    const message = `${judged.message}\n${said}`
    return { ...judged, verdict: 'known deviation', expected: true, claim, deviation: id, message }
  }
  const { verdict, claim, claims = claim === undefined ? [] : [claim] } = judged
  const enough = verdict === 'conforms' || verdict === 'known deviation'
  const due = own.find(one => enough && subject.real && one.sometimes !== true && !claims.includes(one.claim))
  if (due === undefined) {
    const known = own.filter(one => verdict === 'known deviation' && claims.includes(one.claim))
    const first = known.find(one => one.claim === claim) ?? known[0]
    return first === undefined ? judged : { ...judged, deviation: first.id }
  }
  const message = [
    ...(verdict === 'conforms' ? [] : [judged.message]),
    `${verdict === 'conforms' ? 'conforms' : 'it does not come'}, though each run was known to break "${due.claim}"`,
    `  ${due.reason}`,
    `  if QEMU was fixed, take ${due.id} out of spec/deviations.ts`,
  ].join('\n')
  return { ...judged, expected: false, deviation: due.id, message }
}
