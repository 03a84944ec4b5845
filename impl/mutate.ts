/**
 * Mutants of rules: each rule, changed a little in every way that somebody
 * who programs could have got it wrong.
 *
 * A mutant is an edit; what comes of it is for others to see.  Which mutants
 * there are depends on the rules alone, so that a score can be had again.
 */
import type { Edit, EditedPart, Machine, Match, Rule, Says, System } from '../spec/lang.ts'
import { isIn } from './flat.ts'
import { isObject } from './frames.ts'

/** The ways to get a rule wrong. */
export const operators = [
  'arrow',
  'drop',
  'double',
  'reorder',
  'data',
  'loosen',
  'tighten',
  'reply',
  'elsewhere',
  'merge',
  'split',
] as const
export type Operator = (typeof operators)[number]

/** One rule changed in one way. */
export interface Mutant {
  /** `operator/rule-name/n`, n counting the mutants of that kind. */
  readonly id: string
  readonly rule: string
  /** The machine, or the system, whose rule it is. */
  readonly machine: string
  readonly operator: Operator
  /** What is changed, for people. */
  readonly what: string
  readonly edits: readonly Edit[]
}

type Part = { readonly [variable: string]: string | readonly string[] }
type Values = { readonly [variable: string]: readonly string[] }

const part = (given: unknown): Part => (given ?? {}) as Part
const visible = (says: Says): boolean => 'event' in says || 'sends' in says
const shown = (says: Says): string => JSON.stringify(Object.values(says).filter(value => typeof value !== 'object'))

/** What follows after an arrow, and what it is written with. */
function arrowOf(move: string | readonly string[]): { from: string; arrow: string; to: string } | undefined {
  const found = typeof move === 'string' ? /^(\S*) ?(->|~>) (.*)$/.exec(move) : null
  return found === null ? undefined : { from: found[1] ?? '', arrow: found[2] ?? '', to: found[3] ?? '' }
}

/** The values that a condition leaves. */
function allowed(condition: string | readonly string[], values: readonly string[]): readonly string[] {
  if (typeof condition !== 'string') return condition
  return condition.startsWith('!') ? values.filter(value => value !== condition.slice(1)) : [condition]
}

/** A number that a text alone decides, to choose with. */
function numberOf(text: string): number {
  let hash = 2166136261
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619)
  return hash >>> 0
}

const pick = <T>(from: readonly T[], by: string): T | undefined => from[numberOf(by) % Math.max(1, from.length)]

/** A change without its name. */
type Change = { readonly operator: Operator; readonly what: string; readonly edits: readonly Edit[] }

const change = (
  operator: Operator,
  what: string,
  name: string,
  to: Extract<Edit, { change: string }>['to'],
): Change => ({
  operator,
  what,
  edits: [{ change: name, to }],
})

function arrows({ name, does }: Rule, values: Values): Change[] {
  return Object.entries(part(does)).flatMap(([variable, move]) => {
    const found = arrowOf(move)
    if (found === undefined) return []
    const { from, arrow, to } = found
    const others = (values[variable] ?? []).filter(value => value !== to && value !== from)
    const other = pick(others, `${name} ${variable}`)
    const stays = from === '' ? undefined : arrow === '->' ? from : undefined
    const kept = change('arrow', `${variable} stays as it is`, name, { does: { [variable]: stays } })
    if (other === undefined) return [kept]
    const turned = `${from === '' ? '' : `${from} `}${arrow} ${other}`
    return [kept, change('arrow', `${variable} becomes ${other}, not ${to}`, name, { does: { [variable]: turned } })]
  })
}

