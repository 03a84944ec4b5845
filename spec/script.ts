/**
 * The words a case is written in: what to do to one endpoint or two, and what
 * to wait for.  Like rules, scripts are plain data.
 *
 * Texts in arguments may be placeholders: `{uri}` is an address where the
 * destination can listen and the source reaches it, `{other}` another one that no
 * fault is done to, `{dead}` one where nobody listens; `{channels}` is `{uri}` as
 * `channels` wants it, `{dead-channels}` likewise.  Within a longer text `{dir}` is
 * a folder of the case's own.
 */
import type { Json, Match } from './lang.ts'

/** An endpoint of a case: `src` is the source, `dst` the destination. */
export type Side = 'src' | 'dst'

/** The arguments of a command. */
export type Arguments = { readonly [name: string]: Json }

/**
 * What can be done to the network at once: `cut` drops what is connected, `stall` lets nothing
 * through (not an end either) until `resume`, `refuse` lets nobody connect until `accept`.
 */
export type LinkFault = 'cut' | 'stall' | 'resume' | 'refuse' | 'accept'

/** One thing to do.  All times are in seconds, before scaling. */
export type Act =
  /** Sends a command and waits for its reply; `refused` where the reply is to be an error, or may be. */
  | {
      readonly do: 'send'
      readonly at: Side
      readonly command: string
      readonly arguments: Arguments
      readonly oob: boolean
      readonly refused: boolean | 'or not'
    }
  /** Waits for an event, the first after the one waited for before at this side. */
  | { readonly do: 'await'; readonly at: Side; readonly event: string; readonly data: Match; readonly within: number }
  /** Asks again and again until the answer matches. */
  | { readonly do: 'ask'; readonly at: Side; readonly query: string; readonly until: Match; readonly within: number }
  /** Kills the process of a side. */
  | { readonly do: 'kill'; readonly at: Side }
  /**
   * Begins a second life of the pair once one of them has ended: who survives is the source from here on, and the
   * destination is a new process, started as the first one was.
   */
  | { readonly do: 'again'; readonly survivor: Side }
  /** Has the process of a side stand still, or go on, as SIGSTOP and SIGCONT have it. */
  | { readonly do: 'freeze' | 'thaw'; readonly at: Side }
  /** Does something to every connection between the two. */
  | { readonly do: 'link'; readonly fault: LinkFault }
  /** Shows end of file to a side, which can still send. */
  | { readonly do: 'half-close'; readonly at: Side }
  /** Lets no more than so many bytes through each second, until `resume`. */
  | { readonly do: 'slow'; readonly bytes: number }
  /** Cuts as soon as the source has got so many more bytes through. */
  | { readonly do: 'cut-after'; readonly bytes: number }
  /** Cuts, or stalls, at the next message of this name, as rules call it: it does not arrive, or is the last that does. */
  | { readonly do: 'cut-at' | 'stall-at'; readonly message: string; readonly arrives: boolean }
  /** Somebody who is not the source connects to where a side listens; or hangs up again. */
  | { readonly do: 'stray'; readonly at: Side; readonly how: 'silent' | 'garbage' | 'leaves' }
  /** Waits for a while that the seed draws, up to so many seconds, and for so many at least. */
  | { readonly do: 'pause'; readonly most: number; readonly least?: number }
  /** Sends commands one right behind the other, and only then waits for their answers, whatever these are. */
  | { readonly do: 'burst'; readonly at: Side; readonly commands: readonly Command[] }
  /** Does all of this in these releases, and nothing in others. */
  | ({ readonly do: 'in'; readonly script: readonly Act[] } & Span)

/** A command as a burst has it. */
export interface Command {
  readonly command: string
  readonly arguments: Arguments
}

/** The releases that something is said of, both included; all when neither is given. */
export interface Span {
  readonly since?: string
  readonly until?: string
}

/** A disk image without content, made anew for a process, in a folder of its own. */
export interface Disk {
  /** The name of its file. */
  readonly name: string
  readonly format: 'raw' | 'qcow2'
  readonly mebibytes: number
}

/**
 * What a QEMU that we start has besides its machine.  Within its words `{dir}` is the folder of
 * the case, where both sides find sockets, and `{own}` that of this process, where its disks are.
 */
export interface Outfit {
  /** Words of its command line. */
  readonly words: readonly string[]
  readonly disks: readonly Disk[]
}

/** A capability to set: in which releases, and at which side when not at both. */
export type Capability = string | ({ readonly name: string; readonly at?: Side } & Span)

/** One case of the conformance suite, for the releases of its span. */
export interface Case extends Span {
  /** `spec/section/n`: a file name, an anchor, an argument and a report line alike. */
  readonly id: string
  /** What is done, in one sentence. */
  readonly description: string
  /** What is to come of it, in one sentence. */
  readonly expectation: string
  /** Which endpoints it takes. */
  readonly sides: readonly Side[]
  /** Set on each of them before the script begins. */
  readonly capabilities: readonly Capability[]
  readonly script: readonly Act[]
  /** Why it is for the releases of its span only; needed where it has one. */
  readonly why?: string
  /** Why it takes a real QEMU; where that is left out, the reference endpoint can do it, as far as rules know its faults. */
  readonly real?: string
  /** It is one of the few that `--quick` runs. */
  readonly quick?: true
  /** The machine of a QEMU that we start: `none` has no vCPU and no device. */
  readonly machine?: 'none'
  /** The guest of the source has not been started. */
  readonly paused?: true
  /** What runs in a QEMU that we start: nothing, or a guest that writes to memory all the time and takes `cue`s. */
  readonly guest?: 'busy'
  /** Disks, filters and sockets of a QEMU that we start; the source is started before the destination then. */
  readonly outfit?: { readonly [side in Side]?: Outfit }
  /** What the binary must have been built with: objects, as `-object` names them, and block drivers. */
  readonly parts?: { readonly objects: readonly string[]; readonly drivers: readonly string[] }
  /** What carries the migration; unix sockets when left out. */
  readonly over?: 'tcp'
  /** How who lives is ended, after the last questions; by `quit` when left out. */
  readonly end?: 'kill'
}

