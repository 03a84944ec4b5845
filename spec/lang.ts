/**
 * The words a specification is written in.
 *
 * A rule is a fact, not a function: it says of a few variables what they must
 * be and what they become (`does`), what sets it off (`on`), what the outside
 * sees (`says`), and where in the program it happens (`cite`).  What a rule
 * does not name, it does not touch.  Everything these words build is plain
 * data and survives `JSON.stringify`.
 *
 * Moves, for a variable with the values a, b and c:
 *
 * | written    | must be       | becomes                                       |
 * | ---------- | ------------- | --------------------------------------------- |
 * | `a`        | a             |                                               |
 * | `!a`       | b or c        |                                               |
 * | `[a, b]`   | a or b        |                                               |
 * | `a -> b`   | a             | b                                             |
 * | `-> b`     | anything      | b                                             |
 * | `a ~> b`   | anything      | b if it was a, else what it was               |
 *
 * `a ~> b` is a compare-and-swap whose failure is silent, as
 * `migrate_set_state()` has it.
 */

/** A value that JSON can carry. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json }

/** The variables of a machine: each name with the values it can have, the first being where it starts. */
export type Variables = { readonly [name: string]: readonly string[] }

/** What must be true of one variable; see the table at the top of this file. */
export type Condition<T extends string> = T | `!${T}` | readonly T[]

/** What must be true of one variable and what it becomes; see the table at the top of this file. */
export type Move<T extends string> = Condition<T> | `${T} -> ${T}` | `-> ${T}` | `${T} ~> ${T}`

/** What must be true of some variables; those not named may be anything. */
export type Pattern<V extends Variables = Variables> = { readonly [K in keyof V]?: Condition<V[K][number]> }

/** What some variables must be and what they become. */
export type Does<V extends Variables = Variables> = { readonly [K in keyof V]?: Move<V[K][number]> }

/**
 * A message, or a part of one.  A literal matches itself; an object matches
 * when every member it names does (a message may have more); an array matches
 * when each of its elements is found; `present`, `absent`, `not`, `like`, `unlike` and `oneOf` say the rest.
 */
export type Match = Json

/** Matches a member that is there, whatever it holds.  `example` is what the reference endpoint puts there. */
export const present = (example: Json): Match => ({ $present: example })

/** Matches a member that is not there. */
export const absent: Match = { $absent: true }

/** Matches anything but this, and a member that is not there. */
export const not = (value: Json): Match => ({ $not: value })

/** Matches a text that this regular expression fits. */
export const like = (pattern: string): Match => ({ $like: pattern })

/** Matches a text that this regular expression does not fit. */
export const unlike = (pattern: string): Match => ({ $unlike: pattern })

/** Matches any of these. */
export const oneOf = (...values: readonly Json[]): Match => ({ $oneOf: values })

/** How a command's arguments carry options that become variables: a list of `{key, value}` objects. */
export interface Options {
  /** The member of the arguments that holds the list. */
  readonly list: string
  /** The member of an element that names the option. */
  readonly key: string
  /** The member of an element that holds what is asked for. */
  readonly value: string
  /** The values of the variable that stand for `false` and for `true`, in this order. */
  readonly values: readonly [string, string]
  /** The options, each a variable of the machine by the same name. */
  readonly names: readonly string[]
}

/** What sets a rule off.  A rule without a trigger is a step that its actor takes by itself. */
export type Trigger =
  | { readonly command: string; readonly arguments?: Match; readonly options?: Options; readonly oob?: true }
  | { readonly receives: string }
  | { readonly hangup: true }
  | { readonly fault: string }

/** A command arrives.  `args` narrows which arguments the rule speaks of; without it, any. */
export const command = (name: string, args?: Match): Trigger =>
  args === undefined ? { command: name } : { command: name, arguments: args }

/** A command that may be sent out of band, past those that wait (`allow-oob` in QAPI). */
export const outOfBand = (name: string, args: Match = {}): Trigger => ({ command: name, arguments: args, oob: true })

/** A command arrives whose arguments set options that are variables; the rule's `would` sees them as they would be. */
export const setting = (name: string, options: Options): Trigger => ({ command: name, options })

