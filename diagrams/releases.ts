/**
 * Pages about releases: which status moves to which, what each command is
 * answered, which claims hold, and what changed from one release to the next.
 */
import { type AnsweredAt, joinAnswers, joinArrows, type TakenArrow } from '../impl/arrows.ts'
import { citeIn } from '../impl/cites.ts'
import { type FlatRule, slug } from '../impl/flat.ts'
import type { Claim } from '../spec/lang.ts'
import { moved } from '../spec/moved.ts'
import { roles } from '../spec/qapi.ts'
import type { Charted } from './plan.ts'
import { type Cell, printSays, printTrigger, printVersions, type Table } from './print.ts'
import type { ReleaseRows } from './rows.ts'

/** A page of several tables. */
export interface Page {
  readonly title: string
  readonly before: string
  readonly tables: readonly Table[]
}

const code = (...lines: string[]): Cell => ({ lines: lines.filter(line => line !== ''), code: true })
const text = (...lines: string[]): Cell => ({ lines: lines.filter(line => line !== '') })
const unique = <T>(list: readonly T[]): T[] => [...new Set(list)]

const isOf = (chart: Charted) => (row: { readonly machine: string; readonly side: string }) =>
  row.machine === chart.machine && (chart.side === undefined || row.side === chart.side)

/** The releases of a row, shortly: nothing where it is in all. */
const inVersions = (versions: readonly string[], all: readonly string[]): string =>
  all.every(version => versions.includes(version)) ? '' : all.filter(version => versions.includes(version)).join(', ')

/** Which value moves to which under one release, who takes it there and where that is written. */
export function transitionsPage(all: readonly ReleaseRows[], version: string, charts: readonly Charted[]): Page {
  const release = all.find(one => one.version === version)
  const joined = joinArrows(all.map(({ version: of, arrows }) => ({ version: of, arrows })))
  const own = joinArrows(release === undefined ? [] : [{ version, arrows: release.arrows }])
  const key = ({ machine, side, from, to }: TakenArrow): string => [machine, side, from, to].join(' ')
  const inAll = Map.groupBy(joined, key)
  const versions = all.map(one => one.version)
  const tables = charts.map((chart): Table => {
    const arrows = [...Map.groupBy(own.filter(isOf(chart)), key)].map(([of, some]) => ({
      from: some[0]?.from ?? '',
      to: some[0]?.to ?? '',
      rules: unique(some.flatMap(({ rules }) => rules)).flatMap(id => release?.rules.get(id) ?? []),
      versions: unique((inAll.get(of) ?? []).flatMap(arrow => arrow.versions)),
    }))
    const order = (value: string): number => chart.order?.indexOf(value) ?? 0
    const sorted = arrows.toSorted((a, b) => order(a.from) - order(b.from) || order(a.to) - order(b.to))
    const rows = sorted.map(arrow => {
      const named = [...Map.groupBy(arrow.rules, ({ rule }) => rule.name).values()].flatMap(([first]) => first ?? [])
      return [
        code(arrow.from),
        code(arrow.to),
        text(...named.map(({ rule }) => rule.name)),
        code(...unique(named.flatMap(({ rule }) => citeIn(rule.cite, version, moved).split(', ')))),
        text(inVersions(arrow.versions, versions)),
      ]
    })
    const heads = ['from', 'to', 'rules', 'in QEMU', 'only in']
    return { title: chart.title, before: '', heads, widths: [14, 14, 34, 32, 6], rows, after: [] }
  })
  const before =
    'Every move that some rule makes, from each value that it allows and that can be reached; places are named as this release does.'
  return { title: `Transitions, QEMU ${version}`, before, tables }
}

const outcomes = { accepted: 'yes', refused: 'no', aborts: 'the process ends' } as const

