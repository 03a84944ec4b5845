import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { citeIn } from '../../impl/cites.ts'
import { flatten } from '../../impl/flatten.ts'
import { moved } from '../../spec/moved.ts'
import { versions } from '../../spec/versions.ts'
import { UsageError } from './common.ts'
import { allSystems } from './ids.ts'
import { checkSource, printSource } from './source.ts'

const root = mkdtempSync(join(tmpdir(), 'lockstep-source-'))
afterAll(() => rmSync(root, { recursive: true }))

/** A tree in which all is defined that the rules of a release cite, in that release's words. */
function tree(release: string, name: string): string {
  const dir = join(root, name)
  const places = allSystems.flatMap(system => {
    const { rules, queries } = flatten(system, release)
    return [...rules.map(({ rule }) => rule.cite), ...queries.map(({ cite }) => cite)]
  })
  for (const place of new Set(places.flatMap(cite => citeIn(cite, release, moved).split(', ')))) {
    const [file = '', func] = place.split(':')
    if (func === undefined) continue
    mkdirSync(dirname(join(dir, file)), { recursive: true })
    writeFileSync(join(dir, file), `void ${func}(void)\n{\n}\n`, { flag: 'a' })
  }
  writeFileSync(join(dir, 'VERSION'), `${release}.9\n`)
  return dir
}

describe.each([...versions])('a source tree of QEMU %s', version => {
  const dir = tree(version, version)

  test('has all that the rules cite', () => {
    const found = checkSource(dir, undefined)
    expect(found).toEqual({ release: version, rules: version, findings: [] })
    expect(printSource(found)).toMatch(/^every function that the rules cite is in this source of QEMU/)
  })

  test('lacks what is taken out of it', () => {
    const broken = join(root, `${version}-broken`)
    cpSync(dir, broken, { recursive: true })
    const file = join(broken, 'migration/colo.c')
    writeFileSync(file, readFileSync(file, 'utf8').replace('void colo_do_failover(void)', 'void colo_do_nothing(void)'))
    const { findings } = checkSource(broken, undefined)
    expect(findings.length).toBeGreaterThan(0)
    expect(new Set(findings.map(({ problem }) => problem))).toEqual(
      new Set(['migration/colo.c does not define colo_do_failover']),
    )
    expect(printSource({ release: version, rules: version, findings })).toContain('cites are NOT in this source')
  })
})

describe('a source tree', () => {
  const newest = versions.at(-1) ?? ''
  const oldest = versions[0]

  test('is held to the release that is asked for', () => {
    const dir = join(root, newest)
    expect(checkSource(dir, newest).findings).toEqual([])
    if (oldest !== newest) expect(checkSource(dir, oldest).findings).not.toEqual([])
  })

  test('between two releases is held to the rules of the older one, in its own words', () => {
    const dir = join(root, 'later')
    cpSync(join(root, newest), dir, { recursive: true })
    writeFileSync(join(dir, 'VERSION'), '99.1.50\n')
    expect(checkSource(dir, undefined)).toEqual({ release: '99.1', rules: newest, findings: [] })
  })

  test.each([
    ['', /has no file VERSION; say --version/],
    ['soon', /VERSION says "soon", which is no version/],
    ['1.0.0', /there are no rules for QEMU 1\.0/],
  ])('of version "%s" is a mistake of usage', (text, message) => {
    const dir = join(root, `odd-${text}`)
    mkdirSync(dir, { recursive: true })
    if (text !== '') writeFileSync(join(dir, 'VERSION'), `${text}\n`)
    expect(existsSync(join(dir, 'VERSION'))).toBe(text !== '')
    expect(() => checkSource(dir, undefined)).toThrow(message)
    expect(() => checkSource(dir, undefined)).toThrow(UsageError)
  })
})
