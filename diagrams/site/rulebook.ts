/** The rules, each with a number by which the rest of the page's data speaks of it. */
import { citeIn } from '../../impl/cites.ts'
import { type FlatRule, isIn, slug } from '../../impl/flat.ts'
import { moved } from '../../spec/moved.ts'
import { printDoes, printSays, printTrigger, printVersions } from '../print.ts'
import { maskOf, releaseNames } from './releases.ts'
import type { RuleInfo } from './types.ts'

/** Collects rules as they are met. */
export class Rulebook {
  private readonly numbers = new Map<string, number>()
  private readonly found: { rule: FlatRule; actors: Set<string> }[] = []
  private readonly seen: (name: string) => readonly string[]

  constructor(seen: (name: string) => readonly string[]) {
    this.seen = seen
  }

  /** The number of a rule; the rule of either side is one. */
  readonly numberOf = (flat: FlatRule): number => {
    const { name, since, until } = flat.rule
    const key = JSON.stringify([name, flat.machine, since, until])
    const number = this.numbers.get(key) ?? this.found.push({ rule: flat, actors: new Set() }) - 1
    this.numbers.set(key, number)
    this.found[number]?.actors.add(flat.actor)
    return number
  }

  /** The number of a rule of this name that is in this release; -1 for none. */
  named(name: string, version: string): number {
    return this.found.findIndex(({ rule: { rule } }) => rule.name === name && isIn(version, rule))
  }

  /** All of them, in the order of their numbers. */
  infos(): RuleInfo[] {
    return this.found.map(({ rule: { machine, rule }, actors }) => {
      const own = releaseNames.filter(version => isIn(version, rule))
      const cites = [...Map.groupBy(own, version => citeIn(rule.cite, version, moved))]
      return {
        ...{ id: slug(rule.name), name: rule.name, machine, actors: [...actors], on: printTrigger(rule.on) },
        ...{ does: printDoes(rule), says: (rule.says ?? []).map(printSays) },
        cites: cites.map(([cite, of]) => ({ at: cite.split(', '), mask: maskOf(of) })),
        ...{ versions: printVersions(rule), mask: maskOf(own), seen: this.seen(rule.name), may: rule.may ?? false },
      }
    })
  }
}