/** What each command is answered at each value of a status, under one release; of commands that mind it. */
export function answersPage(release: ReleaseRows, charts: readonly Charted[]): Page {
  const { version } = release
  const all = joinAnswers([release], roles.migration)
  const tables = charts.map((chart): Table => {
    const here = all.filter(isOf(chart))
    const states = unique(here.map(({ state }) => state)).sort(
      (a, b) => (chart.order?.indexOf(a) ?? 0) - (chart.order?.indexOf(b) ?? 0),
    )
    const rows = [...Map.groupBy(here, ({ command }) => command)]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([command, answers]): Cell[][] => {
        const groups = [...Map.groupBy(answers, one => JSON.stringify([one.outcome, one.class, general(one)])).values()]
        return groups.map((some, i) => {
          const at = states.filter(state => some.some(one => one.state === state))
          const [first] = some
          const words = first === undefined ? '' : general(first)
          const said = first?.class === null || first?.class === 'GenericError' ? words : `${first?.class}: ${words}`
          const ends = unique(some.flatMap(({ rules }) => rules)).flatMap(id => release.rules.get(id)?.rule.name ?? [])
          return [
            i === 0 ? code(command) : text(),
            text(first === undefined ? '' : outcomes[first.outcome]),
            at.length === states.length ? text('any') : code(at.join(', ')),
            first?.outcome === 'aborts' ? text(...unique(ends)) : text(said),
          ]
        })
      })
    return {
      title: chart.title,
      before: '',
      heads: ['command', 'accepted', 'at', 'refused with, or ended by'],
      widths: [22, 10, 40, 28],
      rows,
      after: [],
    }
  })
  const before =
    'Where both yes and no name a status, something besides it decides: arguments, capabilities, or how far a thread is.'
  return { title: `Commands by status, QEMU ${version}`, before, tables }
}

/** A text that names the status, or something else of a list, is one text for all of them. */
const general = ({ text: said, state }: AnsweredAt): string =>
  said === null ? '' : said.endsWith(` ${state}`) ? `${said.slice(0, -state.length)}‹status›` : said

/** Which claims hold under which release, what happens where one does not, and where that was seen. */
export function claimsPage(claims: readonly Claim[], versions: readonly string[]): Page {
  const tables = [...Map.groupBy(claims, claim => claim.system)].map(([title, some]): Table => {
    const rows = some.map(({ kind, name, broken, seen }) => [
      text(name),
      text(kind),
      ...versions.map(version => {
        const known = broken[version]
        const found = seen[version]
        return text(known === undefined ? 'holds' : `broken: ${known}`, found === undefined ? '' : `seen: ${found}`)
      }),
    ])
    const heads = ['claim', 'kind', ...versions]
    return { title, before: '', heads, widths: [28, 8, ...versions.map(() => 18)], rows, after: [] }
  })
  const before =
    'Below the name of each system: what is claimed of it, and whether the checker finds it so. A claim of the kind never, recovers or leadsTo is a promise; one of the kind sometimes or rests is a surprise that is there. The way to each that is broken or there, step by step and to be taken along as text or as Mermaid: lockstep explain, or a click on its cell on the page that lockstep draw --site writes.'
  return { title: 'Claims by release', before, tables }
}

/** The rules of a release, each once, by what it is called and where. */
const rulesOf = (release: ReleaseRows): Map<string, FlatRule> =>
  new Map([...release.rules.values()].map(flat => [`${flat.machine}: ${flat.rule.name}`, flat]))

/** What a rule says, in a line or two. */
const seenOf = ({ rule }: FlatRule): string[] => [
  ...(rule.on === undefined ? [] : [printTrigger(rule.on)]),
  ...(rule.says ?? []).map(printSays),
]

/** Which rules come and go between neighbouring releases. */
export function changesPage(releases: readonly ReleaseRows[]): Page {
  const tables = releases.slice(1).map((now, i): Table => {
    const before = releases[i] as ReleaseRows
    const [old, fresh] = [rulesOf(before), rulesOf(now)]
    const gone = [...old].filter(([id]) => !fresh.has(id)).map(([, flat]) => ({ flat, sign: 'gone', of: before }))
    const come = [...fresh].filter(([id]) => !old.has(id)).map(([, flat]) => ({ flat, sign: 'new', of: now }))
    const places = new Map([...old, ...fresh].map(([, { machine }], at) => [machine, at]))
    const both = [...gone, ...come].toSorted(
      (a, b) => (places.get(a.flat.machine) ?? 0) - (places.get(b.flat.machine) ?? 0),
    )
    const rows = both.map(({ flat, sign, of }) => [
      text(sign),
      text(flat.machine),
      text(flat.rule.name),
      code(...seenOf(flat)),
      code(...citeIn(flat.rule.cite, of.version, moved).split(', ')),
      text(printVersions(flat.rule)),
    ])
    const heads = ['', 'machine', 'rule', 'what is seen', 'in QEMU', 'versions']
    const title = `From QEMU ${before.version} to ${now.version}`
    return { title, before: '', heads, widths: [6, 12, 28, 24, 22, 8], rows, after: [] }
  })
  const before = 'A rule that behaves differently is two: one that is gone, and one that is new.'
  return { title: 'What changed between releases', before, tables }
}

/** The name of a page's file for one release. */
export const fileFor = (file: string, version: string): string => `${file}-${slug(version)}`
