/**
 * Sides, wires, shared variables and the rules of the whole, to one list of rows.
 *
 * A row is a rule with every choice taken: which way a compare-and-swap went,
 * whether a conditional event is emitted, where on the wire a message lands.
 * Rows are what every other reading reads.
 */
import type { Json, Machine, Match, Options, Pattern, Query, Rule, Says, System } from '../spec/lang.ts'
import { Draft } from './draft.ts'
import {
  type Cause,
  type Cell,
  type Flat,
  type FlatQuery,
  type FlatRule,
  isIn,
  type Output,
  type Row,
  slug,
  type Variable,
} from './flat.ts'
import { everything, readCondition, readMove, SpecError } from './move.ts'

const PROCESS = ['alive', 'gone'] as const

/** Says where it was that something could not be read. */
function within<T>(where: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof SpecError ? new SpecError(`${where}: ${error.message}`) : error
  }
}

/** Resolves the names of one side's variables. */
interface Scope {
  readonly side: string
  readonly resolve: (name: string) => number
}

class Flattener {
  readonly variables: Variable[] = []
  readonly index = new Map<string, number>()
  readonly rules: FlatRule[] = []
  readonly rows: Row[] = []
  readonly queries: FlatQuery[] = []
  readonly answered: Cell[][] = []
  readonly sides: string[]
  private readonly system: System
  private readonly version: string

  constructor(system: System, version: string) {
    this.system = system
    this.version = version
    this.sides = Object.keys(system.sides)
  }

  run(): Flat {
    const { system, version } = this
    for (const [name, values] of Object.entries(system.shared)) this.addVariable(name, values)
    for (const [side, machines] of Object.entries(system.sides)) {
      for (const machine of machines) {
        for (const [name, values] of Object.entries(machine.variables)) {
          this.addVariable(name in system.shared ? name : `${side}.${name}`, values)
        }
      }
      this.addVariable(`${side}.process`, PROCESS)
    }
    for (const { from, to, capacity } of system.wires) {
      const messages = this.messagesFrom(from)
      for (let slot = 0; slot < capacity; slot++) this.addVariable(`${from}>${to}.${slot}`, ['empty', ...messages])
    }
    const start: { readonly [name: string]: unknown } = Object.assign(
      {},
      system.start,
      ...system.starts.filter(only => isIn(version, only)).map(only => only.start),
    )
    for (const name of [...Object.keys(system.start), ...system.starts.flatMap(only => Object.keys(only.start))])
      this.find(name, 'the start')
    const variables = this.variables.map(v => ({
      ...v,
      start:
        start[v.name] === undefined
          ? 1
          : within(`the start of ${v.name}`, () => readCondition(start[v.name] as Json, v.values)),
    }))
    for (const [side, machines] of Object.entries(system.sides)) {
      const scope = this.scopeOf(side)
      for (const machine of machines) this.flattenMachine(machine, scope)
      this.answered.push(machines.flatMap(machine => this.cellsOf(machine.answered, scope)))
    }
    const whole: Scope = { side: '', resolve: name => this.find(name, system.name) }
    for (const [actor, rules] of Object.entries(system.rules)) {
      for (const rule of rules) this.flattenRule(rule, actor, system.name, whole)
    }
    const actors = [...new Set(this.rules.map(rule => rule.actor))]
    const { name } = system
    return {
      name,
      version,
      variables,
      rules: this.rules,
      rows: this.rows,
      queries: this.queries,
      answered: this.answered,
      sides: this.sides,
      actors,
      index: this.index,
    }
  }

  private addVariable(name: string, values: readonly string[]): void {
    const known = this.index.get(name)
    if (known === undefined) {
      if (values.length > 31) throw new SpecError(`variable "${name}" has more than 31 values`)
      this.index.set(name, this.variables.length)
      this.variables.push({ name, values, start: 1 })
    } else if (this.variables[known]?.values.join() !== values.join()) {
      throw new SpecError(`variable "${name}" is declared twice with different values`)
    }
  }

  private find(name: string, where: string): number {
    const found = this.index.get(name)
    if (found === undefined) throw new SpecError(`${where}: there is no variable "${name}"`)
    return found
  }

  private scopeOf(side: string): Scope {
    return {
      side,
      resolve: name => this.index.get(`${side}.${name}`) ?? this.find(name, side),
    }
  }

  private messagesFrom(side: string): string[] {
    const all = (this.system.sides[side] ?? []).flatMap(m => Object.values(m.rules).flat())
    const sent = all.flatMap(rule => (rule.says ?? []).flatMap(says => ('sends' in says ? [says.sends] : [])))
    return [...new Set(sent)]
  }

  private flattenMachine(machine: Machine, scope: Scope): void {
    for (const [actor, rules] of Object.entries(machine.rules)) {
      for (const rule of rules) this.flattenRule(rule, `${scope.side}: ${actor}`, machine.name, scope)
    }
    for (const query of machine.queries) {
      const id = `${scope.side}/${query.command}`
      if (isIn(this.version, query)) this.queries.push(within(id, () => this.flattenQuery(query, scope)))
    }
  }