/** A migration parameter that holds an endpoint somewhere: while it is in these bounds, these rules are not taken. */
export interface Hold {
  readonly parameter: string
  readonly least: number
  readonly most: number
  readonly rules: readonly string[]
}

/** How long a wait may take unless it says otherwise, in seconds: QEMU needs a thousandth of it. */
const patience = 15

/** Sends a command that is to succeed. */
export const send = (at: Side, command: string, args: Arguments = {}): Act => ({
  do: 'send',
  at,
  command,
  arguments: args,
  oob: false,
  refused: false,
})

/** Sends a command that is to be refused. */
export const refused = (at: Side, command: string, args: Arguments = {}): Act => ({
  do: 'send',
  at,
  command,
  arguments: args,
  oob: false,
  refused: true,
})

/** Sends a command that may be refused, to an endpoint that may be gone. */
export const tries = (at: Side, command: string, args: Arguments = {}, oob = false): Act => ({
  do: 'send',
  at,
  command,
  arguments: args,
  oob,
  refused: 'or not',
})

/** Sends a command out of band. */
export const outOfBand = (at: Side, command: string, args: Arguments = {}): Act => ({
  do: 'send',
  at,
  command,
  arguments: args,
  oob: true,
  refused: false,
})

/** Waits for an event. */
export const awaits = (at: Side, event: string, data: Match = {}, within = patience): Act => ({
  do: 'await',
  at,
  event,
  data,
  within,
})

/** Waits until a migration status is announced. */
export const announced = (at: Side, status: string): Act => awaits(at, 'MIGRATION', { status })

/** Asks until the answer matches. */
export const asks = (at: Side, query: string, until: Match = {}, within = patience): Act => ({
  do: 'ask',
  at,
  query,
  until,
  within,
})

/** Kills a process as nothing can prevent. */
export const kill = (at: Side): Act => ({ do: 'kill', at })

/** Begins a second life of the pair, with who survives as the source. */
export const again = (survivor: Side): Act => ({ do: 'again', survivor })

/** Waits a little; how long, the seed decides. */
export const pause = (most: number): Act => ({ do: 'pause', most })

/** Waits so many seconds, whatever the seed. */
export const wait = (seconds: number): Act => ({ do: 'pause', most: seconds, least: seconds })

/** Has a process stand still; its sockets stay as they are. */
export const freeze = (at: Side): Act => ({ do: 'freeze', at })

/** Has a process that was frozen go on. */
export const thaw = (at: Side): Act => ({ do: 'thaw', at })

/** Does something to the network. */
export const link = (fault: LinkFault): Act => ({ do: 'link', fault })

/** Drops every connection between the two. */
export const cut: Act = link('cut')

/** Shows end of file to one side only. */
export const halfClose = (at: Side): Act => ({ do: 'half-close', at })

/** Makes the network slow. */
export const slow = (bytes: number): Act => ({ do: 'slow', bytes })

/** Cuts the link after so many bytes of the source. */
export const cutAfter = (bytes: number): Act => ({ do: 'cut-after', bytes })

/** Cuts the link at a message, which does not arrive unless `arrives` says so. */
export const cutAt = (message: string, arrives = false): Act => ({ do: 'cut-at', message, arrives })

/** Has the link let nothing through from a message on, until `resume`. */
export const stallAt = (message: string, arrives = false): Act => ({ do: 'stall-at', message, arrives })

/** Has a stranger connect; `leaves` has all of them hang up. */
export const stray = (at: Side, how: 'silent' | 'garbage' | 'leaves' = 'silent'): Act => ({ do: 'stray', at, how })

/** Sends commands to one side, each before the one before it is answered. */
export const burst = (at: Side, ...commands: readonly (string | readonly [string, Arguments])[]): Act => ({
  do: 'burst',
  at,
  commands: commands.map(one =>
    typeof one === 'string' ? { command: one, arguments: {} } : { command: one[0], arguments: one[1] },
  ),
})

/** Does this from a release on. */
export const since = (release: string, ...script: readonly Act[]): Act => ({ do: 'in', since: release, script })

/** Does this up to a release, that one included. */
export const until = (release: string, ...script: readonly Act[]): Act => ({ do: 'in', until: release, script })

/** Every act of a script, those that only some releases do included. */
export const everyAct = (script: readonly Act[]): readonly Act[] =>
  script.flatMap(act => (act.do === 'in' ? everyAct(act.script) : [act]))

/** The keys that a busy guest takes for cues. */
const keys = {
  suspend: 's',
  hibernate: 'h',
  'power off': 'o',
  reset: 'r',
  panic: 'p',
  'load its crash kernel': 'c',
  'let the watchdog bark': 'w',
  'write no more, or again': 'd',
  'read its disk': 'x',
} as const

const pressed = (what: keyof typeof keys): Arguments => ({ keys: [{ type: 'qcode', data: keys[what] }] })

/** Has a busy guest that runs do something by itself. */
export const cue = (at: Side, what: keyof typeof keys): Act => send(at, 'send-key', pressed(what))

/** Tells a guest, where there may be none any more. */
export const triesCue = (at: Side, what: keyof typeof keys): Act => tries(at, 'send-key', pressed(what))
