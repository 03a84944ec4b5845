/**
 * What can be said of rules without running them.
 *
 * A machine may sit in several systems, and a system may leave out what would
 * send it a message or move a variable of it: such things are findings only
 * where no system and no side has them.  Versions are not told apart; what is there in any
 * version counts.
 */
import type { Machine, Rule, System } from '../spec/lang.ts'
import { compareVersions, slug } from './flat.ts'
import { type Placed, queryProblems, ruleProblems } from './lint-rules.ts'
import { lintVariables } from './lint-variables.ts'

/** Something wrong, and the rule, query, variable or event that it is wrong with. */
export interface Finding {
  readonly rule: string
  readonly problem: string
}

/** Every machine once, however many systems it is in. */
const machinesOf = (systems: readonly System[]): Machine[] => [
  ...new Set(systems.flatMap(system => Object.values(system.sides).flat())),
]

const rulesOf = (machine: Machine): Placed[] =>
  Object.values(machine.rules)
    .flat()
    .map(rule => ({ id: `${machine.name}: ${rule.name}`, rule, whole: false }))

const wholeRulesOf = (system: System): Placed[] =>
  Object.values(system.rules)
    .flat()
    .map(rule => ({ id: `${system.name}: ${rule.name}`, rule, whole: true }))

/** Two rules of one machine and name may only take turns. */
function nameProblems(machine: Machine): Finding[] {
  const rules = rulesOf(machine)
  const before = (a: Rule, b: Rule) =>
    a.until !== undefined && b.since !== undefined && compareVersions(a.until, b.since) < 0
  return rules.flatMap(({ id, rule }, i) => {
    const same = rules.slice(0, i).filter(other => slug(other.rule.name) === slug(rule.name))
    const clash = same.some(other => !before(rule, other.rule) && !before(other.rule, rule))
    return clash ? [{ rule: id, problem: 'is the name of two rules' }] : []
  })
}

/** The members of an event are the same wherever it is said. */
function eventProblems(rules: readonly Placed[]): Finding[] {
  const first = new Map<string, { members: string; id: string }>()
  return rules.flatMap(({ id, rule }) =>
    (rule.says ?? []).flatMap(says => {
      if (!('event' in says)) return []
      const members =
        Object.keys(says.data ?? {})
          .sort()
          .join(', ') || 'nothing'
      const known = first.get(says.event)
      if (known === undefined) first.set(says.event, { members, id })
      if (known === undefined || known.members === members) return []
      return [{ rule: id, problem: `says ${says.event} with ${members}; "${known.id}" says it with ${known.members}` }]
    }),
  )
}

/** The messages that the rules of a side put on its wires, or take off them. */
function heard(system: System, side: string, what: 'sends' | 'receives'): Set<string> {
  const rules = (system.sides[side] ?? []).flatMap(rulesOf).map(({ rule }) => rule)
  return new Set(
    what === 'sends'
      ? rules.flatMap(({ says = [] }) => says.flatMap(s => ('sends' in s ? [s.sends] : [])))
      : rules.flatMap(({ on }) => (on !== undefined && 'receives' in on ? [on.receives] : [])),
  )
}

/** What a machine, in this place, sends to nobody or waits for in vain. */
function messageProblems(machine: Machine, system: System, side: string): Finding[] {
  const to = system.wires.filter(w => w.from === side).map(w => heard(system, w.to, 'receives'))
  const into = system.wires.filter(w => w.to === side)
  const from = into.map(w => heard(system, w.from, 'sends'))
  return rulesOf(machine).flatMap(({ id, rule }) => {
    const { on, says = [] } = rule
    const sent = says.flatMap(s => ('sends' in s && !to.some(taken => taken.has(s.sends)) ? [s.sends] : []))
    const vain =
      on !== undefined && 'receives' in on && !from.some(given => given.has(on.receives)) ? [on.receives] : []
    const deaf = on !== undefined && 'hangup' in on && !into.some(w => w.link !== undefined)
    return [
      ...sent.map(m => ({ rule: id, problem: `sends ${m}, which nobody receives` })),
      ...vain.map(m => ({ rule: id, problem: `receives ${m}, which nobody sends` })),
      ...(deaf ? [{ rule: id, problem: 'waits for a hangup of a wire that has no link' }] : []),
    ]
  })
}

const text = ({ rule, problem }: Finding): string => `${rule}: ${problem}`

/** What is wrong with a machine's messages in every place that it has, on whichever side of whichever system. */
function inEveryPlace(systems: readonly System[]): Finding[] {
  return machinesOf(systems).flatMap(machine => {
    const places = systems.flatMap(system =>
      Object.keys(system.sides)
        .filter(side => system.sides[side]?.includes(machine))
        .map(side => messageProblems(machine, system, side)),
    )
    const others = places.map(found => new Set(found.map(text)))
    return (places[0] ?? []).filter(finding => others.every(found => found.has(text(finding))))
  })
}

/** Rules that a system leaves out though it has none of that name. */
function withoutProblems(system: System): Finding[] {
  const names = new Set(wholeRulesOf(system).map(({ rule }) => rule.name))
  for (const [side, machines] of Object.entries(system.sides)) {
    for (const { rule } of machines.flatMap(rulesOf)) names.add(rule.name).add(`${side}: ${rule.name}`)
  }
  return system.without
    .filter(name => !names.has(name))
    .map(name => ({ rule: system.name, problem: `is without "${name}", which it never had` }))
}

/** All that is wrong with these systems and the machines in them. */
export function lint(systems: readonly System[]): Finding[] {
  const machines = machinesOf(systems)
  const rules = [...machines.flatMap(rulesOf), ...systems.flatMap(wholeRulesOf)]
  const all = [
    ...machines.flatMap(nameProblems),
    ...rules.flatMap(placed => ruleProblems(placed).map(problem => ({ rule: placed.id, problem }))),
    ...machines.flatMap(({ name, queries, variables }) =>
      queries.flatMap(query =>
        queryProblems(query, variables).map(problem => ({ rule: `${name}: ${query.command}`, problem })),
      ),
    ),
    ...eventProblems(rules),
    ...inEveryPlace(systems),
    ...systems.flatMap(withoutProblems),
    ...lintVariables(systems),
  ]
  return [...new Map(all.map(finding => [text(finding), finding])).values()]
}
