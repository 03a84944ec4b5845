/**
 * Where the states of each machine stand: row and column, by hand, so that the
 * main path runs straight down, what goes wrong stands to its right, what is
 * given up to its left.  Data only: a state that is not here comes last.
 */

/** A row, and a column; column 0 is the main path. */
export type Place = readonly [row: number, column: number]

/** Places by value. */
export type Grid = { readonly [value: string]: Place }

const overs = (row: number): Grid => ({ cancelled: [row, -2], completed: [row, 0], failed: [row, 2] })

const migrationGrid: Grid = {
  none: [0, 0],
  setup: [1, 0],
  'wait-unplug': [2, -1],
  active: [3, 0],
  'pre-switchover': [4, -1],
  device: [5, 0],
  colo: [6, 0],
  failing: [7, 2],
  cancelling: [7, -2],
  ...overs(8),
  'process gone': [9, 2],
}

const postcopyGrid: Grid = {
  none: [0, 0],
  setup: [1, 0],
  active: [2, 0],
  'pre-switchover': [3, -1],
  device: [4, 0],
  'postcopy-device': [5, 0],
  'postcopy-active': [6, 0],
  'postcopy-paused': [7, 1],
  'postcopy-recover-setup': [8, 1],
  'postcopy-recover': [9, 1],
  cancelling: [6, -2],
  failing: [7, 3],
  ...overs(10),
  'process gone': [11, 2],
}

const incoming: Grid = {
  none: [0, 0],
  setup: [1, 0],
  active: [2, 0],
  colo: [3, 0],
  'postcopy-device': [3, 0],
  'postcopy-active': [4, 0],
  'postcopy-paused': [5, 0],
  'postcopy-recover': [6, 0],
  completed: [7, -1],
  failed: [7, 1],
  'process gone': [8, 1],
}

const run: Grid = {
  prelaunch: [0, 0],
  inmigrate: [0, 0],
  running: [1, 0],
  paused: [2, -1],
  colo: [2, 0],
  'finish-migrate': [2, 1],
  postmigrate: [3, 1],
}

const failover: Grid = { none: [0, 0], require: [1, 0], active: [2, 0], completed: [3, 0] }

const half: Grid = {
  idle: [0, 0],
  scheduled: [1, 0],
  entered: [2, 0],
  stopped: [3, 0],
  left: [4, 0],
  completed: [5, 0],
}

const chain = (...values: readonly string[]): Grid =>
  Object.fromEntries(values.map((value, row): [string, Place] => [value, [row, 0]]))

/** The grids by the file of the plan. */
export const grids: { readonly [file: string]: Grid } = {
  'postcopy-source': postcopyGrid,
  'postcopy-destination': incoming,
  'source-migration': migrationGrid,
  'destination-migration': incoming,
  'primary-migration': migrationGrid,
  'secondary-migration': incoming,
  'source-runstate': run,
  'destination-runstate': run,
  'primary-runstate': run,
  'secondary-runstate': run,
  'primary-failover': failover,
  'secondary-failover': failover,
  'primary-bottom-half': half,
  'secondary-bottom-half': half,
  'primary-checkpoint': chain(
    ...['none', 'entering', 'checked', 'awaiting', 'looping', 'waiting', 'asked', 'replied', 'stopping', 'stopped'],
    ...['saving', 'sent', 'received', 'loaded', 'leaving', 'exiting'],
  ),
  'secondary-checkpoint': chain(
    ...['none', 'starting', 'entered', 'cleared', 'said', 'started', 'serving', 'asked', 'stopping', 'stopped'],
    ...['replied', 'receiving', 'buffered', 'whole', 'loading', 'loaded', 'looking', 'leaving', 'exiting', 'gone'],
  ),
}