/** The oldest message on the wire that ends at this side is taken off it. */
export const receives = (message: string): Trigger => ({ receives: message })

/** The wire that ends at this side is empty and its link is not up: nothing more will come. */
export const hangup: Trigger = { hangup: true }

/** The harness, or the world, does this to the process or to the network. */
export const fault = (name: string): Trigger => ({ fault: name })

/** What the outside sees of a step. */
export type Says =
  | { readonly returns: Match }
  | { readonly fails: string; readonly class: string }
  | { readonly event: string; readonly data: Match; readonly when?: Pattern }
  | { readonly sends: string }
  | { readonly exits: number | null }

/** The command succeeds with this result. */
export const returns = (result: Match = {}): Says => ({ returns: result })

/** The command fails.  The class is what a client may rely on; `desc` is advice to people. */
export const fails = (desc: string, errorClass = 'GenericError'): Says => ({ fails: desc, class: errorClass })

/** An event is emitted; with `when`, only if that is true of the machine before the step. */
export const event = (name: string, data: Match = {}, when?: Pattern): Says =>
  when === undefined ? { event: name, data } : { event: name, data, when }

/** A message is put on the wire that starts at this side, or is lost when the wire's link is not up. */
export const sends = (message: string): Says => ({ sends: message })

/** The process ends with this exit code, or, for null, by a signal. */
export const exits = (code: number | null): Says => ({ exits: code })

/** One atomic step of the program. */
export interface Rule<V extends Variables = Variables> {
  /** A present-tense sentence; it is the rule's id once spaces become hyphens. */
  readonly name: string
  /** `file:function` in the program's source tree, or several separated by `, `. */
  readonly cite: string
  readonly on?: Trigger
  /** What must be true besides what `does` says of it. */
  readonly where?: Pattern<V>
  readonly does: Does<V>
  /** For a rule set off by `setting`: what the options would be once the command had taken effect. */
  readonly would?: Pattern<V>
  readonly says?: readonly Says[]
  /** The first release that does this. */
  readonly since?: string
  /** The last release that does this. */
  readonly until?: string
  /** For a refusal that moves something all the same: what is left behind, and why. */
  readonly despite?: string
  /** Nobody owes this step: a timer, a decision, the world. */
  readonly may?: true
}

/** One part of an answer: the first row whose pattern holds. */
export type Table<V extends Variables = Variables> = readonly (readonly [Pattern<V>, Match])[]

/** What a query answers: what each of its tables says, together. */
export interface Query<V extends Variables = Variables> {
  readonly command: string
  readonly cite: string
  /** When it is answered at all. */
  readonly where: Pattern<V>
  readonly tables: readonly Table<V>[]
  readonly since?: string
  readonly until?: string
}

/** The rules of a machine by who takes the steps: a thread, the monitor, the network. */
export type Rules<V extends Variables = Variables> = { readonly [actor: string]: readonly Rule<V>[] }

/** One part of the program: its variables, its rules, and what it answers when asked. */
export interface Machine<V extends Variables = Variables> {
  readonly name: string
  readonly variables: V
  readonly rules: Rules<V>
  readonly queries: readonly Query<V>[]
  /** An in-band answer leaves the process only while this holds; several machines' conditions hold together. */
  readonly answered: Pattern<V>
}

/** Declares a machine.  A wrong variable, value or arrow in `rules` is a compile error. */
export function machine<const V extends Variables>(
  name: string,
  variables: V,
  rules: Rules<NoInfer<V>>,
  queries: readonly Query<NoInfer<V>>[] = [],
  answered: Pattern<NoInfer<V>> = {},
): Machine<V> {
  return { name, variables, rules, queries, answered }
}

/** A rule, or several, for each of these values. */
export const each = <const T, R>(values: readonly T[], rule: (value: T) => R): readonly R[] => values.map(rule)

/** A bounded first-in first-out wire between two sides.  What is sent while `link` is not `up` is lost. */
export interface Wire {
  readonly from: string
  readonly to: string
  readonly capacity: number
  readonly link?: { readonly variable: string; readonly up: string }
}

