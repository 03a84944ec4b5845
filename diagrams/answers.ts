/** The questions of 2018 in order, each with the claims that answer it and the shortest way that proves them. */
import { slug } from '../impl/flat.ts'
import { Judge, type Verdict } from '../impl/judge.ts'
import type { Claim, System } from '../spec/lang.ts'
import { transitions } from '../spec/transitions.ts'
import { asciiSequence } from './ascii.ts'
import { PRINTED, wrap } from './mermaid.ts'
import { rstHead } from './page.ts'
import { stepsBefore, tell } from './story.ts'

/** A question, what it comes to, and the claims that say so. */
export interface Asked {
  readonly title: string
  readonly who: string
  readonly answer: string
  /** As `system: name`. */
  readonly claims: readonly string[]
}

const proposed = (name: string): string => `COLO status as proposed: ${name}`
const pair = (name: string): string => `COLO pair: ${name}`
const again = (name: string): string => `COLO again: ${name}`

/** The questions, in the order of the mails. */
export const asked: readonly Asked[] = [
  {
    title: 'The seven transitions of the run state around colo',
    who: 'Markus Armbruster, 11 June 2018: for each, how is it triggered, and which events are emitted?',
    answer: 'The table below. Two of the pairs that runstate_set() allows are taken by nothing.',
    claims: [
      pair('a primary in COLO is in run state running'),
      pair('a primary that has left COLO is in run state colo'),
    ],
  },
  {
    title: 'What running means',
    who: 'Markus Armbruster, 11 June 2018: how is colo-running related to the run state? Dave Gilbert, 13 June: active would be the better word.',
    answer:
      'It is not the run state. It says that COLO is on, and it never says anything that mode does not: it was redundant, and was dropped before the merge. A primary in COLO is in finish-migrate, running or colo and in nothing else, so no run state tells whether COLO is on.',
    claims: [
      proposed('colo-running of 2018 says anything that mode does not'),
      pair('a primary in COLO is in a run state other than finish-migrate, running and colo'),
    ],
  },
  {
    title: 'The table of cases',
    who: 'Markus Armbruster, 14 June 2018: (1) no COLO, (2) a primary, (3) a secondary; a: no heartbeat was lost, b: one was, c: an error.',
    answer:
      'As proposed, error was never said of an error: it is said of a failover that a secondary puts off, and of nothing else in a first COLO.',
    claims: [
      proposed('case 1: while COLO is being started, query-colo-status of 2018 fails as if it were not'),
      proposed('case 2a: a primary between two checkpoints is primary, running, none'),
      proposed(
        'case 2b: a primary that was told of a lost heartbeat is primary, running, request, until the main loop comes round',
      ),
      proposed('case 2b: a primary that was told of a lost heartbeat is primary, running, none'),
      proposed('case 2c: a primary in its first COLO is primary, running, error'),
      proposed('case 2c: a primary that ran into an error is primary, running, none'),
      proposed('case 3a: a secondary between two checkpoints is secondary, running, none'),
      proposed(
        'case 3b: a secondary that was told of a lost heartbeat is secondary, running, request, until the main loop comes round',
      ),
      proposed('case 3c: a secondary that puts off the failover it was asked for is secondary, running, error'),
      proposed('case 3c: a secondary that was not asked for a failover is secondary, running, error'),
      proposed('case 3c: a secondary that ran into an error is secondary, running, none'),
    ],
  },
  {
    title: 'What exiting COLO mode means',
    who: 'Markus Armbruster, 14 June 2018: what does it mean, and how is it reflected in mode? Dave Gilbert: the VM runs unprotected, much like a normal one.',
    answer:
      'The migration status leaves colo for completed, mode becomes none, and the guest runs alone. As proposed, the query then failed and could not say why COLO was left; as merged, last-mode and reason say it.',
    claims: [
      proposed('case 1: once a primary has left COLO, query-colo-status of 2018 fails and cannot say why it left'),
      proposed('case 1: once a secondary has left COLO, query-colo-status of 2018 fails and cannot say why it left'),
      pair('once a primary runs alone, the query says none, primary, request'),
    ],
  },
  {
    title: 'Is COLO ever re-entered?',
    who: 'Markus Armbruster, 14 June 2018. Dave Gilbert: through the first migration again, I think.',
    answer: 'Yes: by migrate to a new secondary, and by nothing else.',
    claims: [
      again('COLO mode comes back: a primary that runs alone migrates to another secondary and is a primary again'),
      again('COLO mode comes back: a secondary that took over migrates and is a primary'),
      again('COLO mode comes back without a migrate'),
    ],
  },
]

const kinds = {
  never: { holds: 'never: no state that can be reached is like this', broken: 'it happens, though it should not' },
  sometimes: { holds: 'it happens', broken: 'it does not happen' },
  rests: { holds: 'it can stay so', broken: 'it cannot stay so' },
  recovers: { holds: 'there is always a way back', broken: 'there is not always a way back' },
  leadsTo: { holds: 'it always comes to that', broken: 'it does not always come to that' },
} as const

/** A claim with what became of it, ready to be printed. */
interface Proof {
  readonly claim: Claim
  readonly verdict: Verdict
  readonly picture: string
}

