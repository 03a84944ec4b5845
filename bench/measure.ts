/**
 * How fast the explorer is, as a ratio: each engine and each other checker on
 * the very same model, in turns, in one run.
 *
 *     npm run bench                          # all sizes, three rounds; half an hour on a quiet machine
 *     npm run bench -- --sizes 0.1,2 --rounds 1
 *     npm run bench -- --sizes 2,20 --rounds 3,1   # three of the one, one of the other
 *
 * Absolute figures move with the machine; only a ratio says anything.  The time
 * is what the processors worked (user and system), so that others on the same
 * machine do not count; wall time stands beside it.  Writes a table and a
 * picture into bench/results/.  Needs spin and gcc (`npm run setup`).
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { flatten } from '../impl/flatten.ts'
import { promela } from '../impl/promela.ts'
import { model, type Size } from './model.ts'
import { murphi } from './murphi.ts'
import { picture } from './picture.ts'

/** Sizes by about how many million states they have. */
const sizes: { readonly [millions: string]: Size } = {
  '0.003': { checkpoints: 2, retries: 0 },
  '0.1': { checkpoints: 6, retries: 2 },
  '2': { checkpoints: 6, retries: 4 },
  '20': { checkpoints: 4, retries: 6 },
}

/** One run of one checker. */
interface Sample {
  readonly states: number
  /** Seconds that the processors worked, and that passed. */
  readonly cpu: number
  readonly wall: number
  /** The most memory that was resident, in bytes. */
  readonly memory: number
}

