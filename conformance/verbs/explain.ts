/** `lockstep explain`: all there is to say about a rule, a claim or a case. */
import { asciiSequence } from '../../diagrams/ascii.ts'
import { printDoes, printMatch, printSays, printTrigger, printVersions } from '../../diagrams/print.ts'
import { tell } from '../../diagrams/story.ts'
import { explore, type Graph, pathTo } from '../../impl/explore.ts'
import { slug } from '../../impl/flat.ts'
import { flatten } from '../../impl/flatten.ts'
import { Judge } from '../../impl/judge.ts'
import { pack } from '../../impl/pack.ts'
import type { Json } from '../../spec/lang.ts'
import type { Act, Case, Span } from '../../spec/script.ts'
import { suite as cases } from '../../spec/suite.ts'
import { versions } from '../../spec/versions.ts'
import { print, releases, seenWhere, UsageError } from './common.ts'
import { allClaims, allSystems, type ListedRule, rulesOf } from './ids.ts'

/** Text as a paragraph below its head. */
const block = (head: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : lines.map((line, i) => `${(i === 0 ? head : '').padEnd(9)} ${line}`)

/** The shortest way to a rule: a graph, and the path whose last step it is. */
function wayTo(id: string, graph: Graph): ReturnType<typeof pathTo> | undefined {
  const { packed, states, size } = graph
  const { flat, words } = packed
  const rows = new Set(flat.rows.filter(row => row.rule.id === id).map(row => row.id))
  const next = new Int32Array(words)
  for (let state = 0; state < size.states; state++) {
    let found: { row: number; state: number } | undefined
    packed.step(states, state * words, next, row => {
      if (rows.has(row)) found ??= { row, state: graph.find(next, 0) }
    })
    if (found === undefined) continue
    const { start, steps } = pathTo(graph, state)
    return { start, steps: [...steps, found] }
  }
  return undefined
}

function pictureOf(id: string, release: string): string[] {
  for (const system of allSystems.filter(one => one.explored)) {
    const flat = flatten(system, release)
    if (!flat.rules.some(rule => rule.id === id)) continue
    const path = wayTo(id, explore(pack(flat)))
    if (path === undefined) continue
    return [`The shortest way there, in "${system.name}":`, '', asciiSequence(flat, tell(flat, path))]
  }
  return ['None of the systems that are explored comes to it.']
}

function ruleText({ id, machine, actor, rule }: ListedRule, release: string): string[] {
  const { name, on, cite, says = [], may } = rule
  const bounds = printVersions(rule)
  return [
    id,
    '',
    ...block('rule', [name]),
    ...block('machine', [machine]),
    ...block('actor', [may ? `${actor}, which does not owe it` : actor]),
    ...block('on', on === undefined ? [] : [printTrigger(on)]),
    ...block('does', printDoes(rule)),
    ...block('says', says.map(printSays)),
    ...block('cite', cite.split(', ')),
    ...block('in', [bounds === '' ? `QEMU ${release} and every other release here` : bounds]),
    ...block('seen', [seenWhere()(name)]),
    '',
    ...pictureOf(id, release),
  ]
}

const kinds = {
  never: 'No state that can be reached is like this.',
  sometimes: 'Some state that can be reached is like this.',
  rests: 'In some state that can be reached it is like this, and QEMU owes no step: it may stay so for ever.',
  recovers: 'From every state that can be reached and is like this, one of the others can still be reached.',
  leadsTo: 'Every fair path from a state like this comes to one of the others.',
} as const

function claimText(claim: (typeof allClaims)[number], release: string): string[] {
  const system = allSystems.find(one => one.name === claim.system)
  if (system === undefined) throw new UsageError(`${claim.id} is about a system that is not there`)
  const verdict = new Judge().judge(claim, system, release)
  const patterns = (list: readonly object[]) => list.map(pattern => printMatch(pattern as Json))
  const broken = claim.broken[release]
  const { witness } = verdict
  return [
    claim.id,
    '',
    ...block('claim', [claim.name]),
    ...block('kind', [`${claim.kind}: ${kinds[claim.kind]}`]),
    ...block('system', [claim.system]),
    ...block('rule', claim.rule === undefined ? [] : [`${claim.rule}: not the state alone, but this step taken there`]),
    ...block('where', patterns(claim.where)),
    ...block('to', patterns(claim.to)),
    ...block('without', claim.without),
    ...block('verdict', [
      `QEMU ${release}: ${verdict.holds ? 'holds' : 'broken'}${verdict.expected ? '' : ', which is NOT as known'}`,
    ]),
    ...block('known', broken === undefined ? [] : [broken]),
    '',
    ...(witness === undefined
      ? [`${verdict.states.toLocaleString('en')} states were looked at; there is nothing to show.`]
      : [
          'The shortest way there:',
          '',
          asciiSequence(witness.graph.packed.flat, tell(witness.graph.packed.flat, witness)),
        ]),
  ]
}

/** A span of releases, for people. */
const spanText = ({ since, until }: Span): string =>
  [...(since === undefined ? [] : [`since ${since}`]), ...(until === undefined ? [] : [`until ${until}`])].join(', ')

/** An act as a line of a script. */
export function actText(act: Act): string {
  switch (act.do) {
    case 'send': {
      const args = Object.keys(act.arguments).length > 0 ? ` ${JSON.stringify(act.arguments)}` : ''
      return `${act.at} -> ${act.command}${args}${act.oob ? ', out of band' : ''}${act.refused === true ? ', to be refused' : ''}`
    }
    case 'await':
      return `${act.at} <- ${act.event} ${JSON.stringify(act.data)}, within ${act.within} s`
    case 'ask': {
      const until = JSON.stringify(act.until)
      return `${act.at} -> ${act.query}${until === '{}' ? '' : ` until ${until}, within ${act.within} s`}`
    }
    case 'kill':
      return `${act.at} !! killed`
    case 'again':
      return `dst !! started anew; ${act.survivor === 'src' ? 'the source is who it was' : 'who was the destination is the source'}`
    case 'burst':
      return `${act.at} -> at once: ${act.commands.map(({ command, arguments: args }) => `${command}${Object.keys(args).length > 0 ? ` ${JSON.stringify(args)}` : ''}`).join(', ')}`
    case 'in':
      return `${spanText(act)}: ${act.script.map(actText).join('; ')}`
    case 'pause':
      return act.least === undefined ? `wait up to ${act.most} s` : `wait ${act.least} to ${act.most} s`
    case 'freeze':
    case 'thaw':
      return `${act.at} !! ${act.do === 'freeze' ? 'stands still' : 'goes on'}`
    case 'link':
      return `link !! ${act.fault}`
    case 'half-close':
      return `link !! end of file, for ${act.at} only`
    case 'slow':
      return `link !! ${act.bytes} bytes a second`
    case 'cut-after':
      return `link !! cut after ${act.bytes} more bytes`
    case 'cut-at':
    case 'stall-at':
      return `link !! ${act.do === 'cut-at' ? 'cut' : 'stall'} at ${act.message}, which ${act.arrives ? 'arrives' : 'does not arrive'}`
    case 'stray':
      return `${act.at} !! a stranger ${act.how === 'leaves' ? 'leaves' : act.how === 'silent' ? 'connects and says nothing' : 'connects and says what no source says'}`
  }
}

const caseText = ({ id, description, expectation, sides, capabilities, script, why, ...of }: Case): string[] => [
  id,
  '',
  ...block('does', [description]),
  ...block('expects', [expectation]),
  ...block('needs', [sides.join(' and ')]),
  ...(why === undefined ? [] : block('is for', [`QEMU ${spanText(of)}: ${why}`])),
  ...block(
    'sets',
    capabilities.map(one =>
      typeof one === 'string'
        ? one
        : [one.name, ...(one.at ? [`at ${one.at}`] : []), spanText(one)].filter(Boolean).join(', '),
    ),
  ),
  ...block('script', script.map(actText)),
  '',
  `Run it: lockstep conform --only ${id}`,
]

/** Runs the verb; answers the exit code. */
export function explain(wanted: string, { version }: { readonly version?: string }): number {
  const release = releases(versions, version).at(-1) ?? ''
  const rules = rulesOf([release])
  // The whole id, or, where that is enough, what comes after the side or the system.
  const matching = <T extends { readonly id: string }>(items: readonly T[], rest: (item: T) => string): T[] => {
    const exact = items.filter(item => item.id === wanted)
    return exact.length > 0 ? exact : items.filter(item => slug(rest(item)) === slug(wanted))
  }
  const texts = [
    ...matching(cases, one => one.id).map(caseText),
    ...matching(allClaims, claim => claim.name).map(claim => claimText(claim, release)),
    // Both sides have most rules, and there is the same to say of them.
    ...matching(rules, ({ rule }) => rule.name)
      .slice(0, 1)
      .map(rule => ruleText(rule, release)),
  ]
  if (texts.length === 0)
    throw new UsageError(`there is no rule, claim or case "${wanted}"; lockstep list says what there is`)
  print(texts.map(lines => lines.join('\n')).join('\n\n'))
  return 0
}
