import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Tests that need a real QEMU are *.qemu.test.ts; they say why when they skip.
    include: ['{spec,impl,conformance,diagrams,bench,scripts}/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A process each: tests start QEMUs, sockets and signal handlers of their own.
    pool: 'forks',
    // Exploring fills memory; Node takes a quarter of the machine's unless told.
    execArgv: ['--max-old-space-size=6144'],
    // Explorations and QEMUs are hungry; more at once than this and timings wobble.
    maxWorkers: 2,
  },
})
