/** What the page knows: printed as one JSON object into it, and read there by the code in `client/`. */

/** A set of releases: bit n stands for the nth of `SiteData.releases`. */
export type Mask = number

/** A release of QEMU that can be chosen. */
export interface Release {
  readonly name: string
  /** False for one between those that are judged: what is said of it comes from the dates of the rules. */
  readonly judged: boolean
  /** The tag in QEMU's repository that cites lead to. */
  readonly tag: string
}

/** A rule as the page shows it; two rules of one name that take turns from release to release are two. */
export interface RuleInfo {
  readonly id: string
  readonly name: string
  readonly machine: string
  /** `source: main loop` and the like; a rule that both sides have is there for each. */
  readonly actors: readonly string[]
  readonly on: string
  readonly does: readonly string[]
  readonly says: readonly string[]
  /** Where it is in QEMU, by release. */
  readonly cites: readonly { readonly at: readonly string[]; readonly mask: Mask }[]
  readonly versions: string
  readonly mask: Mask
  /** Releases of which a real binary was seen to take it. */
  readonly seen: readonly string[]
  /** Nobody owes it. */
  readonly may: boolean
}

/** A place on a drawing. */
export interface Point {
  readonly x: number
  readonly y: number
}

/** A rectangle on a drawing. */
export interface Box extends Point {
  readonly w: number
  readonly h: number
}

/** A state of a machine. */
export interface NodeInfo {
  readonly value: string
  /** Where nothing leads out; where nobody owes a step; the end of the process. */
  readonly final: Mask
  readonly rest: Mask
  readonly mask: Mask
}

/** An arrow of a machine. */
export interface EdgeInfo {
  readonly from: string
  readonly to: string
  readonly mask: Mask
  /** What is written on it, by release; `*` before a line marks a command. */
  readonly labels: readonly { readonly mask: Mask; readonly lines: readonly string[] }[]
  /** Numbers of rules, and where they take it. */
  readonly rules: readonly { readonly rule: number; readonly mask: Mask }[]
  /** The shortest way there: numbers of stories. */
  readonly ways: readonly { readonly mask: Mask; readonly story: number }[]
}

/** One variable of one system, or the system from afar, in every release. */
export interface MachineInfo {
  readonly id: string
  readonly title: string
  readonly system: string
  /** Empty for an overview. */
  readonly variable: string
  readonly nodes: readonly NodeInfo[]
  readonly edges: readonly EdgeInfo[]
  /** One for each set of releases that have the same arrows; the last, of no release, has room for all. */
  readonly layouts: readonly LayoutInfo[]
}

/** Where a machine's states and arrows stand. */
export interface LayoutInfo {
  readonly mask: Mask
  readonly width: number
  readonly height: number
  /** By number: left, top, width, height. */
  readonly nodes: { readonly [node: string]: readonly number[] }
  /** By number: the corners, as SVG has them, and the middle and the top of the label. */
  readonly edges: { readonly [edge: string]: readonly [points: string, x: number, y: number] }
}

/** One thing that is seen or done: kind, side, text, and for a message the side it goes to. */
export type BeatInfo = readonly [
  kind: 'command' | 'reply' | 'event' | 'message' | 'lost' | 'end' | 'silent' | 'fault',
  side: string,
  text: string,
  to?: string,
]

/** One step of a story: what is told of it, and which variables are another value after it. */
export interface Frame {
  readonly beats: readonly BeatInfo[]
  readonly set: { readonly [variable: string]: string }
  /** The number of the rule that is taken, in a story of the checker; -1 in a recorded run. */
  readonly rule: number
}

/** A path through a system, or a recorded run. */
export interface Story {
  readonly id: string
  readonly title: string
  readonly release: string
  readonly system: string
  /** What the two sides are called. */
  readonly cast: { readonly [side: string]: string }
  readonly start: { readonly [variable: string]: string }
  /** Numbers of frames. */
  readonly frames: readonly number[]
  /** From this frame on all repeats for ever; where it is the number of frames, it stays. */
  readonly loop?: number
}

/** A run of a real binary. */
export interface RunInfo extends Story {
  readonly qemu: string
  /** `value` of `src.migration` and the like, and the frame in which it is first seen. */
  readonly passes: { readonly [place: string]: number }
}

/** A claim and what became of it. */
export interface ClaimInfo {
  readonly id: string
  readonly name: string
  readonly kind: string
  readonly system: string
  /** By judged release: nothing where it holds. */
  readonly broken: { readonly [version: string]: string }
  readonly seen: { readonly [version: string]: string }
  /** Stories of witnesses, by judged release. */
  readonly witness: { readonly [version: string]: number }
}

/** What a command is answered at some statuses. */
export interface AnswerInfo {
  readonly command: string
  readonly machine: string
  readonly side: string
  readonly states: readonly string[]
  readonly outcome: 'accepted' | 'refused' | 'aborts'
  readonly text: string
  /** What the arguments are, where that decides. */
  readonly arguments: readonly string[]
  readonly rules: readonly number[]
  readonly mask: Mask
}

/** What follows something, of all that can follow it. */
export interface Outcome {
  readonly mask: Mask
  /** What it comes to, in a few words. */
  readonly end: string
  readonly events: readonly string[]
  readonly story: number
}

/** A question that many ask, answered by the checker. */
export interface QuestionInfo {
  readonly id: string
  readonly title: string
  readonly about: string
  readonly system: string
  /** Who is listened to. */
  readonly side: string
  readonly outcomes: readonly Outcome[]
  /** Recorded runs in which it happened. */
  readonly runs: readonly string[]
  readonly see: readonly { readonly text: string; readonly to: string }[]
}

/** A way that is told as a sequence diagram of its own. */
export interface TellingInfo {
  readonly id: string
  readonly title: string
  readonly about: string
  readonly system: string
  /** What the steps are that come before what it is about; empty where none do. */
  readonly before: string
  readonly ways: readonly { readonly mask: Mask; readonly story: number; readonly skip: number }[]
}

/** A recorded case in the form of QEMU's documentation. */
export interface CaseInfo {
  readonly id: string
  readonly qemu: string
  readonly description: string
  readonly expectation: string
  /** The same, to be gone step by step. */
  readonly run: string
  /** What was said, and on which side, or what befell. */
  readonly blocks: readonly (readonly [kind: 'text' | 'qmp', text: string])[]
}

/** What a consumer does with a status. */
export interface ConsumerInfo {
  readonly status: string
  readonly libvirt: string
  readonly reaction: string
  readonly proxmox: string
  readonly kubevirt: string
}

/** A question of 2018, what it comes to, and the ids of the claims that say so. */
export interface AskedInfo {
  readonly title: string
  readonly who: string
  readonly answer: string
  readonly claims: readonly string[]
  /** Moves that the answer is about: from, to, and how. */
  readonly moves: readonly (readonly [from: string, to: string, how: string])[]
}

/** Everything. */
export interface SiteData {
  readonly releases: readonly Release[]
  readonly rules: readonly RuleInfo[]
  readonly machines: readonly MachineInfo[]
  readonly frames: readonly Frame[]
  readonly stories: readonly Story[]
  readonly runs: readonly RunInfo[]
  readonly claims: readonly ClaimInfo[]
  readonly answers: readonly AnswerInfo[]
  readonly questions: readonly QuestionInfo[]
  readonly tellings: readonly TellingInfo[]
  readonly cases: readonly CaseInfo[]
  readonly consumers: readonly ConsumerInfo[]
  readonly asked: readonly AskedInfo[]
  /** Lines in QEMU's source, by `tag file:function`. */
  readonly lines: { readonly [place: string]: number }
}
