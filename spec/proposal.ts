/**
 * `query-colo-status` as it was proposed in June 2018 (V8 of the COLO series,
 * patch 11), on top of the COLO rules, so that what was asked of it on the
 * list can be answered.  No release ever did this: it is not a profile of a
 * version, and no transcript is judged by it.
 *
 * The answer was to have a `mode`, a `colo-running` and a `reason`.  The patch
 * looks at the migration status twice, once for the mode and once for
 * `colo-running`, and the COLO threads store to it without the big lock.
 * Whether one of the two members says nothing new is therefore a question
 * about everything that may happen between the two looks, and they are two
 * steps here.  The main loop holds the big lock throughout, as any command
 * does; `bql` calls that `failover`, the other thing that the main loop does
 * under the lock for longer than one step.
 */
import { incomingStatuses } from './destination.ts'
import { failover } from './failover.ts'
import {
  command,
  each,
  fails,
  type Json,
  type Machine,
  type Match,
  machine,
  type Pattern,
  present,
  type Query,
  returns,
  type Table,
  type Variables,
} from './lang.ts'
import { handled, migrationStatuses, shared } from './run-state.ts'

const query = command('query-colo-status')
/** The function as the patch has it; it became another one before it was merged. */
const cite = 'migration/colo.c:qmp_query_colo_status'
const mode = 'migration/colo.c:get_colo_mode'

/** `failover_get_state()` to the reason that the patch answers: only `require` is a request. */
const reasons = [
  ['none', 'none'],
  ['request', 'require'],
  ['error', ['active', 'completed', 'relaunch']],
] as const

/** The monitor that answers as proposed. */
export const proposal = machine(
  'status as proposed',
  {
    ...shared,
    /** How far an answer has come: the mode has been looked up, `colo-running` has not. */
    asked: ['nothing', 'primary', 'secondary'],
    migration: migrationStatuses,
    incoming: incomingStatuses,
    failover: failover.variables.failover,
  },
  {
    monitor: [
      {
        name: 'fail, for COLO is disabled',
        cite,
        on: query,
        where: { ...handled, migration: '!colo', incoming: '!colo' },
        does: {},
        says: [fails('COLO is disabled')],
      },
      {
        name: 'look up the mode and find the primary',
        cite: mode,
        where: { ...handled, migration: 'colo' },
        does: { asked: 'nothing -> primary', bql: '-> failover' },
        may: true,
      },
      {
        name: 'look up the mode and find the secondary',
        cite: mode,
        where: { ...handled, migration: '!colo', incoming: 'colo' },
        does: { asked: 'nothing -> secondary', bql: '-> failover' },
        may: true,
      },
      // The command is put where its answer leaves, for a rule answers at once.
      ...each(
        reasons,
        ([reason, at]) =>
          ({
            name: `answer primary, running, ${reason}`,
            cite,
            on: query,
            where: { migration: 'colo', failover: at },
            does: { asked: 'primary -> nothing', bql: 'failover -> free' },
            says: [returns({ mode: 'primary', 'colo-running': true, reason })],
          }) as const,
      ),
      ...each(
        reasons,
        ([reason, at]) =>
          ({
            name: `answer secondary, running, ${reason}`,
            cite,
            on: query,
            where: { incoming: 'colo', failover: at },
            does: { asked: 'secondary -> nothing', bql: 'failover -> free' },
            says: [returns({ mode: 'secondary', 'colo-running': true, reason })],
          }) as const,
      ),
      {
        name: 'answer primary, not running',
        cite,
        on: query,
        where: { migration: '!colo' },
        does: { asked: 'primary -> nothing', bql: 'failover -> free' },
        says: [returns({ mode: 'primary', 'colo-running': false, reason: present('none') })],
      },
      {
        name: 'answer secondary, not running',
        cite,
        on: query,
        where: { incoming: '!colo' },
        does: { asked: 'secondary -> nothing', bql: 'failover -> free' },
        says: [returns({ mode: 'secondary', 'colo-running': false, reason: present('none') })],
      },
    ],
  },
)

