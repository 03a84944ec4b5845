import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What takes a minute or so, the longest first. */
const long = [
  'conformance/conform.qemu.test.ts',
  'conformance/conform.test.ts',
  'spec/claims.test.ts',
  'conformance/damage.test.ts',
  'impl/promela.test.ts',
  'conformance/holds.qemu.test.ts',
  'conformance/validate.test.ts',
  'conformance/cli.test.ts',
  'conformance/judge-log.test.ts',
  'diagrams/sphinx.test.ts',
]

/** A fresh checkout knows no durations: what is long begins first, so that no worker is idle while it ends. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = long.findIndex(name => moduleId.endsWith(name))
      return at < 0 ? long.length : at
    }
    return sorted.sort((a, b) => rank(a) - rank(b))
  }
}

export default defineConfig({
  test: {
    // Tests that need a real QEMU are *.qemu.test.ts; they say why when they skip.
    include: ['{spec,impl,conformance,diagrams,bench,scripts}/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A process each: tests start QEMUs, sockets and signal handlers of their own.
    pool: 'forks',
    sequence: { sequencer: LongFirst },
    // Exploring fills memory; Node takes a quarter of the machine's unless told.
    execArgv: ['--max-old-space-size=6144'],
    // Explorations and QEMUs are hungry; more at once than this and timings wobble.
    maxWorkers: 2,
  },
})
