/**
 * Everything that is printed from the rules, and whether what lies in the
 * folder still is what the rules say.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { explore, type Graph } from '../impl/explore.ts'
import { slug } from '../impl/flat.ts'
import { flatten } from '../impl/flatten.ts'
import { SpecError } from '../impl/move.ts'
import { pack } from '../impl/pack.ts'
import { cases } from '../spec/cases.ts'
import { claims } from '../spec/claims.ts'
import type { Claim, System } from '../spec/lang.ts'
import { systems } from '../spec/systems.ts'
import { versions } from '../spec/versions.ts'
import { answersMarkdown, answersRst, proofs } from './answers.ts'
import { asciiSequence } from './ascii.ts'
import { consumersPage, eventsPage } from './events.ts'
import { examplesOf } from './examples.ts'
import { overviewOf, overviews } from './overview.ts'
import { type ChangeShown, indexPage, type Shown, transcriptPage } from './page.ts'
import { drawPicture, type Picture } from './picture.ts'
import { differenceOf, pictureOf } from './pictures.ts'
import { charts, commands, pages, type StatePlan, states, tabled, witnesses } from './plan.ts'
import { markdown, markdownPage, rst, rstPage, type Table } from './print.ts'
import { answersPage, changesPage, claimsPage, fileFor, type Page, transitionsPage } from './releases.ts'
import { rowsOfAll } from './rows.ts'
import { type Seen, scan } from './scan.ts'
import { sectionPages } from './sections.ts'
import { sequenceDiagram } from './sequence.ts'
import { stateDiagram } from './state.ts'
import { stepsBefore, tell, witness } from './story.ts'
import { commandTable, ruleTable } from './table.ts'

/** The release that is drawn. */
export const drawn: string = versions[versions.length - 1] ?? ''

/** Where printed files lie. */
export const folder = import.meta.dirname

function systemNamed(name: string): System {
  const found = (systems as readonly System[]).find(system => system.name === name)
  if (found === undefined) throw new SpecError(`a plan names the system "${name}", which is not there`)
  return found
}

const titled = (title: string): string => `${title}, QEMU ${drawn}`

/** What a folder holds besides texts: pictures of machines, not yet drawn. */
export type Pictures = Map<string, Picture>

/** Steps are kept: they are looked at more than once. */
const exploreAt = (name: string, version: string): Graph =>
  explore(pack(flatten(systemNamed(name), version)), { links: true })

const exploreNamed = (name: string): Graph => exploreAt(name, drawn)

/** What became of each machine of a system from release to release, by the file of the machine. */
function differences(
  name: string,
  now: Seen,
  mine: readonly StatePlan[],
  add: (file: string, picture: Picture) => void,
): Map<string, ChangeShown[]> {
  const found = new Map<string, ChangeShown[]>(mine.map(({ file }) => [file, []]))
  const seenAt = (version: string): Seen =>
    version === drawn
      ? now
      : scan(
          exploreAt(name, version),
          mine.map(({ variable }) => variable),
        )
  let before: Seen | undefined
  for (const version of versions) {
    const seen = seenAt(version)
    for (const plan of before === undefined ? [] : mine) {
      const old = (before as Seen).flat.version
      const picture = differenceOf(before as Seen, seen, plan, `${plan.title}: from QEMU ${old} to ${version}`)
      const file = `${plan.file}-${slug(old)}-to-${slug(version)}`
      if (picture !== undefined) add(file, picture)
      found.get(plan.file)?.push({ from: old, to: version, ...(picture !== undefined && { file }) })
    }
    before = seen
  }
  return found
}

/**
 * Every printed file by name, in order, but the pictures of machines, which are put into `pictures`.  `graphOf` may give graphs that are
 * there already; each system is asked for once, and let go before the next.
 */
