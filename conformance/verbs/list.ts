/** `lockstep list`: what there is, a line each, or as one JSON object. */
import { printMatch } from '../../diagrams/print.ts'
import { rowsOfAll } from '../../diagrams/rows.ts'
import { type Answer, type AnsweredAt, joinArrows } from '../../impl/arrows.ts'
import { citeIn } from '../../impl/cites.ts'
import { isIn } from '../../impl/flat.ts'
import { flatten } from '../../impl/flatten.ts'
import { deviations } from '../../spec/deviations.ts'
import { moved } from '../../spec/moved.ts'
import { suite } from '../../spec/suite.ts'
import { versions } from '../../spec/versions.ts'
import { listedCases, table } from './cases.ts'
import { print, releases, seenIn, UsageError } from './common.ts'
import { coverage } from './coverage.ts'
import { allClaims, allSystems, roleOf, rulesOf } from './ids.ts'

type Listed = {
  readonly json: object[]
  readonly rows: string[][]
  readonly more?: { readonly [table: string]: readonly object[] }
}

/** At which values of each enumeration a rule on a command can be taken: of the side's own status, and of every variable. */
function statesOf({ states, side }: Answer): object {
  const own = states.filter(({ known }) => known.side[side] === roleOf({ machine: '', side }))
  const lists = (some: typeof states, name: (one: (typeof states)[number]) => string) =>
    Object.fromEntries(some.map(one => [name(one), one.values]))
  return { states: lists(own, ({ known }) => known.enum), variables: lists(states, ({ variable }) => variable) }
}

/** A rule's answers in several releases, as one: the same but for where it can be taken. */
function joined(answers: readonly Answer[]): Answer | undefined {
  const [first] = answers
  if (first === undefined) return undefined
  const states = first.states.map((one, i) => ({
    ...one,
    values: [...new Set(answers.flatMap(answer => answer.states[i]?.values ?? []))],
  }))
  return { ...first, states }
}

function rules(wanted: readonly string[]): Listed {
  const seen = seenIn(wanted)
  const { releases, arrows, commands } = rowsOfAll(wanted)
  const all = rulesOf(wanted)
  const taken = new Set(releases.flatMap(release => [...release.taken]))
  const bare = (id: string) => id.slice(id.indexOf('/') + 1)
  const takenSomewhere = new Set([...taken].map(bare))
  // What only one of two sides can come to is listed for that one.
  const listed = all.filter(({ id }) => taken.has(id) || !takenSomewhere.has(bare(id)))
  const json = listed.map(({ id, machine, side, actor, rule }) => {
    const { name, on, where, does, would, says = [], since, until, may } = rule
    const own = wanted.filter(version => isIn(version, rule))
    const cites = Object.fromEntries(own.map(version => [version, citeFor(rule.cite, [version])]))
    const answer = joined(releases.flatMap(({ answers }) => answers.filter(one => one.id === id)))
    return {
      ...{ id, machine, side, role: roleOf({ machine, side }) || null, actor, name, on: on ?? null },
      ...{ where: where ?? {}, does, would: would ?? {}, says, cite: citeFor(rule.cite, wanted) },
      ...(wanted.length > 1 && { cites }),
      ...{ since: since ?? null, until: until ?? null, may: may ?? false, versions: own, seen: seen(name) },
      arrows: joinArrows(releases.map(({ version, arrows }) => ({ version, arrows: only(arrows, id) }))).map(
        ({ rules: _, ...arrow }) => arrow,
      ),
      ...(answer !== undefined && { command: answer.command, outcome: answer.outcome, ...statesOf(answer) }),
    }
  })
  return {
    json,
    rows: listed.map(({ id, rule }) => [id, citeFor(rule.cite, wanted)]),
    more: { arrows, commands: commands.map(printed) },
  }
}

const only = <T>(all: ReadonlyMap<string, T>, id: string): ReadonlyMap<string, T> => {
  const found = all.get(id)
  return found === undefined ? new Map() : new Map([[id, found]])
}

/** A row with the arguments of its calls in few words: a match can be long, and the rules have it. */
const printed = ({ arguments: ways, ...row }: AnsweredAt): object => ({
  ...row,
  arguments: [...new Set(ways.map(way => (way === null ? '' : printMatch(way))))],
})

/** A cite in the words of the release that was asked for. */
const citeFor = (cite: string, [version, ...others]: readonly string[]): string =>
  version === undefined || others.length > 0 ? cite : citeIn(cite, version, moved)

function claims(wanted: readonly string[]): Listed {
  const json = allClaims.map(({ id, kind, name, system, broken, seen }) => ({ id, kind, name, system, broken, seen }))
  const rows = json.map(({ id, kind, broken }) => {
    const known = Object.keys(broken).filter(version => wanted.includes(version))
    return [id, kind, known.length > 0 ? `broken in ${known.join(', ')}` : '']
  })
  return { json, rows }
}

function systems(wanted: readonly string[]): Listed {
  const json = allSystems.map(system => ({
    name: system.name,
    about: system.about,
    explored: system.explored,
    variables: flatten(system, wanted.at(-1) ?? '').variables.length,
  }))
  return { json, rows: json.map(({ name, about }) => [name, about]) }
}

function deviating(wanted: readonly string[]): Listed {
  const json = deviations.filter(({ versions }) => versions.some(version => wanted.includes(version)))
  const rows = json.map(one => {
    const { id, cases, versions, shows, claim, sometimes } = one
    return [id, cases.join(','), versions.join(','), sometimes ? `${shows}, sometimes` : shows, `breaks "${claim}"`]
  })
  return { json: [...json], rows }
}

const kinds: { readonly [what: string]: (wanted: readonly string[]) => Listed } = {
  rules,
  claims,
  cases: wanted => listedCases(suite.filter(one => wanted.some(version => isIn(version, one)))),
  systems,
  deviations: deviating,
  versions: () => ({ json: versions.map(version => ({ version })), rows: versions.map(version => [version]) }),
}

/** One object; tables of many rows have a line each. */
function _printJson(what: string, { json, more = {} }: Listed): string {
  const tables = Object.entries(more).map(
    ([name, rows]) => `${JSON.stringify(name)}: [\n    ${rows.map(row => JSON.stringify(row)).join(',\n    ')}\n  ]`,
  )
  const head = JSON.stringify({ [what]: json }, null, 2).slice(0, -'\n}'.length)
  return `${[head, ...tables].join(',\n  ')}\n}`
}

/** Runs the verb; answers the exit code. */
export function list(
  what: string,
  { json, version, ...flags }: { readonly json?: boolean; readonly version?: string; readonly coverage?: boolean },
): number {
  if (flags.coverage) {
    if (what !== 'rules') throw new UsageError('--coverage goes with rules')
    return coverage({ ...(json && { json }), ...(version !== undefined && { version }) })
  }
  const kind = Object.hasOwn(kinds, what) ? kinds[what] : undefined
  if (kind === undefined) throw new UsageError(`"${what}" cannot be listed; there are ${Object.keys(kinds).join(', ')}`)
  const found = kind(releases(versions, version))
  print(
    json ? JSON.stringify({ [what]: found.json, ...found.more }, null, 2) : table(found.rows).replaceAll(/ +$/gm, ''),
  )
  return 0
}