/** Declares a wire; its slots are the variables `from>to.0`, `from>to.1` and so on, `empty` at the start. */
export const wire = (from: string, to: string, capacity: number, link?: Wire['link']): Wire =>
  link === undefined ? { from, to, capacity } : { from, to, capacity, link }

/** What several machines on one side make together; variables of the same name are one variable. */
export type Sides = { readonly [side: string]: readonly Machine[] }

type Union<T> = (T extends unknown ? (x: T) => void : never) extends (x: infer I) => void ? I : never
type Of<M> = M extends Machine<infer V> ? V : never
/** Every side has this: a process that has ended takes no step and answers nothing. */
type Process = { readonly process: readonly ['alive', 'gone'] }
type Prefixed<S extends string, V> = { readonly [K in keyof V & string as `${S}.${K}`]: V[K] }
type OfSides<S extends Sides> = Union<
  { [K in keyof S & string]: Prefixed<K, Union<Of<S[K][number]>> & Process> }[keyof S & string]
>
/** All variables of a system, those of a side by `side.name`. */
export type OfSystem<S extends Sides, G extends Variables> = OfSides<S> & G extends infer V extends Variables
  ? V
  : never

/** What is explored: sides, what they share, the wires between them, and where it all starts. */
export interface System<V extends Variables = Variables> {
  readonly name: string
  /** One sentence on what it is for and what it leaves out. */
  readonly about: string
  readonly sides: Sides
  /** Variables that no side owns; a machine's variable of the same name is this one. */
  readonly shared: Variables
  readonly wires: readonly Wire[]
  /** Where variables start when not at their first value; a list means any of them. */
  readonly start: Pattern<V>
  /** Where variables start in some releases only; what is said here counts more than `start`. */
  readonly starts: readonly { readonly since?: string; readonly until?: string; readonly start: Pattern<V> }[]
  /** Rules of the whole, which name variables of several sides. */
  readonly rules: Rules<V>
  /** Rules that are left out here, as `side: name`, or `name` for every side. */
  readonly without: readonly string[]
  /** False for a system that is too large to explore and serves to judge transcripts only. */
  readonly explored: boolean
  /** Of which states of everything at once its claims speak too; without it, of its own only. */
  readonly speaksFor?: Pattern
}

/** Declares a system. */
export function system<const S extends Sides, const G extends Variables = Record<never, never>>(
  name: string,
  parts: {
    readonly about: string
    readonly sides: S
    readonly shared?: G
    readonly wires?: readonly Wire[]
    readonly start?: Pattern<OfSystem<S, G>>
    readonly starts?: readonly {
      readonly since?: string
      readonly until?: string
      readonly start: Pattern<OfSystem<S, G>>
    }[]
    readonly rules?: Rules<OfSystem<S, G>>
    readonly without?: readonly string[]
    readonly explored?: boolean
    readonly speaksFor?: Pattern<OfSystem<S, G>>
  },
): System<OfSystem<S, G>> {
  const { about, sides } = parts
  return {
    name,
    about,
    sides,
    shared: parts.shared ?? {},
    wires: parts.wires ?? [],
    start: parts.start ?? ({} as Pattern<OfSystem<S, G>>),
    starts: parts.starts ?? [],
    rules: parts.rules ?? {},
    without: parts.without ?? [],
    explored: parts.explored ?? true,
    ...(parts.speaksFor === undefined ? {} : { speaksFor: parts.speaksFor as Pattern }),
  }
}

/** A part of a rule as an edit names it: members with what becomes of them; `undefined` takes one out. */
export type EditedPart = { readonly [variable: string]: string | readonly string[] | undefined }

/**
 * One change to the rules of a system: what it would be if one rule were
 * otherwise.  A rule is named as it is, in whichever machine it stands; the
 * rules of all releases are changed, and `since` and `until` go on to say which are in force.
 */