/** Judges what the questions name, under one release. */
export function proofs(
  claims: readonly Claim[],
  systemOf: (name: string) => System,
  version: string,
): ReadonlyMap<string, Proof> {
  const names = asked.flatMap(question => question.claims)
  const found = new Map<string, Proof>()
  // One system after the other: their graphs are large.
  const wanted = names.map(name => {
    const claim = claims.find(one => `${one.system}: ${one.name}` === name)
    if (claim === undefined) throw new Error(`a question of 2018 names the claim "${name}", which is not there`)
    return { name, claim }
  })
  for (const some of Map.groupBy(wanted, ({ claim }) => claim.system).values()) {
    const judge = new Judge()
    for (const { name, claim } of some) {
      const verdict = judge.judge(claim, systemOf(claim.system), version)
      found.set(name, { claim, verdict, picture: pictureOf(verdict) })
    }
  }
  return found
}

function pictureOf({ witness }: Verdict): string {
  if (witness === undefined) return ''
  const { graph } = witness
  const { flat } = graph.packed
  const skip = stepsBefore(graph, witness, { 'src.migration': 'colo' })
  const beats = tell(
    flat,
    witness,
    Math.max(0, Math.min(skip, witness.steps.length - 1)),
    'a migration that comes to COLO',
  )
  return asciiSequence(flat, beats, { src: 'primary', dst: 'secondary' })
}

const verdictText = ({ claim, verdict }: Proof): string => kinds[claim.kind][verdict.holds ? 'holds' : 'broken']

/** The pairs of run states that were asked about. */
export const around = transitions.filter(({ answer }) => answer !== undefined)

/** The page for GitHub. */
export function answersMarkdown(found: ReadonlyMap<string, Proof>, version: string): string {
  const sections = asked.flatMap((question, i) => {
    const table =
      i > 0
        ? []
        : [
            '',
            '| from | to | how, and with which events |',
            '| --- | --- | --- |',
            ...around.map(({ from, to, answer }) => `| \`${from}\` | \`${to}\` | ${answer} |`),
          ]
    const claims = question.claims.flatMap(name => {
      const proof = found.get(name)
      if (proof === undefined) return []
      const { claim, picture } = proof
      const id = `${slug(claim.system)}/${slug(claim.name)}`
      const head = [`- **${claim.name}**: ${verdictText(proof)} (\`lockstep explain ${id}\`).`]
      if (picture === '') return [...head, '']
      const lines = picture.trimEnd().split('\n')
      return [
        ...head,
        '',
        '  <details><summary>the shortest way there</summary>',
        '',
        '  ```text',
        ...lines.map(line => `  ${line}`.trimEnd()),
        '  ```',
        '',
        '  </details>',
        '',
      ]
    })
    return ['', `## ${i + 1}. ${question.title}`, '', `*${question.who}*`, '', question.answer, ...table, '', ...claims]
  })
  return `${[
    `<!-- ${PRINTED} -->`,
    '',
    '# The questions of 2018, answered by the checker',
    '',
    `Each answer with the claims that say so, judged for QEMU ${version}, and the shortest way that proves them. What was asked, and more of what it came to: [docs/questions-of-2018.md](../docs/questions-of-2018.md).`,
    ...sections,
  ]
    .join('\n')
    .trimEnd()}\n`
}

const rstText = (text: string): string => text.replaceAll(/[\\`*_|]/g, '\\$&')

/** The page for QEMU's tree. */
export function answersRst(found: ReadonlyMap<string, Proof>, version: string): string {
  const title = 'The questions of 2018, answered by the checker'
  const sections = asked.flatMap((question, i) => {
    const head = `${i + 1}. ${question.title}`
    const table =
      i > 0
        ? []
        : [
            '',
            '.. list-table::',
            '   :header-rows: 1',
            '   :widths: 14 14 60',
            '',
            '   * - from',
            '     - to',
            '     - how, and with which events',
            ...around.flatMap(({ from, to, answer = '' }) => [
              `   * - \`\`${from}\`\``,
              `     - \`\`${to}\`\``,
              `     - ${rstText(answer)}`,
            ]),
          ]
    const claims = question.claims.flatMap(name => {
      const proof = found.get(name)
      if (proof === undefined) return []
      const { claim, picture } = proof
      const text = [...wrap(`**${rstText(claim.name)}**: ${verdictText(proof)}.`, 78), '']
      return picture === ''
        ? text
        : [
            ...text,
            '::',
            '',
            ...picture
              .trimEnd()
              .split('\n')
              .map(line => `    ${line}`.trimEnd()),
            '',
          ]
    })
    return [
      '',
      head,
      '-'.repeat(head.length),
      '',
      ...wrap(rstText(question.who), 78),
      '',
      ...wrap(rstText(question.answer), 78),
      ...table,
      '',
      ...claims,
    ]
  })
  const about = `Each answer with the claims that say so, judged for QEMU ${version}, and the shortest way that proves them.`
  return `${[...rstHead(title), ...wrap(about, 78), ...sections].join('\n').trimEnd()}\n`
}
