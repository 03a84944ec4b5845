/**
 * Edits of rules: what a system would be if one rule were otherwise.
 *
 * A claim is believed after one small edit has broken it, and a bug that the
 * program once had is an edit too.
 */
import type { Machine, Rule, Rules, System } from '../spec/lang.ts'
import { SpecError } from './move.ts'

/** One change to the rules of a system; `rule` is a rule's name, in whichever machine it stands. */
export type Edit =
  | { readonly drop: string }
  /** Replaces members of the rule; in `does` and `where`, those named (undefined takes one out). */
  | {
      readonly change: string
      readonly to: Partial<Omit<Rule, 'does' | 'where' | 'name'>> & {
        readonly does?: { readonly [variable: string]: string | readonly string[] | undefined }
        readonly where?: { readonly [variable: string]: string | readonly string[] | undefined }
      }
    }
  | { readonly add: Rule; readonly machine: string; readonly actor: string }

type Part = { readonly [variable: string]: string | readonly string[] | undefined }

const merge = (old: Part, changed: Part | undefined): Part =>
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
    does: merge(rule.does as Part, does),
    where: merge((rule.where ?? {}) as Part, where),
  }
  return [changed as unknown as Rule]
}

const editRules = (rules: Rules, edit: Edit, hit: () => void): Rules =>
  Object.fromEntries(
    Object.entries(rules).map(([actor, list]) => [actor, list.flatMap(rule => editRule(rule, edit, hit))]),
  )

/** The system after these edits.  Throws `SpecError` when an edit finds nothing to change. */
export function edited(system: System, edits: readonly Edit[]): System {
  let result = system
  for (const edit of edits) {
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
      return { ...machine, rules }
    }
    const sides = Object.fromEntries(
      Object.entries(result.sides).map(([side, machines]) => [side, machines.map(inMachine)]),
    )
    result = { ...result, sides, rules: editRules(result.rules, edit, hit) }
    if (hits === 0) throw new SpecError(`nothing in ${system.name} to edit: ${JSON.stringify(edit)}`)
  }
  return result
}
