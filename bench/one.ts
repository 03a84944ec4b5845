/** One run of one of our engines, or of XState's, on the toy model: for `measure.ts`, which compares. */
import { getAdjacencyMap } from '@xstate/graph'
import { charted, wrapped } from '../impl/agree.ts'
import { type EngineName, explore } from '../impl/explore.ts'
import { flatten } from '../impl/flatten.ts'
import { pack } from '../impl/pack.ts'
import { model } from './model.ts'

const [, , engine = 'auto', checkpoints = '1', retries = '0', threads = '1'] = process.argv
const flat = flatten(model({ checkpoints: Number(checkpoints), retries: Number(retries) }), '1.0')
const before = process.cpuUsage()
const first = process.threadCpuUsage()
const begun = performance.now()
let states = 0
if (engine === 'xstate') states = charted(flat).states.size
else if (engine === '@xstate') {
  states = wrapped(flat, ({ logic, events }, options) => getAdjacencyMap(logic, { events, ...options })).states.size
} else states = explore(pack(flat), { engine: engine as EngineName, threads: Number(threads) }).size.states
const { user, system } = process.cpuUsage(before)
const wall = (performance.now() - begun) / 1000
// Of several threads, as often as there are what the busiest worked, if that is this one.
const own = process.threadCpuUsage()
const cpu = Math.max(
  user + system,
  threads === '1' ? 0 : (own.user + own.system - first.user - first.system) * Number(threads),
)
const memory = process.resourceUsage().maxRSS * 1024
console.log(JSON.stringify({ states, cpu: cpu / 1e6, wall, memory }))
