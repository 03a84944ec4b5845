/**
 * Small random systems, for properties: every kind of move, trigger and output
 * in a few rules over a few variables.  Every system can be flattened.
 *
 * fast-check draws plain numbers (a genome), which are then read as a system,
 * each number modulo what there is to choose from: so a failure shrinks well,
 * and whatever is drawn means something.
 */
import fc from 'fast-check'
import {
  command,
  event,
  exits,
  fails,
  fault,
  hangup,
  type Machine,
  machine,
  type Options,
  type Pattern,
  type Query,
  type Rule,
  receives,
  returns,
  type Says,
  type System,
  sends,
  setting,
  type Variables,
  type Wire,
  wire,
} from '../spec/lang.ts'

/** Values that a careless reader would stumble over: a dash, a dot, one that begins like another. */
const VALUES = ['idle', 'idle-too', 'v.3', 'busy'] as const
const SIDES = ['src', 'dst'] as const
const MESSAGES = ['PING', 'PONG'] as const
const OPTIONS: Options = { list: 'options', key: 'option', value: 'state', values: ['off', 'on'], names: ['fast'] }

// Unbiased: fast-check's liking for small numbers would make most rules alike, and most systems stand still.
const small = fc.noBias(fc.nat({ max: 839 }))
const moveGenome = fc.record({ variable: small, kind: small, a: small, b: small })
const saysGenome = fc.record({ kind: small, a: small, when: fc.option(moveGenome) })
const ruleGenome = fc.record({
  does: fc.array(moveGenome, { minLength: 1, maxLength: 2 }),
  where: fc.option(moveGenome, { freq: 1 }),
  trigger: small,
  says: fc.array(saysGenome, { maxLength: 2, size: 'max' }),
  bounds: small,
  may: fc.boolean(),
})
const machineGenome = fc.record({
  variables: fc.array(fc.noBias(fc.integer({ min: 2, max: 4 })), { minLength: 1, maxLength: 3 }),
  options: fc.boolean(),
  rules: fc.array(ruleGenome, { minLength: 2, maxLength: 5, size: 'max' }),
})
const genome = fc.record({
  sides: fc.array(fc.array(machineGenome, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 2, size: 'max' }),
  shared: fc.integer({ min: 0, max: 3 }),
  wires: fc.noBias(fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 2 }), fc.boolean())),
  whole: fc.array(ruleGenome, { maxLength: 2 }),
  starts: fc.array(moveGenome, { maxLength: 2 }),
})

type Of<A> = A extends fc.Arbitrary<infer T> ? T : never
type MoveGenome = Of<typeof moveGenome>
type RuleGenome = Of<typeof ruleGenome>

const at = <T>(list: readonly T[], index: number): T => list[index % list.length] as T

const condition = ({ kind, a, b }: MoveGenome, values: readonly string[]): string | string[] => {
  const [one, other] = [at(values, a), at(values, b)]
  return at([one, `!${one}`, `!${one}`, [...new Set([one, other])]], kind)
}

const move = (drawn: MoveGenome, values: readonly string[]): string | string[] => {
  const [one, other, next] = [at(values, drawn.a), at(values, drawn.b), at(values, drawn.a + 1 + (drawn.b % 2))]
  const arrows = [`${one} -> ${next}`, `${one} -> ${next}`, `${one} -> ${next}`, `-> ${other}`, `${one} ~> ${other}`]
  return drawn.kind % 7 < 5 ? at(arrows, drawn.kind % 7) : condition(drawn, values)
}

const read = <T>(
  genes: readonly MoveGenome[],
  variables: Variables,
  as: (gene: MoveGenome, values: readonly string[]) => T,
) =>
  Object.fromEntries(
    genes.map(gene => {
      const [name, values] = at(Object.entries(variables), gene.variable)
      return [name, as(gene, values)]
    }),
  )

/** What the side of a machine has to talk with. */
interface Talk {
  readonly out: boolean
  readonly in: readonly string[]
}

const BOUNDS = [{}, {}, {}, { since: '9.0' }, { until: '9.2' }, { since: '9.0', until: '10.0' }] as const

const saysOf = (drawn: RuleGenome, variables: Variables, talk: Talk): Says[] =>
  drawn.says.flatMap(({ kind, a, when }): Says[] => {
    const pattern = when === null ? undefined : (read([when], variables, condition) as Pattern)
    if (kind % 2 === 0 && talk.out) return [sends(at(MESSAGES, a))]
    if (kind % 21 === 1) return [exits(a % 2 === 0 ? a : null)]
    return [event('MOVED', { by: a }, pattern)]
  })