  private flattenQuery(query: Query, scope: Scope): FlatQuery {
    const { side } = scope
    const alive = { variable: scope.resolve('process'), from: 1, to: -1 }
    const where = [alive, ...this.cellsOf(query.where, scope)]
    const tables = query.tables.map(table =>
      table.map(([pattern, match]) => ({ cells: this.cellsOf(pattern, scope), match })),
    )
    return { side, command: query.command, cite: query.cite, where, tables }
  }

  private cellsOf(pattern: Pattern, scope: Scope): Cell[] {
    return Object.entries(pattern).map(([name, condition]) => {
      const variable = scope.resolve(name)
      return { variable, from: readCondition(condition as Json, this.valuesOf(variable)), to: -1 }
    })
  }

  private valuesOf(variable: number): readonly string[] {
    return this.variables[variable]?.values ?? []
  }

  private flattenRule(rule: Rule, actor: string, machine: string, scope: Scope): void {
    const { side } = scope
    if (!isIn(this.version, rule)) return
    if (this.system.without.includes(rule.name) || this.system.without.includes(`${side}: ${rule.name}`)) return
    const id = side === '' ? slug(rule.name) : `${side}/${slug(rule.name)}`
    if (this.rules.some(other => other.id === id)) throw new SpecError(`two rules are called "${id}"`)
    const flat: FlatRule = { id, side, actor, machine, rule }
    try {
      let drafts: Draft[] = [new Draft()]
      if (side !== '') drafts = drafts.flatMap(d => d.test(scope.resolve('process'), 1, PROCESS))
      for (const cell of this.cellsOf(rule.where ?? {}, scope)) {
        drafts = drafts.flatMap(draft => draft.test(cell.variable, cell.from, this.valuesOf(cell.variable)))
      }
      for (const [name, move] of Object.entries(rule.does)) {
        const variable = scope.resolve(name)
        const steps = readMove(move as Json, this.valuesOf(variable))
        drafts = drafts.flatMap(draft => steps.flatMap(step => draft.step(variable, step, this.valuesOf(variable))))
      }
      if (drafts.length === 0) throw new SpecError('it can never be taken: what it names contradicts itself')
      drafts = this.cause(rule, scope, drafts)
      for (const says of rule.says ?? []) drafts = drafts.flatMap(draft => this.say(says, scope, draft))
      this.rules.push(flat)
      for (const draft of drafts) {
        const owed = rule.may !== true && (rule.on === undefined || 'receives' in rule.on || 'hangup' in rule.on)
        this.rows.push({
          id: this.rows.length,
          rule: flat,
          cells: draft.cells(),
          cause: draft.cause,
          outputs: draft.outputs,
          owed,
        })
      }
    } catch (error) {
      if (error instanceof SpecError) throw new SpecError(`${id}: ${error.message}`)
      throw error
    }
  }

  private cause(rule: Rule, scope: Scope, drafts: Draft[]): Draft[] {
    const { side } = scope
    const { on } = rule
    if (on === undefined) return drafts
    if ('fault' in on) return drafts.map(d => d.with({ cause: { side, kind: 'fault', name: on.fault } }))
    if ('hangup' in on) return drafts.flatMap(draft => this.hangUp(scope, draft))
    if ('receives' in on) return drafts.flatMap(draft => this.receive(on.receives, scope, draft))
    const args = on.arguments ?? {}
    if (on.options === undefined) {
      const base = { side, kind: 'command', name: on.command, arguments: args } as const
      const cause: Cause = on.oob === true ? { ...base, oob: true } : base
      return drafts.map(d => d.with({ cause }))
    }
    return drafts.flatMap(draft => this.options(rule, on.command, args, on.options as Options, scope, draft))
  }

  /** Every way to mention, or not to mention, each option; a command that fails moves none of them. */
  private options(rule: Rule, command: string, args: Match, options: Options, scope: Scope, draft: Draft): Draft[] {
    const refused = (rule.says ?? []).some(says => 'fails' in says)
    let ways: { draft: Draft; set: Record<string, string> }[] = [{ draft, set: {} }]
    for (const option of options.names) {
      const variable = scope.resolve(option)
      const values = this.valuesOf(variable)
      const would = readCondition(rule.would?.[option] as Json | undefined, values)
      ways = ways.flatMap(way => {
        const kept = way.draft.test(variable, would, values).map(next => ({ draft: next, set: way.set }))
        const given = options.values.flatMap(value => {
          const to = values.indexOf(value)
          if (to < 0) throw new SpecError(`option "${option}" cannot be "${value}"`)
          if ((would & (1 << to)) === 0) return []
          const step = { from: everything(values), to: refused ? -1 : to }
          return way.draft
            .step(variable, step, values)
            .map(next => ({ draft: next, set: { ...way.set, [option]: value } }))
        })
        return [...kept, ...given]
      })
    }
    return ways.map(way => {
      const cause: Cause = {
        side: scope.side,
        kind: 'command',
        name: command,
        arguments: args,
        options: { options, set: way.set },
      }
      return way.draft.with({ cause })
    })
  }

