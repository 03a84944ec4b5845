import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { claims } from './claims.ts'
import { systems } from './systems.ts'

const root = new URL('..', import.meta.url).pathname
// Inside the checkout, so that the compiler finds the words; its name keeps it out of every listing.
const folder = mkdtempSync(join(root, 'spec', '.wrong-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What the compiler says of a rule, without file and place; nothing when it is content. */
function compile(rule: string): string {
  const file = join(folder, 'wrong.ts')
  writeFileSync(
    file,
    `import { machine } from '../lang.ts'
const values = { failover: ['none', 'require', 'active'], vm: ['running', 'colo'] } as const
export const made = machine('m', values, { thread: [{ name: 'one', cite: 'a.c:b', ${rule} }] })\n`,
  )
  const options = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--allowImportingTsExtensions',
    '--erasableSyntaxOnly',
  ]
  try {
    execFileSync(
      process.execPath,
      [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '--ignoreConfig', ...options, file],
      { stdio: 'pipe' },
    )
    return ''
  } catch (error) {
    const said = String((error as { stdout: Buffer }).stdout)
    return said.split('\n')[0]?.replace(/^.*?: error TS\d+: /, '') ?? ''
  }
}

describe('the words', () => {
  test('accept every kind of move', () => {
    const does = ["'none'", "'!none'", "['none', 'active']", "'none -> active'", "'-> active'", "'none ~> active'"]
    expect(does.map(move => compile(`does: { failover: ${move} }`))).toEqual(does.map(() => ''))
  })

  test('suggest the right variable', () => {
    expect(compile("does: { failovr: 'none' }")).toMatch(
      /'failovr' does not exist .* Did you mean to write 'failover'\?$/,
    )
  })

  test('suggest the right value', () => {
    expect(compile("does: { failover: 'requir' }")).toMatch(/Did you mean '"require"'\?$/)
  })

  test('suggest the right arrow', () => {
    expect(compile("does: { failover: 'none -> requir' }")).toMatch(/Did you mean '"none -> require"'\?$/)
  })

  test.each([
    ['a condition that moves', "where: { vm: 'running -> colo' }, does: {}"],
    ['a wrong value in a list', "does: { vm: ['running', 'cold'] }"],
    ['a member that no rule has', 'doez: {}, does: {}'],
    ['a rule that does not say what it does', 'says: []'],
  ])('refuse %s', (_what, rule) => {
    expect(compile(rule)).not.toBe('')
  })
})

test('rules, queries, systems and claims are data: JSON loses nothing of them', () => {
  const data = { systems, claims }
  expect(JSON.parse(JSON.stringify(data))).toEqual(data)
})
