/**
 * All that is measured, one after the other: the explorers, then `lockstep validate`.
 *
 *     npm run bench                                            # an hour, more or less
 *     npm run bench -- --sizes 0.1,2 --rounds 1 --messages 200000 --times 1
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    sizes: { type: 'string' },
    rounds: { type: 'string' },
    messages: { type: 'string', default: '1000000' },
    times: { type: 'string', default: '3' },
  },
})

function run(file: string, ...args: readonly string[]): void {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, file), ...args], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

run(
  'measure.ts',
  ...(values.sizes === undefined ? [] : ['--sizes', values.sizes]),
  ...(values.rounds === undefined ? [] : ['--rounds', values.rounds]),
)
run('validate.ts', values.messages, values.times)
