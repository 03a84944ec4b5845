/**
 * A million logs for the readers, from whoever wishes them ill.
 *
 *     node bench/fuzz-readers.ts [INPUTS] [SEED]
 *
 * Prints how fast they are read and how much memory that took; ends with 1
 * where one does harm, or takes longer than ten seconds, with the seed to see it again.
 */
import fc from 'fast-check'
import { hostileLog } from '../conformance/logs/hostile.ts'
import { readHostile } from '../conformance/logs/victim.ts'

const inputs = Number(process.argv[2] ?? 1_000_000)
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31)
const each = 2000
const begun = performance.now()
const count = { read: 0, refused: 0 }
let [bytes, most, longest] = [0, 0, 0]
let at = 0
try {
  for (let done = 0; done < inputs; done += each) {
    for (const one of fc.sample(hostileLog, { numRuns: Math.min(each, inputs - done), seed: seed + done })) {
      at += 1
      bytes += one.bytes.length
      const start = process.cpuUsage().user
      count[readHostile(one)] += 1
      const took = (process.cpuUsage().user - start) / 1000
      longest = Math.max(longest, took)
      if (took > 10_000) throw new Error(`${took} ms for one log`)
    }
    most = Math.max(most, process.memoryUsage().rss)
    if (done % (50 * each) === 0) process.stderr.write(`${done} of ${inputs}\n`)
  }
} catch (error) {
  console.error(`seed ${seed}, log ${at}:`, error)
  process.exit(1)
}
const seconds = (performance.now() - begun) / 1000
console.log(
  `${inputs} logs, ${(bytes / 1e6).toFixed(0)} MB, ${count.read} read and ${count.refused} refused in ${seconds.toFixed(0)} s: ` +
    `${Math.round(inputs / seconds)} a second, the longest took ${longest.toFixed(0)} ms, at most ${Math.round(most / 1e6)} MB resident (seed ${seed})`,
)