function ruleOf(drawn: RuleGenome, name: string, variables: Variables, talk: Talk): Rule {
  // An option is set by the command; what a rule says of it itself might contradict that.
  const setter = drawn.trigger % 8 === 3 && 'fast' in variables
  const free = Object.fromEntries(Object.entries(variables).filter(([v]) => !setter || v !== 'fast'))
  const does = read(drawn.does, free, move) as Rule['does']
  const named = new Set(Object.keys(does))
  const rest = Object.fromEntries(Object.entries(free).filter(([v]) => !named.has(v)))
  const where = drawn.where !== null && Object.keys(rest).length > 0 ? read([drawn.where], rest, condition) : undefined
  const rule: Rule = {
    name,
    cite: `src/${name.replaceAll(' ', '-')}.c:step`,
    ...(where === undefined ? {} : { where: where as Pattern }),
    does,
    says: saysOf(drawn, variables, talk),
    ...at(BOUNDS, drawn.bounds),
    ...(drawn.may ? { may: true } : {}),
  }
  const say = (...more: Says[]) => [...more, ...(rule.says ?? [])]
  const refuses = drawn.bounds % 4 === 0
  switch (drawn.trigger % 8) {
    case 0:
      return { ...rule, on: command('go', { fast: drawn.may }), says: say(returns()) }
    case 1:
      return { ...rule, on: fault('push') }
    case 2:
      return talk.in.length === 0 ? rule : { ...rule, on: receives(at(talk.in, drawn.bounds)) }
    case 3: {
      if (!setter) return rule
      const would = drawn.may ? { would: { fast: refuses ? 'on' : '!on' } } : {}
      return { ...rule, on: setting('set', OPTIONS), ...would, says: say(refuses ? fails('not now') : returns()) }
    }
    case 4:
      return talk.in.length === 0 ? rule : { ...rule, on: hangup }
    default:
      return rule
  }
}

const cut: Rule = { name: 'cut the link', cite: 'src/wire.c:cut', on: fault('cut'), does: { link: 'up -> down' } }

const valuesOf = (count: number): readonly string[] => VALUES.slice(0, count)

function systemOf(drawn: Of<typeof genome>): System {
  const shared: Variables = drawn.shared < 2 ? {} : { both: valuesOf(drawn.shared) }
  const pair = drawn.sides.length === 2
  const [there, back, linked] = drawn.wires
  const link = { variable: 'link', up: 'up' } as const
  const capacities = pair
    ? ([
        ['src', 'dst', there],
        ['dst', 'src', back],
      ] as const)
    : []
  const wires: Wire[] = capacities
    .filter(([, , capacity]) => capacity > 0)
    .map(([from, to, capacity]) => wire(from, to, capacity, linked ? link : undefined))
  const variablesOf = (side: number, number: number): Variables => {
    const genes = drawn.sides[side]?.[number]
    // Two machines of a side share the variables of one name: the first of each, when it is as large.
    const own = (genes?.variables ?? []).map((count, i) => [
      `${'xyz'[i]}${i === 0 ? count : `${number}${count}`}`,
      valuesOf(count),
    ])
    return { ...Object.fromEntries(own), ...(genes?.options ? { fast: ['off', 'on'] } : {}), ...shared }
  }
  const build = (side: number, incoming: readonly string[]): Machine[] =>
    (drawn.sides[side] ?? []).map((genes, number) => {
      const here = at(SIDES, side)
      const talk: Talk = {
        out: wires.some(w => w.from === here),
        in: wires.some(w => w.to === here) ? incoming : [],
      }
      const variables = variablesOf(side, number)
      const rules = genes.rules.map((gene, i) => ruleOf(gene, `rule ${i} of ${number}`, variables, talk))
      const first = Object.entries(variables)[0] as [string, readonly string[]]
      const query: Query = {
        command: `query-${number}`,
        cite: 'src/query.c:answer',
        where: {},
        tables: [
          [
            [{ [first[0]]: first[1][0] as string }, { at: first[0] }],
            [{}, { at: 'elsewhere' }],
          ],
        ],
      }
      return machine<Variables>(`m${number}`, variables, { thread: rules }, [query])
    })
  const sides = Object.fromEntries(drawn.sides.map((_, side) => [at(SIDES, side), build(side, MESSAGES)]))
  const all: { [name: string]: readonly string[] } = { ...shared, ...(linked ? { link: ['up', 'down'] } : {}) }
  for (const [side, machines] of Object.entries(sides)) {
    for (const { variables } of machines) {
      for (const [name, values] of Object.entries(variables)) if (!(name in shared)) all[`${side}.${name}`] = values
    }
  }
  const startable = { ...all }
  for (const side of Object.keys(sides)) all[`${side}.process`] = ['alive', 'gone']
  const whole = drawn.whole.map((gene, i) =>
    ruleOf({ ...gene, trigger: gene.trigger % 2 ? 1 : 5, says: [] }, `whole ${i}`, all, { out: false, in: [] }),
  )
  return {
    name: 'random',
    about: 'A system made of numbers.',
    sides,
    shared: linked ? { ...shared, link: ['up', 'down'] } : shared,
    wires,
    start: read(drawn.starts, startable, condition) as Pattern,
    rules: { world: linked ? [cut, ...whole] : whole },
    without: [],
    explored: true,
    starts: [],
  }
}

/** A small random system, valid under every version; `RANDOM_VERSION` leaves some of its rules out. */
export const randomSystem: fc.Arbitrary<System> = genome.map(systemOf)

/** A version under which some rules of a random system are there and some are not. */
export const RANDOM_VERSION = '9.1'