export function drawAll(
  graphOf: (system: string) => Graph = exploreNamed,
  pictures: Pictures = new Map(),
): Map<string, string> {
  const files = new Map<string, string>()
  const shown: Shown[] = []
  const put = (file: string, text: string): void => {
    if (files.has(file)) throw new SpecError(`two plans print ${file}`)
    files.set(file, text)
  }
  const putTable = (file: string, table: Table): void => {
    put(`${file}.md`, markdown(table))
    put(`${file}.rst`, rst(table))
    shown.push({ kind: 'table', file, title: table.title })
  }
  const putPage = (file: string, { title, before, tables }: Page): void => {
    put(`${file}.md`, markdownPage(title, before, tables))
    put(`${file}.rst`, rstPage(title, before, tables))
    shown.push({ kind: 'table', file, title })
  }
  for (const name of new Set([...states, ...commands, ...witnesses].map(plan => plan.system))) {
    const graph = graphOf(name)
    const mine = <P extends { readonly system: string }>(plans: readonly P[]): P[] =>
      plans.filter(plan => plan.system === name)
    const seen: Seen = scan(
      graph,
      [...mine(states), ...mine(commands)].map(plan => plan.variable),
    )
    const changes = differences(name, seen, mine(states), (file, picture) => pictures.set(`${file}.svg`, picture))
    for (const plan of mine(states)) {
      const { file, variable, title, layout } = plan
      put(`${file}.mmd`, stateDiagram(seen, variable, titled(title), layout))
      pictures.set(`${file}.svg`, pictureOf(seen, plan, titled(title)))
      shown.push({ kind: 'picture', file, title, changes: changes.get(file) ?? [] })
    }
    for (const plan of mine(overviews)) {
      pictures.set(`${plan.file}.svg`, overviewOf(graph, plan, titled(plan.title)))
      shown.push({
        kind: 'picture',
        file: plan.file,
        title: plan.title,
        about: 'From afar: states that fit the same pattern are one.',
      })
    }
    for (const { file, side, variable, title } of mine(commands)) {
      putTable(file, commandTable(seen, side, variable, titled(title)))
    }
    for (const { file, title, about, goal, cast, from } of mine(witnesses)) {
      const path = witness(graph, goal)
      const skip = from === undefined ? 0 : stepsBefore(graph, path, from.where)
      const beats = tell(seen.flat, path, skip, from?.words)
      put(`${file}.mmd`, sequenceDiagram(seen.flat, beats, titled(title), cast))
      put(`${file}.rst`, transcriptPage(titled(title), about, asciiSequence(seen.flat, beats, cast)))
      shown.push({ kind: 'picture', file, title, about })
    }
  }
  const whole = flatten(systemNamed(tabled), drawn)
  const [side] = whole.sides
  for (const [machine, rules] of Map.groupBy(whole.rules, rule => rule.machine)) {
    const once = rules.filter(rule => rule.side === '' || rule.side === side)
    const title = machine === whole.name ? 'The rules of the network between two sides' : `The rules of ${machine}`
    putTable(`rules-${slug(machine)}`, ruleTable(once, titled(title)))
  }
  const { releases } = rowsOfAll(versions)
  for (const release of releases) {
    const { version } = release
    putPage(fileFor(pages.transitions, version), transitionsPage(releases, version, charts))
    putPage(fileFor(pages.answers, version), answersPage(release, charts))
  }
  putPage(pages.claims, claimsPage(claims, versions))
  putPage(pages.events, eventsPage(releases))
  putPage(pages.consumers, consumersPage())
  for (const { file, title, ...texts } of sectionPages(pages.examples, examplesOf(cases))) {
    put(`${file}.md`, texts.markdown)
    put(`${file}.rst`, texts.rst)
    shown.push({ kind: 'table', file, title })
  }
  const found = proofs(claims as readonly Claim[], systemNamed, drawn)
  put(`${pages.questions}.md`, answersMarkdown(found, drawn))
  put(`${pages.questions}.rst`, answersRst(found, drawn))
  shown.push({ kind: 'table', file: pages.questions, title: 'The questions of 2018, answered by the checker' })
  putPage(pages.changes, changesPage(releases))
  put('README.md', indexPage(shown, drawn))
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The same with the pictures of machines drawn. */
export async function drawEverything(): Promise<Map<string, string>> {
  const pictures: Pictures = new Map()
  const files = drawAll(exploreNamed, pictures)
  for (const [file, picture] of pictures) files.set(file, await drawPicture(picture))
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Which printed files are not what the rules say. */
export interface Staleness {
  readonly stale: readonly string[]
  readonly missing: readonly string[]
  readonly extra: readonly string[]
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** What the first line of an SVG says of the text it was made from. */
export const stampOf = (file: string, text: string): string =>
  `<!-- Printed by \`npm run svg\` from ${file}, sha256 ${sha256(text)} -->`

/** An SVG that a browser drew, below the stamp of its text and a seal over itself. */
export const sealed = (stamp: string, svg: string): string => `${stamp}\n<!-- sha256 ${sha256(svg)} -->\n${svg}`

/** Whether an SVG has this stamp and is as it was drawn. */
export function isSealed(stamp: string, there: string): boolean {
  const [first, second, ...rest] = there.split('\n')
  return first === stamp && second === `<!-- sha256 ${sha256(rest.join('\n'))} -->`
}

const PRINTED_ENDS = ['.mmd', '.md', '.rst', '.svg']

/** The SVGs that these files want, each with the stamp it has to have. */
export function stamps(files: ReadonlyMap<string, string>): Map<string, string> {
  const pictures = [...files].filter(([file]) => file.endsWith('.mmd') && !files.has(file.replace(/mmd$/, 'svg')))
  return new Map(pictures.map(([file, text]) => [file.replace(/mmd$/, 'svg'), stampOf(file, text)]))
}

/**
 * Holds a folder against what should be in it.  An SVG that Chromium drew is not the
 * same under every Chromium: it is held against the stamp and the seal that it has.
 */
export function checkAll(files: ReadonlyMap<string, string> = drawAll(), where: string = folder): Staleness {
  const found = readdirSync(where).filter(file => PRINTED_ENDS.some(end => file.endsWith(end)))
  const wanted = new Map([...files, ...stamps(files)])
  const isFresh = (file: string, text: string): boolean => {
    const there = readFileSync(join(where, file), 'utf8')
    return file.endsWith('.svg') && !files.has(file) ? isSealed(text, there) : there === text
  }
  return {
    stale: [...wanted].flatMap(([file, text]) => (found.includes(file) && !isFresh(file, text) ? [file] : [])),
    missing: [...wanted.keys()].filter(file => !found.includes(file)),
    extra: found.filter(file => !wanted.has(file)).sort(),
  }
}

/** Writes every printed file but the SVGs; answers the names of those that were not yet so. */
export function writeAll(files: ReadonlyMap<string, string> = drawAll(), where: string = folder): string[] {
  const { stale, missing } = checkAll(files, where)
  const changed = [...stale, ...missing].filter(file => files.has(file)).sort()
  for (const file of changed) writeFileSync(join(where, file), files.get(file) ?? '')
  return changed
}