/** The values that a condition allows. */
function allowed(condition: Json | undefined, values: readonly string[]): readonly string[] {
  if (condition === undefined) return values
  if (Array.isArray(condition)) return values.filter(value => condition.includes(value))
  const one = String(condition)
  return one.startsWith('!') ? values.filter(value => value !== one.slice(1)) : values.filter(value => value === one)
}

/** For each variable that is named, the values it may have. */
type Box = { readonly [variable: string]: readonly string[] }

/** What is in both, or nothing where there is no such state. */
function both(a: Box, b: Box): Box[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  const met = Object.fromEntries(
    names.map(name => [name, (a[name] ?? b[name] ?? []).filter(value => (b[name] ?? a[name] ?? []).includes(value))]),
  )
  return Object.values(met).some(({ length }) => length === 0) ? [] : [met]
}

const boxOf = (pattern: Pattern, variables: Variables): Box =>
  Object.fromEntries(
    Object.entries(pattern).map(([name, condition]) => [name, allowed(condition as Json, variables[name] ?? [])]),
  )

/** Everything outside a box, as boxes that do not overlap. */
const outside = (box: Box, variables: Variables): Box[] =>
  Object.entries(box).flatMap(([name, values], i, entries) => {
    const others = (variables[name] ?? []).filter(value => !values.includes(value))
    return others.length === 0 ? [] : [{ ...Object.fromEntries(entries.slice(0, i)), [name]: others }]
  })

/** Where the first row of a table that holds is one of those wanted. */
function where(table: Table, variables: Variables, wanted: (answer: Match) => boolean): Box[] {
  let rest: Box[] = [{}]
  return table.flatMap(([pattern, answer]) => {
    const row = boxOf(pattern, variables)
    const here = wanted(answer) ? rest.flatMap(box => both(box, row)) : []
    const missed = outside(row, variables)
    rest = rest.flatMap(box => missed.flatMap(other => both(box, other)))
    return here
  })
}

const members = (answer: Match): { readonly [member: string]: Json } =>
  typeof answer === 'object' && answer !== null && !Array.isArray(answer)
    ? (answer as { readonly [member: string]: Json })
    : {}

type Answering<S extends string, V extends Variables> = {
  readonly [K in (keyof V & string) | 'process' as `${S}.${K}`]: K extends 'process' ? readonly ['alive', 'gone'] : V[K]
}

/**
 * The states of one side in which a query answers just this, as patterns for a
 * claim: a query is first-match tables over variables, so each answer is a set
 * of states.  A member that is not named may be anything, and a list means any
 * of it.  `besides` is added to each pattern.
 */
export function answering<S extends string, V extends Variables, const B extends object = object>(
  side: S,
  { variables, queries }: Machine<V>,
  name: string,
  answer: { readonly [member: string]: string | readonly string[] },
  besides?: B,
): readonly (Pattern<Answering<S, V>> & B)[] {
  const found = queries.find(({ command }) => command === name) as unknown as Query | undefined
  let states: Box[] = found === undefined ? [] : [boxOf(found.where, variables)]
  for (const table of found?.tables ?? []) {
    const asks = Object.entries(answer).filter(([member]) => table.some(([, match]) => member in members(match)))
    const fits = (match: Match): boolean =>
      asks.every(([member, value]) => [value].flat().includes(String(members(match)[member])))
    const rows = where(table, variables, fits)
    states = states.flatMap(box => rows.flatMap(row => both(box, row)))
  }
  // A claim about no state at all would hold for the wrong reason.
  if (states.length === 0) throw new Error(`${name} never answers ${JSON.stringify(answer)}`)
  return states.map(box => ({
    ...Object.fromEntries(Object.entries(box).map(([variable, values]) => [`${side}.${variable}`, values])),
    [`${side}.process`]: 'alive',
    ...besides,
  })) as never
}
