/** The page that tells the score. */

import { operators } from '../../impl/mutate.ts'
import { beyond, bugs } from '../../spec/history.ts'
import { versions } from '../../spec/versions.ts'
import { type Kept, type Power, percent, shareOf } from './score.ts'

/** Where the score, its picture and its page are, from the root. */
export const powerPath = 'docs/power.json'
export const svgPath = 'docs/power.svg'
export const pagePath = 'docs/power.md'

const cell = (kept: readonly Kept[]): string => {
  const share = shareOf(kept)
  return kept.length === 0
    ? ''
    : `${percent(share)} of ${share.of}${share.equivalent > 0 ? ` (+${share.equivalent} =)` : ''}`
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n')

const plain = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')

/** Why nobody has noticed, as far as that is known. */
const reasons: { readonly [by: string]: string } = {
  less: 'Proved: it shows nothing that the rules do not allow, and only leaves out what need not come; only a case that insists on it, or a recorded transcript that has it, could tell.',
  'never taken': 'No system that is explored comes to this rule, and no recorded transcript needs it.',
  ordered:
    'It can be told by somebody who sees what both sides say in one order; the run that shows it is allowed to a pair whose monitors are read one by one.',
}
const why = (by: string): string =>
  reasons[by] ?? 'Neither told apart nor proved alike within the bounds of the search.'

/** Prints the page. */
export function printPage({ history, rules, wire, honest, seed }: Power): string {
  const by = (version: string) => rules.filter(kept => kept.version === version)
  const survivors = rules.filter(({ verdict }) => verdict === 'survives')
  const machines = [...new Set(rules.map(({ machine }) => machine))].sort()
  const ways = [...new Set(rules.filter(({ verdict }) => verdict === 'noticed').map(({ by }) => by))]
  const kinds = [...new Set(wire.map(({ kind }) => kind))]
  return `<!-- Printed by \`lockstep mutants --write\`; do not edit. -->
# Power: would the suite notice?

![Noticed, of what could be](power.svg)

Each figure is of a sample drawn by seed ${seed} (\`lockstep mutants --quick --count 50 --write\`);
\`lockstep mutants\` tries all.  *Noticed*: a run of the edited rules is not allowed by the unedited ones, or a recorded
transcript of a real QEMU is not allowed by the edited ones, or a claim has another verdict.  \`(+n =)\`: n more were
equivalent.  That is proved: by the same graph in every system that has the rule (the same states, steps and outputs),
or because all that can be seen of the edited rules (what is said, answered, and that nothing more comes) can be seen
of the unedited ones, and the other way round; whoever looks may send any command at any time, two at once to each
monitor, knows all that was said before, and sees an answer when the monitor is free to give it.

## Mutants of rules

${table(
  ['', ...versions.map(version => `QEMU ${version}`)],
  [
    ...operators.map(operator => [
      operator,
      ...versions.map(v => cell(by(v).filter(kept => kept.operator === operator))),
    ]),
    ['**all**', ...versions.map(v => cell(by(v)))],
  ],
)}

${table(
  ['machine', ...versions.map(version => `QEMU ${version}`)],
  machines.map(machine => [machine, ...versions.map(v => cell(by(v).filter(kept => kept.machine === machine)))]),
)}

Of the survivors, ${survivors.filter(({ by }) => by === 'less').length} are proved to show nothing that the rules do not allow.

By whom: ${ways.map(way => `${way} ${rules.filter(kept => kept.verdict === 'noticed' && kept.by === way).length}`).join(', ')}.

## Bugs of the past

${table(
  ['row', 'bug', 'put back into', 'noticed by'],
  bugs.map(bug => {
    const own = history.filter(({ id }) => id === bug.id)
    const first = own.find(told => told.by !== '')
    const missed = own.filter(told => told.by === '').map(({ version }) => version)
    return [
      String(bug.id),
      plain(bug.name),
      bug.in.join(', '),
      `${plain(first?.by ?? (own.length === 0 ? 'not tried yet' : 'nobody'))}${missed.length > 0 && first !== undefined ? `; not in ${missed.join(', ')}` : ''}`,
    ]
  }),
)}

Not an edit of rules:

${beyond.map(({ id, name, why }) => `- row ${id}, ${name}  ${why}`).join('\n')}

## Lies on the wire

${table(
  ['', ...versions.map(version => `QEMU ${version}`)],
  kinds.map(kind => [
    kind,
    ...versions.map(version => {
      const one = wire.find(kept => kept.version === version && kept.kind === kind)
      return one === undefined ? '' : `${percent({ noticed: one.noticed, of: one.made })} of ${one.made}`
    }),
  ]),
)}

## False alarms

${honest.map(({ version, runs, alarms }) => `- QEMU ${version}: ${alarms} in ${runs} runs of the unedited rules`).join('\n')}

## Survivors

${survivors.length === 0 ? 'None in this sample.' : survivors.map(({ id, version, what, system, by }) => `- ${version}, \`${id}\` (${system}): ${plain(what)}.  ${why(by)}`).join('\n')}
`
}
