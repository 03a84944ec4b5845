/**
 * When a reference steps: as soon as there is work, one step at a time, and
 * what nobody owes only after a while.
 */
import type { Runner } from './runner.ts'

/** How fast a system goes on by itself. */
export interface Pace {
  /** Milliseconds between two steps; 0, as fast as possible, when left out. */
  readonly pace?: number
  /** Milliseconds until one of the steps that nobody owes is taken; 30 when left out. */
  readonly mayAfterMs?: number
}

/** Whoever has a system take its steps. */
export interface Driver {
  /** Something may have changed. */
  wake(): void
  /** No more steps, for good. */
  stop(): void
}

/** Drives a system by timers; idle, with no timer set, where only somebody else can act. */
export class Schedule implements Driver {
  private readonly runner: Runner
  private readonly pace: number
  private readonly mayAfterMs: number
  private readonly broken: (error: unknown) => void
  private immediate: NodeJS.Immediate | undefined
  private timer: NodeJS.Timeout | undefined
  private decision: NodeJS.Timeout | undefined
  private last = Number.NEGATIVE_INFINITY
  private stopped = false

  /** `broken` hears of what a step throws; nothing is stepped after that. */
  constructor(runner: Runner, { pace = 0, mayAfterMs = 30 }: Pace, broken: (error: unknown) => void) {
    this.runner = runner
    this.pace = pace
    this.mayAfterMs = mayAfterMs
    this.broken = broken
  }

  /** Something may have changed: steps soon, unless that is already due. */
  wake(): void {
    if (this.stopped || this.immediate !== undefined || this.timer !== undefined) return
    const wait = this.pace === 0 ? 0 : this.last + this.pace - performance.now()
    if (wait > 0) this.timer = setTimeout(() => this.tick(), wait)
    else this.immediate = setImmediate(() => this.tick())
  }

  /** Ends all timers, for good. */
  stop(): void {
    this.stopped = true
    clearImmediate(this.immediate)
    clearTimeout(this.timer)
    clearTimeout(this.decision)
  }

  private tick(): void {
    this.immediate = undefined
    this.timer = undefined
    this.last = performance.now()
    this.guarded(() => {
      if (this.runner.step()) this.wake()
      const undecided = this.runner.undecided()
      if (undecided && this.decision === undefined) this.decision = setTimeout(() => this.decide(), this.mayAfterMs)
    })
  }

  private decide(): void {
    this.decision = undefined
    // A decision that has gone in the meantime is none; another may have come.
    this.guarded(() => {
      this.runner.decide()
      this.wake()
    })
  }

  private guarded(act: () => void): void {
    if (this.stopped) return
    try {
      act()
    } catch (error) {
      this.stop()
      this.broken(error)
    }
  }
}
