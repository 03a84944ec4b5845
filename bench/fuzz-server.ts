/**
 * A million inputs for the reference endpoint, from whoever wishes it ill.
 *
 *     node bench/fuzz-server.ts [INPUTS] [SEED]
 *
 * Prints how fast they are taken and how much memory that took; ends with 1
 * where one brought it down, with the seed to see it again.
 */
import fc from 'fast-check'
import { knowledge } from '../conformance/knowledge.ts'
import { flatten } from '../impl/flatten.ts'
import { hostile, Victim } from '../impl/hostile.ts'
import { pair } from '../spec/systems.ts'
import { versions } from '../spec/versions.ts'

const inputs = Number(process.argv[2] ?? 1_000_000)
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31)
const flat = flatten(pair, versions.at(-1) ?? '')
const commands = flat.rows.flatMap(({ cause }) => (cause?.kind === 'command' ? [cause.name] : []))
const words = [...new Set([...commands, 'qmp_capabilities', 'capabilities', 'capability', 'state', 'uri', 'channels'])]
const bite = hostile(words)
const each = 2000
const begun = performance.now()
let [answers, bytes, most] = [0, 0, 0]
try {
  for (let done = 0; done < inputs; done += each) {
    const victim = new Victim(flat, { ...knowledge(flat, {}, () => false), seed: done })
    for (const [i, one] of fc.sample(bite, { numRuns: Math.min(each, inputs - done), seed: seed + done }).entries()) {
      bytes += one.length
      victim.feed(one, i % 7 === 0)
    }
    answers += victim.answers
    most = Math.max(most, process.memoryUsage().rss)
    if (done % (50 * each) === 0) process.stderr.write(`${done} of ${inputs}\n`)
  }
} catch (error) {
  console.error(`seed ${seed}:`, error)
  process.exit(1)
}
const seconds = (performance.now() - begun) / 1000
console.log(
  `${inputs} inputs, ${(bytes / 1e6).toFixed(0)} MB, ${answers} answers in ${seconds.toFixed(0)} s: ` +
    `${Math.round(inputs / seconds)} inputs a second, at most ${Math.round(most / 1e6)} MB resident (seed ${seed})`,
)