const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'))
const has = (program: string): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}
const line = (text: string): string => text.split('\n')[0]?.trim() ?? ''
const version = (program: string, ...args: string[]): string => {
  try {
    return line(execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' }))
  } catch {
    return 'none'
  }
}

/** Runs a program: what it said, and what the shell says that it took. */
function run(program: string, args: readonly string[], cwd: string): { said: string; cpu: number; wall: number } {
  const begun = performance.now()
  const said = execFileSync('sh', ['-c', '"$0" "$@" && times', program, ...args], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const times = [...(said.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)]
  const cpu = times.reduce((sum, [, minutes = '0', seconds = '0']) => sum + Number(minutes) * 60 + Number(seconds), 0)
  return { said, cpu, wall: (performance.now() - begun) / 1000 }
}

const number = (pattern: RegExp, text: string): number =>
  Number(pattern.exec(text)?.[1]?.replaceAll(',', '') ?? Number.NaN)
const bytes = (a: number): string => (Number.isFinite(a) ? a.toFixed(1) : 'not told')
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN

/** A checker, made ready for a model: what runs it once. */
interface Checker {
  readonly name: string
  /** Beyond about so many million states it is not asked. */
  readonly most: number
  /** Below so many million states only one of its threads works. */
  readonly least?: number
  /** Threads that work at once. */
  readonly threads?: number
  readonly prepare: (size: Size) => () => Sample
  /** Why it is not measured. */
  readonly why?: string
}

const one = join(import.meta.dirname, 'one.ts')
/** As `bin/lockstep` starts it: what was compiled once is not compiled, nor kept in memory, at the next start. */
const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') }
const ours = (name: string, engine: string, most: number, threads = 1): Checker => ({
  name,
  most,
  threads,
  ...(threads > 1 && { least: 1 }),
  prepare: ({ checkpoints, retries }) => {
    const run = (...size: readonly number[]): string =>
      execFileSync(process.execPath, [one, engine, ...size.map(String), String(threads)], {
        encoding: 'utf8',
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
    run(2, 0)
    return () => JSON.parse(run(checkpoints, retries)) as Sample
  },
})

const PAN = 'Spin pan -O2 -DSAFETY -DNOREDUCE'
const pan: Checker = {
  name: PAN,
  most: 25,
  prepare: size => {
    const here = mkdtempSync(join(folder, 'spin-'))
    writeFileSync(join(here, 'm.pml'), promela(flatten(model(size), '1.0')))
    run('spin', ['-o1', '-o2', '-a', 'm.pml'], here)
    run('gcc', ['-O2', '-w', '-DSAFETY', '-DNOREDUCE', '-o', 'pan', 'pan.c'], here)
    // Deep enough for all of it, and a table that suits.
    const [depth, slots] =
      size.retries > 4 ? ['-m30000000', '-w25'] : size.retries > 2 ? ['-m3000000', '-w22'] : ['-m300000', '-w18']
    return () => {
      const { said, ...used } = run('./pan', ['-E', depth, slots], here)
      if (/max search depth too small/.test(said)) throw new Error('pan was not let search deep enough')
      const memory = number(/([\d.]+)\s+total actual memory usage/, said) * 2 ** 20
      return { ...used, memory, states: number(/(\d+) states, stored/, said) }
    }
  },
  ...(!(has('spin') && has('gcc')) && { why: 'not measured: spin or gcc is not installed; npm run setup' }),
}

const rumur: Checker = {
  name: 'rumur, gcc -O3',
  least: 0.05,
  most: 5,
  prepare: size => {
    const here = mkdtempSync(join(folder, 'rumur-'))
    writeFileSync(join(here, 'm.m'), murphi(flatten(model(size), '1.0')))
    const how = ['--symmetry-reduction', 'off', '--deadlock-detection', 'off', '--threads', '1']
    run('rumur', [...how, '--output', 'm.c', 'm.m'], here)
    run('gcc', [...'-std=c11 -O3 -march=native -mcx16 -w -o m m.c -lpthread -latomic'.split(' ')], here)
    return () => {
      const { said, ...used } = run('./m', [], here)
      return { ...used, memory: Number.NaN, states: number(/(\d+) states,/, said) }
    }
  },
  ...(!(has('rumur') && has('gcc')) && { why: 'not measured: rumur or gcc is not installed' }),
}

const checkers: readonly Checker[] = [
  ours('lockstep js, one thread', 'js', 25),
  ours('lockstep wasm, one thread', 'wasm', 25),
  ours('lockstep wasm, two threads', 'wasm', 25, 2),
  ours('lockstep interpret', 'interpret', 0.5),
  pan,
  rumur,
  ours('xstate/graph', 'xstate', 0.01),
  ours('@xstate/graph', '@xstate', 0.01),
]

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '0.003,0.1,2,20' },
    rounds: { type: 'string', default: '3' },
    out: { type: 'string', default: join(import.meta.dirname, 'results') },
  },
})

/** Rounds of each size; the last number is that of the sizes behind it, too. */
const rounds = values.rounds.split(',').map(Number)