function outputs({ name, says = [] }: Rule, data: ReadonlyMap<string, ReadonlySet<string>>): Change[] {
  const others = (i: number, ...put: readonly Says[]): Says[] => [...says.slice(0, i), ...put, ...says.slice(i + 1)]
  return says.flatMap((one, i): Change[] => {
    const next = says[i + 1]
    const swapped =
      next === undefined || shown(one) === shown(next)
        ? []
        : [
            change('reorder', `${shown(next)} before ${shown(one)}`, name, {
              says: [...says.slice(0, i), next, one, ...says.slice(i + 2)],
            }),
          ]
    if (!visible(one)) return swapped
    const changes = [
      ...swapped,
      change('drop', `does not say ${shown(one)}`, name, { says: others(i) }),
      change('double', `says ${shown(one)} twice`, name, { says: others(i, one, one) }),
    ]
    if (!('event' in one) || !isObject(one.data)) return changes
    for (const [member, value] of Object.entries(one.data as { readonly [member: string]: Match })) {
      if (typeof value === 'object') continue
      const known = [...(data.get(`${one.event}.${member}`) ?? [])].filter(text => text !== JSON.stringify(value))
      const text = pick(known, `${name} ${member}`)
      if (text === undefined) continue
      const said: Says = { ...one, data: { ...one.data, [member]: JSON.parse(text) as Match } }
      changes.push(change('data', `says ${one.event} with ${member} ${text}`, name, { says: others(i, said) }))
    }
    return changes
  })
}

/** No release is older than this. */
const NEVER = '0.0'

/**
 * The same change with the rule left where it stands, for no release, and the
 * changed one beside it: the messages of a wire are those that any rule sends.
 */
function keeping(one: Change, rule: Rule, machine: string, actor: string): Change {
  const [edit] = one.edits
  if (edit === undefined || !('change' in edit) || !(rule.says ?? []).some(says => 'sends' in says)) return one
  const add: Rule = { ...rule, says: edit.to.says ?? [] }
  return {
    ...one,
    edits: [
      { change: rule.name, to: { until: NEVER } },
      { add, machine, actor },
    ],
  }
}

function guards({ name, where, does, on }: Rule, values: Values): Change[] {
  const conditions = Object.entries(part(where))
  const loose = conditions.map(([variable]) =>
    change('loosen', `does not ask for ${variable}`, name, { where: { [variable]: undefined } }),
  )
  const tight = [...conditions, ...Object.entries(part(does))].flatMap(([variable, condition]) => {
    const arrow = arrowOf(condition)
    const all = values[variable] ?? []
    const may = arrow === undefined ? allowed(condition, all) : arrow.from === '' ? all : []
    const left = pick(may, `${name} ${variable} less`)
    if (may.length < 2 || left === undefined) return []
    const rest = may.filter(value => value !== left)
    return [change('tighten', `not where ${variable} is ${left}`, name, { where: { [variable]: rest } })]
  })
  const free = Object.keys(values).filter(v => part(where)[v] === undefined && part(does)[v] === undefined)
  const extra = pick(free, `${name} more`)
  const only = extra === undefined ? undefined : pick((values[extra] ?? []).slice(1), `${name} only`)
  if (extra !== undefined && only !== undefined) {
    const rest = (values[extra] ?? []).filter(value => value !== only)
    tight.push(change('tighten', `not where ${extra} is ${only}`, name, { where: { [extra]: rest } }))
  }
  const isCommand = on !== undefined && 'command' in on
  const elsewhere = isCommand
    ? conditions.flatMap(([variable, condition]) => {
        const now = allowed(condition, values[variable] ?? [])
        const to = pick(
          (values[variable] ?? []).filter(value => !now.includes(value)),
          `${name} ${variable} elsewhere`,
        )
        if (to === undefined) return []
        const where: EditedPart = { [variable]: [...now.slice(1), to] }
        return [change('elsewhere', `where ${variable} is ${to}, not ${now[0] ?? ''}`, name, { where })]
      })
    : []
  return [...loose, ...tight, ...elsewhere]
}

function replies({ name, says = [], does }: Rule): Change[] {
  return says.flatMap((one, i) => {
    if ('returns' in one) {
      const put: Says = { fails: 'It is refused', class: 'GenericError' }
      const still = Object.fromEntries(Object.entries(part(does)).map(([variable]) => [variable, undefined]))
      return [
        change('reply', 'an error, and it is done all the same', name, { says: says.with(i, put) }),
        change('reply', 'an error, and nothing is done', name, { says: [put], does: still }),
      ]
    }
    if (!('fails' in one)) return []
    return [
      change('reply', 'success instead of an error', name, { says: says.with(i, { returns: {} }) }),
      ...(one.class === 'GenericError'
        ? [
            change('reply', 'another class of error', name, {
              says: says.with(i, { ...one, class: 'CommandNotFound' }),
            }),
          ]
        : []),
    ]
  })
}