export type Edit =
  | { readonly drop: string }
  /** Replaces members of the rule; in `does` and `where`, those named. */
  | {
      readonly change: string
      readonly to: {
        readonly does?: EditedPart
        readonly where?: EditedPart
        readonly on?: Trigger | undefined
        readonly says?: readonly Says[] | undefined
        readonly would?: Pattern | undefined
        readonly since?: string | undefined
        readonly until?: string | undefined
        readonly may?: true | undefined
      }
    }
  | { readonly add: Rule; readonly machine: string; readonly actor: string }
  /** In the answers to a query, wherever one gives `member` with this value: other members. */
  | {
      readonly query: string
      readonly where: { readonly [member: string]: Match }
      readonly to: { readonly [member: string]: Match }
    }

/** A variable that follows what is said, and belongs to a claim: it reads outputs and moves nothing else. */
export interface Observer {
  /** Its name in the claim's patterns. */
  readonly name: string
  readonly values: readonly string[]
  /** In order, for each output of this side that matches: the moves it may make; the first that fits is made. */
  readonly follows: readonly {
    readonly side: string
    readonly event: string
    readonly data?: Match
    readonly moves: readonly string[]
  }[]
}

/** What a consumer may rely on.  */
export interface Claim {
  readonly kind: 'never' | 'sometimes' | 'rests' | 'recovers' | 'leadsTo'
  readonly name: string
  readonly system: string
  /** Any of these patterns. */
  readonly where: readonly Pattern[]
  /** For `recovers` and `leadsTo`: any of these. */
  readonly to: readonly Pattern[]
  /** For `never` and `sometimes`: not the state alone, but this rule (`side: name`) taken there. */
  readonly rule?: string
  /** The claim is about the system without these rules. */
  readonly without: readonly string[]
  /** For `recovers`: who may act, as `side: actor`; everybody when left out. */
  readonly by?: readonly string[]
  readonly observers: readonly Observer[]
  /** Versions known to break it, each with what happens there. */
  readonly broken: { readonly [version: string]: string }
  /** How often a real binary of that version was seen to break it; where a version is missing, it was only read. */
  readonly seen: { readonly [version: string]: string }
}

interface About<V extends Variables> {
  readonly rule?: string
  readonly without?: readonly string[]
  readonly by?: readonly string[]
  readonly observers?: readonly Observer[]
  readonly broken?: { readonly [version: string]: string }
  readonly seen?: { readonly [version: string]: string }
  readonly to?: Patterns<V>
}

type Patterns<V extends Variables> = Pattern<V> | readonly Pattern<V>[]

const list = <V extends Variables>(patterns: Patterns<V> | undefined): readonly Pattern[] =>
  patterns === undefined ? [] : Array.isArray(patterns) ? (patterns as readonly Pattern[]) : [patterns as Pattern]

/** The claims of one system, in its own words: patterns name its variables, and `watched` the variables of observers. */
export function claimsOf<V extends Variables, const W extends Variables = Record<never, never>>(
  of: System<V>,
  _watched?: W,
) {
  type P = Patterns<V & W extends infer A extends Variables ? A : never>
  type A = Omit<About<Variables>, 'to'>
  const claim = (kind: Claim['kind'], name: string, where: P, about: A & { readonly to?: P } = {}): Claim => {
    const { to, without = [], observers = [], broken = {}, seen = {}, ...rest } = about
    return { kind, name, system: of.name, where: list(where), to: list(to), without, observers, broken, seen, ...rest }
  }
  return {
    /** No reachable state is like this (or takes `rule` there). */
    never: (name: string, where: P, about?: A) => claim('never', name, where, about),
    /** Some reachable state is; keeps a known surprise under test. */
    sometimes: (name: string, where: P, about?: A) => claim('sometimes', name, where, about),
    /** Some reachable state is, in which only an operator, a fault or a timer can act. */
    rests: (name: string, where: P, about?: A) => claim('rests', name, where, about),
    /** From every reachable state like this, one of `to` can still be reached. */
    recovers: (name: string, where: P, to: P, about?: A) => claim('recovers', name, where, { ...about, to }),
    /** Every fair path from a state like this comes to one of `to`. */
    leadsTo: (name: string, where: P, to: P, about?: A) => claim('leadsTo', name, where, { ...about, to }),
  }
}
