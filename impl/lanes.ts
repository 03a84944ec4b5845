/**
 * Where the monitors are, as small numbers: one for a lane, and one for the lanes of all sides together.
 */

/** Where one side's monitor is. */
export interface Lane {
  /** A command has been handled and its answer is not seen yet, in band and out of band. */
  readonly answering: boolean
  readonly answeringOob: boolean
  /** A row that has said some of its events and not yet the one numbered `at`. */
  readonly row: number
  readonly at: number
  /** How the process ended: undefined while it lives. */
  readonly exit: number | null | undefined
  /** How far its log is read; see `trail.ts`. */
  readonly read: number
}

const idle: Lane = { answering: false, answeringOob: false, row: -1, at: 0, exit: undefined, read: 0 }

/** Numbers lanes, and numbers what the lanes of all sides are together; 0 is where all is idle. */
export class Lanes {
  private readonly sides: number
  private readonly lanes: Lane[] = [idle]
  private readonly ids = new Map<string, number>()
  private readonly all: number[][]
  private readonly allIds = new Map<string, number>()
  private readonly replaced: number[][] = []

  constructor(sides: number) {
    this.sides = sides
    this.all = [Array.from({ length: sides }, () => 0)]
    this.ids.set(Lanes.key(idle), 0)
    this.allIds.set(String(this.all[0]), 0)
  }

  private static key({ answering, answeringOob, row, at, exit, read }: Lane): string {
    return `${answering} ${answeringOob} ${row} ${at} ${exit} ${read}`
  }

  idOf(lane: Lane): number {
    const key = Lanes.key(lane)
    const known = this.ids.get(key)
    if (known !== undefined) return known
    this.ids.set(key, this.lanes.length)
    return this.lanes.push(lane) - 1
  }

  lane(id: number): Lane {
    return this.lanes[id] ?? idle
  }

  /** Of all lanes, the one of a side. */
  of(all: number, side: number): number {
    return this.all[all]?.[side] ?? 0
  }

  /** All lanes, with that of a side another. */
  with(all: number, side: number, lane: number): number {
    const at = lane * this.sides + side
    const known = this.replaced[all]?.[at]
    if (known !== undefined) return known
    const next = [...(this.all[all] ?? [])]
    next[side] = lane
    const key = String(next)
    const id = this.allIds.get(key) ?? this.all.push(next) - 1
    this.allIds.set(key, id)
    const from = this.replaced[all] ?? []
    from[at] = id
    this.replaced[all] = from
    return id
  }
}
