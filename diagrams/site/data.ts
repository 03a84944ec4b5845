/** Everything that the page shows, gathered. */
import type { Claim } from '../../spec/lang.ts'
import { around, asked } from '../answers.ts'
import { rowsOfAll } from '../rows.ts'
import { answerInfos } from './answers.ts'
import { caseInfos } from './cases.ts'
import { claimInfos, type Told } from './claims.ts'
import { consumers } from './consumers.ts'
import { lines } from './lines.ts'
import { type Explored, variants as everyVariant, machinesOf, type Variant } from './machines.ts'
import { Answers } from './questions.ts'
import { releaseNames, releases } from './releases.ts'
import { Rulebook } from './rulebook.ts'
import { runsFolder, runsOf } from './runs.ts'
import { Stories } from './stories.ts'
import { Tellings } from './tellings.ts'
import type { SiteData } from './types.ts'

/** What the page is made from besides the rules. */
export interface Sources {
  readonly claims: readonly (Claim & { readonly id: string })[]
  /** Ways that `lockstep check` found, or finds meanwhile. */
  readonly told: readonly Told[] | Promise<readonly Told[]>
  /** Of which releases a real binary was seen to take a rule, by its name. */
  readonly seen: (name: string) => readonly string[]
  /** Which systems in which releases; all, when left out. */
  readonly variants?: readonly Variant[]
  /** How they are explored; here and now, when left out. */
  readonly explored?: Explored
  /** In which releases commands are answered; all, when left out. */
  readonly answered?: readonly string[]
}

/** Gathers it. */
export async function siteData({
  claims,
  told,
  seen,
  variants = everyVariant(),
  explored,
  answered = releaseNames,
}: Sources): Promise<SiteData> {
  const book = new Rulebook(seen)
  const stories = new Stories()
  const questions = new Answers()
  // Others may be exploring meanwhile.
  const rows = rowsOfAll(answered)
  const tellings = new Tellings()
  const machines = await machinesOf(book, stories, { questions, tellings }, variants, explored)
  const answers = answerInfos(book, rows)
  const { cases, runs: own } = caseInfos(stories)
  const runs = [...runsOf(runsFolder, stories), ...own]
  const old = asked.map(({ title, who, answer, claims: names }, i) => ({
    ...{ title, who, answer },
    claims: names.flatMap(name => claims.find(claim => `${claim.system}: ${claim.name}` === name)?.id ?? []),
    moves: i > 0 ? [] : around.map(({ from, to, answer: how = '' }) => [from, to, how] as const),
  }))
  const judged = claimInfos(claims, await told, book, stories)
  return {
    ...{ releases, machines, answers, runs, cases, consumers, lines },
    tellings: tellings.infos(),
    asked: old,
    rules: book.infos(),
    claims: judged,
    questions: questions.infos(runs),
    stories: stories.all,
    frames: stories.frames,
  }
}
