/** The names of the spec and those of every real QEMU here. */
import { describe, expect, test } from 'vitest'
import { reachOf } from '../diagrams/rows.ts'
import { enumerations } from '../spec/qapi.ts'
import { qemusForTests } from './binaries.ts'
import { launch, qemuArgs } from './launch.ts'
import { profileOf } from './profile.ts'
import { Schema, schemaProblems } from './schema.ts'
import { tempDir } from './temp.ts'

const { qemus, reason } = qemusForTests()
const withRules = qemus.flatMap(({ path, version }) => {
  const rules = profileOf(version)
  return rules === undefined ? [] : [{ path, version, rules }]
})

let count = 0
async function schemaOf(binary: string): Promise<Schema> {
  const args = qemuArgs({ machine: 'none', paused: true })
  const qemu = await launch({ binary, args, name: `schema${++count}`, dir: tempDir() })
  try {
    const reply = await qemu.client.execute('query-qmp-schema')
    if ('error' in reply) throw new Error(reply.error.desc)
    return new Schema(reply.return)
  } finally {
    await qemu.stop()
  }
}

describe.skipIf(reason).each(withRules)(`QEMU $version${reason}`, ({ path, rules }) => {
  test('has the names that its rules have, and the spec has those of its enumerations', async () => {
    const schema = await schemaOf(path)
    const all = reachOf(rules)
    expect(schemaProblems(schema, enumerations, all)).toEqual([])
    // The same check is not blind: of a value less on our side, and of one too many, it tells.
    const shorter = enumerations.map(one => ({ ...one, values: one.values.slice(1) }))
    const longer = enumerations.map(one => ({ ...one, values: [...one.values, { name: 'nonsense' }] }))
    const shown = enumerations.filter(one => one.found.length > 0)
    for (const { name, values } of shown) {
      expect(schemaProblems(schema, shorter, all)).toContain(`${name}: the spec does not know "${values[0]?.name}"`)
      expect(schemaProblems(schema, longer, all)).toContain(`${name}: the binary does not know "nonsense"`)
    }
  })
})