  private hangUp(scope: Scope, draft: Draft): Draft[] {
    const cause: Cause = { side: scope.side, kind: 'hangup' }
    return this.system.wires
      .filter(w => w.to === scope.side)
      .flatMap(({ from, to, link }) => {
        if (link === undefined) return []
        const head = this.find(`${from}>${to}.0`, scope.side)
        const variable = this.find(link.variable, 'a wire')
        const values = this.valuesOf(variable)
        const down = everything(values) & ~readCondition(link.up, values)
        return draft
          .test(head, 1, this.valuesOf(head))
          .flatMap(d => d.test(variable, down, values))
          .map(d => d.with({ cause }))
      })
  }

  private receive(message: string, scope: Scope, draft: Draft): Draft[] {
    const wires = this.system.wires.filter(w => w.to === scope.side)
    const cause: Cause = { side: scope.side, kind: 'receives', name: message }
    return wires.flatMap(({ from, to, capacity }) => {
      const slots = Array.from({ length: capacity }, (_, slot) => this.find(`${from}>${to}.${slot}`, scope.side))
      const values = this.valuesOf(slots[0] ?? 0)
      const wanted = values.indexOf(message)
      // A message that nobody at the other end sends cannot be received: the rule is lint's to find.
      if (wanted < 0) return []
      // The queue behind the head moves up by one; a row for each thing that may stand at each place.
      let ways = [draft.with({ cause })]
      for (let slot = 0; slot < capacity; slot++) {
        const here = slots[slot] ?? 0
        const behind = slots[slot + 1]
        const head = slot === 0 ? 1 << wanted : everything(values)
        ways = ways.flatMap(way => {
          const held = way.bitsOf(here, values) & head
          return values.flatMap((_, value) => {
            if ((held & (1 << value)) === 0) return []
            const known = way.test(here, 1 << value, values)
            if (behind === undefined) return known.flatMap(k => k.step(here, { from: 1 << value, to: 0 }, values))
            return known.flatMap(k =>
              values.flatMap((_next, next) =>
                // Nothing stands behind an empty place.
                (value === 0 && next !== 0 ? [] : k.test(behind, 1 << next, values)).flatMap(n =>
                  n.step(here, { from: 1 << value, to: next }, values),
                ),
              ),
            )
          })
        })
      }
      return ways
    })
  }

  private say(says: Says, scope: Scope, draft: Draft): Draft[] {
    const { side } = scope
    if ('returns' in says) return [draft.say({ side, kind: 'returns', match: says.returns })]
    if ('fails' in says) return [draft.say({ side, kind: 'fails', class: says.class, desc: says.fails })]
    if ('exits' in says) {
      const gone = draft.step(scope.resolve('process'), { from: 1, to: 1 }, PROCESS)
      return gone.map(d => d.say({ side, kind: 'exits', code: says.exits }))
    }
    if ('sends' in says) return this.send(says.sends, scope, draft)
    const said: Output = { side, kind: 'event', name: says.event, data: says.data }
    if (says.when === undefined) return [draft.say(said)]
    // The event comes where the whole condition holds; where its first k parts hold and the next does not, it does not.
    const silent: Draft[] = []
    let loud = [draft]
    for (const cell of this.cellsOf(says.when, scope)) {
      const values = this.valuesOf(cell.variable)
      silent.push(...loud.flatMap(d => d.test(cell.variable, everything(values) & ~cell.from, values)))
      loud = loud.flatMap(d => d.test(cell.variable, cell.from, values))
    }
    return [...loud.map(d => d.say(said)), ...silent]
  }

  private send(message: string, scope: Scope, draft: Draft): Draft[] {
    const { side } = scope
    const output = (lost: boolean): Output => ({ side, kind: 'sends', message, lost })
    return this.system.wires
      .filter(w => w.from === side)
      .flatMap(({ from, to, capacity, link }) => {
        const slots = Array.from({ length: capacity }, (_, slot) => this.find(`${from}>${to}.${slot}`, side))
        const values = this.valuesOf(slots[0] ?? 0)
        let up = [draft]
        let down: Draft[] = []
        if (link !== undefined) {
          const variable = this.find(link.variable, 'a wire')
          const linkValues = this.valuesOf(variable)
          const good = readCondition(link.up, linkValues)
          up = draft.test(variable, good, linkValues)
          down = draft.test(variable, everything(linkValues) & ~good, linkValues)
        }
        const sent = values.indexOf(message)
        const landed = slots.flatMap((slot, place) => {
          const before = slots[place - 1]
          const behind = before === undefined ? up : up.flatMap(d => d.stands(before, false, values))
          const free = behind.flatMap(d => d.stands(slot, true, values)).filter(d => d.queues(slots, values))
          return free.flatMap(d => d.step(slot, { from: everything(values), to: sent }, values))
        })
        return [...landed.map(d => d.say(output(false))), ...down.map(d => d.say(output(true)))]
      })
  }
}

/**
 * Flattens a system under one version.  Throws `SpecError` when a rule names a
 * variable, a value or a wire that is not there, or contradicts itself.
 */
export const flatten = (system: System, version: string): Flat => new Flattener(system, version).run()
