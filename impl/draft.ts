/**
 * Rows in the making.
 */
import type { Cause, Cell, Output } from './flat.ts'
import { everything, type Step } from './move.ts'

/** A row in the making: cells by variable, with what is said and what set it off. */
export class Draft {
  private readonly parts: ReadonlyMap<number, Step>
  readonly outputs: readonly Output[]
  readonly cause: Cause | undefined

  constructor(parts: ReadonlyMap<number, Step> = new Map(), outputs: readonly Output[] = [], cause?: Cause) {
    this.parts = parts
    this.outputs = outputs
    this.cause = cause
  }

  bitsOf(variable: number, values: readonly string[]): number {
    return this.parts.get(variable)?.from ?? everything(values)
  }

  /** Narrows what a variable must be before the step; nothing when that cannot be. */
  test(variable: number, bits: number, values: readonly string[]): Draft[] {
    return this.step(variable, { from: bits, to: this.parts.get(variable)?.to ?? -1 }, values)
  }

  step(variable: number, step: Step, values: readonly string[]): Draft[] {
    const from = this.bitsOf(variable, values) & step.from
    if (from === 0) return []
    const to = step.to === -1 ? (this.parts.get(variable)?.to ?? -1) : step.to
    return [new Draft(new Map(this.parts).set(variable, { from, to }), this.outputs, this.cause)]
  }

  /** Narrows a place of a wire to one that is empty, or is not, once the rule's earlier outputs are on it. */
  stands(place: number, empty: boolean, values: readonly string[]): Draft[] {
    const to = this.parts.get(place)?.to ?? -1
    if (to >= 0) return (to === 0) === empty ? [this] : []
    return this.test(place, empty ? 1 : everything(values) & ~1, values)
  }

  /** Nothing stands behind an empty place of a wire. */
  queues(places: readonly number[], values: readonly string[]): boolean {
    const hole = places.findIndex(place => this.bitsOf(place, values) === 1)
    return hole < 0 || places.slice(hole).every(place => (this.bitsOf(place, values) & 1) !== 0)
  }

  say(output: Output): Draft {
    return new Draft(this.parts, [...this.outputs, output], this.cause)
  }

  with({ cause }: { cause: Cause }): Draft {
    return new Draft(this.parts, this.outputs, cause)
  }

  cells(): Cell[] {
    return [...this.parts]
      .map(([variable, { from, to }]) => ({ variable, from, to }))
      .sort((a, b) => a.variable - b.variable)
  }
}
