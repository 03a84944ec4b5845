/**
 * Variables that nobody uses and values that nobody reaches, over all systems together.
 *
 * Two variables of the same name and values are taken for one: it is the same
 * machine on another side, or in another system.
 */
import type { Json, Pattern, Rule, System, Variables } from '../spec/lang.ts'
import type { Finding } from './lint.ts'
import { namesOf, readCondition } from './move.ts'

interface Use {
  readonly name: string
  readonly values: readonly string[]
  readonly reached: Set<string>
  named: boolean
}

/** Finds the variable that a rule means by a name. */
type Resolve = (name: string) => Use | undefined

class Uses {
  readonly all = new Map<string, Use>()

  of(name: string, values: readonly string[]): Use {
    const key = `${name}: ${values.join()}`
    const known = this.all.get(key) ?? { name, values, reached: new Set<string>(), named: false }
    this.all.set(key, known)
    return known
  }
}

function useRule(rule: Rule, resolve: Resolve): void {
  const whens = (rule.says ?? []).flatMap(says => ('event' in says && says.when !== undefined ? [says.when] : []))
  for (const pattern of [rule.where ?? {}, rule.would ?? {}, rule.does, ...whens]) {
    for (const [name, move] of Object.entries(pattern)) {
      const use = resolve(name)
      if (use === undefined) continue
      use.named = true
      const to = typeof move === 'string' ? /(?:^| )[-~]> (.+)$/.exec(move)?.[1] : undefined
      if (to !== undefined) use.reached.add(to)
    }
  }
  const fails = (rule.says ?? []).some(says => 'fails' in says)
  const { on } = rule
  if (on === undefined || !('command' in on) || on.options === undefined) return
  for (const name of on.options.names) {
    const use = resolve(name)
    if (use === undefined) continue
    use.named = true
    if (!fails) for (const value of on.options.values) use.reached.add(value)
  }
}

function useSystem(system: System, uses: Uses): void {
  const scopes = Object.entries(system.sides).map(([side, machines]) => {
    const own: Variables = Object.assign({}, ...machines.map(({ variables }) => variables), system.shared)
    return { side, machines, own }
  })
  const whole: Resolve = name => {
    const shared = system.shared[name]
    if (shared !== undefined) return uses.of(name, shared)
    const scope = scopes.find(({ side }) => name.startsWith(`${side}.`))
    const local = name.slice((scope?.side.length ?? 0) + 1)
    const values = scope?.own[local]
    return values === undefined ? undefined : uses.of(local, values)
  }
  for (const { side, machines, own } of scopes) {
    for (const [name, values] of Object.entries(own)) {
      const full = name in system.shared ? name : `${side}.${name}`
      start(uses.of(name, values), (system.start as Pattern)[full] as Json | undefined)
    }
    const resolve: Resolve = name => (own[name] === undefined ? undefined : uses.of(name, own[name]))
    for (const { rules } of machines) for (const rule of Object.values(rules).flat()) useRule(rule, resolve)
  }
  for (const [name, values] of Object.entries(system.shared))
    start(uses.of(name, values), system.start[name] as Json | undefined)
  for (const rule of Object.values(system.rules).flat()) useRule(rule, whole)
  for (const { link } of system.wires) {
    const use = link === undefined ? undefined : whole(link.variable)
    if (use !== undefined) use.named = true
  }
}

function start({ values, reached }: Use, condition: Json | undefined): void {
  const bits = condition === undefined ? 1 : readCondition(condition, values)
  for (const value of namesOf(bits, values)) reached.add(value)
}

/** Variables that no rule names, and values that none leads to and none starts at. */
export function lintVariables(systems: readonly System[]): Finding[] {
  const uses = new Uses()
  for (const system of systems) useSystem(system, uses)
  return [...uses.all.values()].flatMap(({ name, values, reached, named }) => {
    if (!named) return [{ rule: name, problem: 'is a variable that no rule names' }]
    return values
      .filter(value => !reached.has(value))
      .map(value => ({ rule: name, problem: `has the value "${value}", which nothing leads to` }))
  })
}