/** Runs a tenth of the cases against the reference: how many, and how many in a minute. */
function cases(): string {
  const cli = join(import.meta.dirname, '../conformance/cli.ts')
  const begun = performance.now()
  const said = execFileSync(process.execPath, [cli, 'conform', '--json', '--shard', '1/10'], {
    encoding: 'utf8',
    env,
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const minutes = (performance.now() - begun) / 60_000
  const { results } = JSON.parse(said) as { readonly results: readonly { readonly verdict: string }[] }
  const run = results.filter(({ verdict }) => verdict !== 'skipped').length
  return `Conformance: ${run} cases against the reference, ${Math.round(run / minutes)} a minute, two for each processor side by side.`
}

const begun = loadavg()[0] ?? 0
const rows: { size: string; name: string; threads: number; samples: Sample[]; why?: string }[] = []
try {
  for (const [i, size] of values.sizes.split(',').entries()) {
    const chosen = sizes[size]
    if (chosen === undefined) throw new Error(`there is no size ${size}; there are ${Object.keys(sizes).join(', ')}`)
    const ready: { row: (typeof rows)[number]; measure: () => Sample }[] = []
    for (const { name, most, least = 0, threads = 1, why, prepare } of checkers) {
      if (Number(size) > most || Number(size) < least) continue
      const row = { size, name, threads, samples: [] as Sample[], ...(why !== undefined && { why }) }
      rows.push(row)
      if (why === undefined) ready.push({ row, measure: prepare(chosen) })
    }
    for (let round = 0; round < (rounds[i] ?? rounds.at(-1) ?? 3); round++) {
      for (const { row, measure } of ready) {
        const sample = measure()
        row.samples.push(sample)
        console.error(`${size} M  ${row.name}: ${sample.states} states, ${sample.cpu.toFixed(2)} s`)
      }
    }
    const counted = new Set(ready.flatMap(({ row }) => row.samples.map(({ states }) => states)))
    if (counted.size > 1) throw new Error(`they do not agree on ${size} M: ${[...counted].join(', ')} states`)
  }

  const rate = ({ samples, threads }: (typeof rows)[number]): number =>
    median(samples.map(({ states, cpu }) => (states * threads) / cpu))
  const passed = ({ samples }: (typeof rows)[number]): number => median(samples.map(({ wall }) => wall))
  const measured = rows.map(row => {
    const spin = rows.find(({ size, name }) => size === row.size && name === PAN)
    const ratio = spin === undefined ? Number.NaN : rate(row) / rate(spin)
    return { ...row, rate: rate(row), ratio, faster: spin === undefined ? Number.NaN : passed(spin) / passed(row) }
  })
  const table = measured.map(row => {
    const { size, name, samples, why, rate, ratio, faster } = row
    const figures =
      why !== undefined
        ? ['', why, '', '', '', '']
        : [
            (samples[0]?.states ?? 0).toLocaleString('en'),
            Math.round(rate).toLocaleString('en'),
            `${ratio.toFixed(ratio < 0.1 ? 4 : 2)} x`,
            bytes(median(samples.map(({ memory, states }) => memory / states))),
            `${passed(row).toFixed(1)} s`,
            `${faster.toFixed(faster < 0.1 ? 4 : 2)} x`,
          ]
    return `| ${[`${size} M`, name, ...figures].join(' | ')} |`
  })
  const at = cpus()
  const text = [
    `<!-- Printed by npm run bench; do not edit. -->`,
    '# How fast, against whom',
    '',
    `Distinct states by second of processor time (of two threads: of the busier one), median of ${values.rounds.replaceAll(',', ', ')} in turns${rounds.length > 1 ? ' (size by size)' : ''}, and as a ratio to Spin's \`pan\` in the same run.`,
    'Processor time (user and system) of our search with the compilation of its code, and of the whole process of `pan` without its compilation.',
    `Bytes a state: the most that was resident, with Node and, of two threads, with both; of pan what it says itself.`,
    `${at.length} processors, ${at[0]?.model ?? ''}; load ${begun.toFixed(1)} at the start and ${(loadavg()[0] ?? 0).toFixed(1)} at the end${Math.max(begun, loadavg()[0] ?? 0) > at.length + 1 ? ': the machine was shared, and wall times are those of a busy one' : ''}.`,
    '',
    `node ${process.version}; ${version('spin', '-V')}; ${version('gcc', '--version')}; ${version('rumur', '--version')}; `,
    `${['xstate', '@xstate/graph'].map(name => `${name} ${(JSON.parse(readFileSync(join(import.meta.dirname, `../node_modules/${name}/package.json`), 'utf8')) as { version: string }).version}`).join(', ')}`,
    '',
    '| size | checker | states | states a second | ratio | bytes a state | wall | ratio of wall |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...table,
    '',
    cases(),
    '',
  ].join('\n')
  mkdirSync(values.out, { recursive: true })
  writeFileSync(join(values.out, 'explore.md'), text)
  writeFileSync(join(values.out, 'explore.svg'), picture(measured.filter(({ why }) => why === undefined)))
  console.log(text)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
