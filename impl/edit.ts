/**
 * Edits of rules: what a system would be if one rule were otherwise.
 *
 * A claim is believed after one small edit has broken it, and a bug that the
 * program once had is an edit too.
 */
import type { Edit, EditedPart, Machine, Match, Query, Rule, Rules, System } from '../spec/lang.ts'
import { isObject } from './frames.ts'
import { SpecError } from './move.ts'

export type { Edit } from '../spec/lang.ts'

const merge = (old: EditedPart, changed: EditedPart | undefined): EditedPart =>
  Object.fromEntries(Object.entries({ ...old, ...changed }).filter(([, move]) => move !== undefined))

function editRule(rule: Rule, edit: Edit, hit: () => void): readonly Rule[] {
  if ('drop' in edit && edit.drop === rule.name) {
    hit()
    return []
  }
  if (!('change' in edit) || edit.change !== rule.name) return [rule]
  hit()
  const { does, where, ...others } = edit.to
  const changed = {
    ...rule,
    ...others,
    does: merge(rule.does as EditedPart, does),
    where: merge((rule.where ?? {}) as EditedPart, where),
  }
  return [Object.fromEntries(Object.entries(changed).filter(([, part]) => part !== undefined)) as unknown as Rule]
}

const editRules = (rules: Rules, edit: Edit, hit: () => void): Rules =>
  Object.fromEntries(
    Object.entries(rules).map(([actor, list]) => [actor, list.flatMap(rule => editRule(rule, edit, hit))]),
  )

function editQuery(query: Query, edit: Edit, hit: () => void): Query {
  if (!('query' in edit) || edit.query !== query.command) return query
  const answer = (match: Match): Match => {
    const same = ([member, value]: [string, unknown]): boolean =>
      isObject(match) && JSON.stringify(match[member]) === JSON.stringify(value)
    if (!isObject(match) || !Object.entries(edit.where).every(same)) return match
    hit()
    return { ...match, ...edit.to }
  }
  return { ...query, tables: query.tables.map(table => table.map(([pattern, match]) => [pattern, answer(match)])) }
}

/** The system after one edit, and how many rules or answers it changed. */
function editOnce(system: System, edit: Edit): { readonly system: System; readonly hits: number } {
  let hits = 0
  const hit = (): void => {
    hits += 1
  }
  const inMachine = (machine: Machine): Machine => {
    let rules = editRules(machine.rules, edit, hit)
    if ('add' in edit && edit.machine === machine.name) {
      hit()
      rules = { ...rules, [edit.actor]: [...(rules[edit.actor] ?? []), edit.add] }
    }
    return { ...machine, rules, queries: machine.queries.map(query => editQuery(query, edit, hit)) }
  }
  const sides = Object.fromEntries(
    Object.entries(system.sides).map(([side, machines]) => [side, machines.map(inMachine)]),
  )
  return { system: { ...system, sides, rules: editRules(system.rules, edit, hit) }, hits }
}

/** The system after these edits.  Throws `SpecError` when an edit finds nothing to change. */
export function edited(system: System, edits: readonly Edit[]): System {
  let result = system
  for (const edit of edits) {
    const { system: next, hits } = editOnce(result, edit)
    if (hits === 0) throw new SpecError(`nothing in ${system.name} to edit: ${JSON.stringify(edit)}`)
    result = next
  }
  return result
}

/** The system after those of these edits that find something in it; undefined where none does. */
export function editedWhere(system: System, edits: readonly Edit[]): System | undefined {
  let result = system
  let found = false
  for (const edit of edits) {
    const { system: next, hits } = editOnce(result, edit)
    if (hits === 0) continue
    found = true
    result = next
  }
  return found ? result : undefined
}