/** A step that becomes two, or that its successor is taken with. */
function grains(rule: Rule, all: readonly Rule[], machine: string, actor: string): Change[] {
  const { name, does, says = [], where, on } = rule
  const moves = Object.entries(part(does))
  const moving = moves.filter(([, move]) => arrowOf(move) !== undefined)
  const changes: Change[] = []
  const answered = says.some(one => 'returns' in one || 'fails' in one || 'exits' in one)
  const last = moving.at(-1)
  const arrow = last === undefined ? undefined : arrowOf(last[1])
  if (
    moving.length > 1 &&
    last !== undefined &&
    arrow?.arrow === '->' &&
    arrow.from !== '' &&
    !answered &&
    on === undefined
  ) {
    // First all but one of the arrows, in silence; then that one, with what is said.
    const first = { ...Object.fromEntries(moves), [last[0]]: arrow.from }
    const done = Object.fromEntries(
      moving.slice(0, -1).flatMap(([variable, move]) => {
        const to = arrowOf(move)?.to
        return to === undefined ? [] : [[variable, to]]
      }),
    )
    const second: Rule = { ...rule, name: `${name}, later`, does: { [last[0]]: last[1] }, where: { ...where, ...done } }
    changes.push({
      operator: 'split',
      what: `${last[0]} moves in a step of its own`,
      edits: [
        { change: name, to: { does: first, says: [] } },
        { add: second, machine, actor },
      ],
    })
  }
  const follower = all.find(
    other =>
      other.name !== name &&
      other.on === undefined &&
      !answered &&
      moving.some(([variable, move]) => {
        const to = arrowOf(move)
        const from = arrowOf(part(other.does)[variable] ?? '')
        return to?.arrow === '->' && from?.arrow === '->' && from.from === to.to
      }),
  )
  if (follower !== undefined) {
    const after = Object.fromEntries(
      Object.entries(part(follower.does)).flatMap(([variable, move]) => {
        const then = arrowOf(move)
        if (then === undefined) return []
        const mine = arrowOf(part(does)[variable] ?? '')
        return [[variable, `${mine === undefined ? then.from : mine.from} ${then.arrow} ${then.to}`.trim()]]
      }),
    )
    changes.push({
      operator: 'merge',
      what: `goes on with "${follower.name}" at once`,
      edits: [{ change: name, to: { does: after, says: [...says, ...(follower.says ?? [])] } }],
    })
  }
  return changes
}

/** What events of the rules were ever given, by event and member, as JSON. */
function dataOf(rules: readonly Rule[]): Map<string, Set<string>> {
  const data = new Map<string, Set<string>>()
  for (const says of rules.flatMap(rule => rule.says ?? [])) {
    if (!('event' in says) || !isObject(says.data)) continue
    for (const [member, value] of Object.entries(says.data as { readonly [member: string]: Match })) {
      if (typeof value === 'object') continue
      const key = `${says.event}.${member}`
      data.set(key, (data.get(key) ?? new Set()).add(JSON.stringify(value)))
    }
  }
  return data
}

/** Every mutant of the rules of a machine that are in force in a release. */
export function mutantsOf(machine: Machine | System, version: string): Mutant[] {
  const values: Values =
    'variables' in machine
      ? machine.variables
      : Object.fromEntries([
          ...Object.entries(machine.shared),
          ...Object.entries(machine.sides).flatMap(([side, machines]) =>
            machines.flatMap(({ variables }) =>
              Object.entries(variables).map(([name, all]) => [`${side}.${name}`, all] as const),
            ),
          ),
        ])
  const whole = Object.values(machine.rules).flat()
  const data = dataOf(whole)
  return Object.entries(machine.rules).flatMap(([actor, rules]) => {
    const here = rules.filter(rule => isIn(version, rule))
    return here.flatMap(rule => {
      const changes = [
        ...arrows(rule, values),
        ...outputs(rule, data).map(one => keeping(one, rule, machine.name, actor)),
        ...guards(rule, values),
        ...replies(rule),
        ...grains(rule, here, machine.name, actor),
      ]
      const counts = new Map<Operator, number>()
      return changes.map(({ operator, what, edits }): Mutant => {
        const n = (counts.get(operator) ?? 0) + 1
        counts.set(operator, n)
        const id = `${operator}/${rule.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}/${n}`
        return { id, rule: rule.name, machine: machine.name, operator, what, edits }
      })
    })
  })
}
