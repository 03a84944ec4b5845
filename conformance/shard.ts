/** Shares of a suite, so that several machines run it together: each case is in one of them, whatever else there is. */

/** The `at`-th of so many shares, counted from 1. */
export interface Shard {
  readonly at: number
  readonly of: number
}

/** Reads `2/5`; nothing where it is no share. */
export function readShard(text: string): Shard | undefined {
  const [, at, of] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []).map(Number)
  return at !== undefined && of !== undefined && at >= 1 && at <= of ? { at, of } : undefined
}

/** Whether a share has this id.  Told by the id alone: other cases may come and go. */
export const isOf = ({ at, of }: Shard, id: string): boolean =>
  // Loaded when it is used: the command line reads shares, and its help is to come at once.
  process.getBuiltinModule('node:crypto').createHash('sha256').update(id).digest().readUInt32BE() % of === at - 1
