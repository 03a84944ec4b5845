import { join } from 'node:path'
import { execa } from 'execa'
import { beforeAll, describe, expect, test } from 'vitest'
import { held } from '../../spec/qapi.ts'
import { versions } from '../../spec/versions.ts'

interface Rule {
  readonly [member: string]: unknown
  readonly id: string
  readonly name: string
  readonly versions: readonly string[]
  readonly seen: 'source' | readonly string[]
  readonly arrows: readonly { readonly from: string; readonly to: string; readonly versions: readonly string[] }[]
}
interface Listed {
  readonly rules: readonly Rule[]
  readonly arrows: readonly { readonly [member: string]: unknown; readonly rules: readonly string[] }[]
  readonly commands: readonly { readonly [member: string]: unknown; readonly rules: readonly string[] }[]
}

const cli = join(import.meta.dirname, '..', 'cli.ts')
const list = async (...words: string[]): Promise<Listed> =>
  JSON.parse((await execa(process.execPath, [cli, 'list', 'rules', '--json', ...words])).stdout)

const [oldest] = versions
let all: Listed
let old: Listed
beforeAll(async () => {
  all = await list()
  old = await list('--version', oldest)
}, 120_000)

describe('lockstep list rules --json', () => {
  test('has what a row needs', () => {
    for (const rule of all.rules) {
      for (const member of ['id', 'machine', 'side', 'name', 'on', 'does', 'says', 'cite', 'since', 'until', 'seen'])
        expect([rule.id, member, Object.hasOwn(rule, member)]).toEqual([rule.id, member, true])
      expect([rule.id, rule.versions.length > 0]).toEqual([rule.id, true])
    }
    expect(Object.keys(all)).toEqual(['rules', 'arrows', 'commands'])
  })

  test('tells who a side is', () => {
    const roleOf = (id: string) => all.rules.find(rule => rule.id === id)?.role
    expect(roleOf('src/accept-a-migration')).toBe('source')
    expect(roleOf('src/complete-the-failover')).toBe('primary')
    expect(roleOf('dst/take-over')).toBe('secondary')
    expect(roleOf('cut-the-link')).toBe(null)
  })

  test('tells where a command is taken', () => {
    const rule = all.rules.find(one => one.id === 'src/cancel-the-migration')
    expect(rule).toMatchObject({ command: 'migrate_cancel', outcome: 'accepted' })
    expect(rule?.states).toMatchObject({ MigrationStatus: expect.arrayContaining(['active', 'device']) })
    expect(rule?.states).not.toMatchObject({ MigrationStatus: expect.arrayContaining(['completed']) })
    expect(all.commands).toContainEqual(
      expect.objectContaining({
        ...{ command: 'cont', machine: 'RunState', side: 'source', state: 'finish-migrate', outcome: 'refused' },
        ...{ class: 'GenericError', text: expect.any(String), rules: expect.any(Array) },
      }),
    )
  })

  test('has arrows that agree with those of its rules', () => {
    const own = all.rules.flatMap(rule => rule.arrows.map(({ from, to }) => `${rule.id}: ${from} ${to}`))
    const joined = all.arrows.flatMap(({ from, to, rules }) => rules.map(id => `${id}: ${from} ${to}`))
    expect(new Set(joined)).toEqual(new Set(own))
    const enums = new Set(Object.values(held).map(one => one.enum))
    expect(new Set(all.arrows.map(({ machine }) => machine))).toEqual(enums)
    expect(all.arrows).toContainEqual(
      expect.objectContaining({
        ...{ machine: 'MigrationStatus', side: 'source', from: 'setup', to: 'active', versions: [...versions] },
      }),
    )
  })

  test('of one release has no rule of another, and cites in its words', () => {
    for (const { versions: own } of old.rules) expect(own).toEqual([oldest])
    for (const { seen } of old.rules) expect(seen === 'source' || seen.every(version => version === oldest)).toBe(true)
    const rule = old.rules.find(one => one.id === 'src/stop-the-running-guest')
    expect(rule?.cite).toBe('softmmu/cpus.c:do_vm_stop')
    expect(all.rules.find(one => one.id === 'src/stop-the-running-guest')).toMatchObject({
      cite: 'system/cpus.c:do_vm_stop',
      cites: { [oldest]: 'softmmu/cpus.c:do_vm_stop' },
    })
    expect(old.rules.length).toBeLessThan(all.rules.length)
  })
})
