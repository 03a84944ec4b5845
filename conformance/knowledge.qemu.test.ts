/** What the reference knows of QMP besides its rules, against every real QEMU here. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Members } from '../impl/frames.ts'
import { qemusForTests } from './binaries.ts'
import { introspectionOf, pruned, type SchemaEntry } from './introspect.ts'
import { launch, type Qemu, qemuArgs } from './launch.ts'
import { type Lone, serveOne } from './lone.ts'
import { profileOf } from './profile.ts'
import { type Client, connect } from './qmp.ts'
import { tempDir } from './temp.ts'

const { qemus, reason } = qemusForTests()
const withRules = qemus.flatMap(({ path, version }) => {
  const rules = profileOf(version)
  return rules === undefined ? [] : [{ path, version, rules }]
})

/** Arguments that the schema rules out, whatever the state. */
const wrong: readonly (readonly [string, Members])[] = [
  ['migrate', { uri: 5 }],
  ['migrate', { uri: 'tcp:127.0.0.1:1', nonsense: true }],
  ['migrate', { uri: 'tcp:127.0.0.1:1', resume: 'yes' }],
  ['migrate', { uri: 'tcp:127.0.0.1:1', blk: [] }],
  ['migrate', { channels: 'all' }],
  ['migrate', { channels: [{ 'channel-type': 'side' }] }],
  ['migrate', { channels: [{ 'channel-type': 'main' }] }],
  ['migrate', { channels: [{ 'channel-type': 'main', addr: { transport: 'socket', type: 'inet', host: 'h' } }] }],
  ['migrate', { channels: [{ 'channel-type': 'main', addr: { transport: 'pigeon' } }] }],
  ['migrate-recover', {}],
  ['migrate-incoming', { uri: null }],
  ['migrate-continue', {}],
  ['migrate-continue', { state: 'nonsense' }],
  ['migrate-set-capabilities', {}],
  ['migrate-set-capabilities', { capabilities: {} }],
  ['migrate-set-capabilities', { capabilities: [5] }],
  ['migrate-set-capabilities', { capabilities: [{ capability: 'nonsense', state: true }] }],
  ['migrate-set-capabilities', { capabilities: [{ capability: 'events', state: 1 }] }],
  ['migrate-set-capabilities', { capabilities: [{ capability: 'events', state: true, more: 1 }] }],
  ['migrate-set-parameters', { 'max-bandwidth': 'much' }],
  ['migrate-set-parameters', { 'max-bandwidth': 1.5 }],
  ['migrate-set-parameters', { 'downtime-limit': 'long' }],
  ['migrate-set-parameters', { 'x-checkpoint-delay': 'long' }],
  ['migrate-set-parameters', { 'announce-max': true }],
  ['migrate-set-parameters', { 'xbzrle-cache-size': 'large' }],
  ['migrate-set-parameters', { nonsense: 1 }],
  ['migrate_cancel', { now: true }],
  ['query-status', { x: 1 }],
  ['query-name', { x: 1 }],
  ['yank', {}],
  ['yank', { instances: [{ type: 'chardev' }] }],
  ['yank', { instances: [{ type: 'nonsense' }] }],
  ['stop', { x: 1 }],
  ['dump-guest-memory', { paging: 'no', protocol: 'file:/x' }],
]

let count = 0

describe.skipIf(reason).each(withRules)(`QEMU $version${reason}`, ({ path, rules }) => {
  let real: Qemu
  let lone: Lone
  let client: Client

  beforeAll(async () => {
    const args = qemuArgs({ machine: 'none', paused: true })
    real = await launch({ binary: path, args, name: `knowledge${++count}`, dir: tempDir() })
    const monitor = `unix:${join(tempDir(), `known-${count}`)}`
    lone = await serveOne({ version: rules, monitors: [monitor], paused: true })
    client = await connect(monitor)
  })
  afterAll(async () => {
    client?.close()
    await lone?.close()
    await real?.stop()
  })

  test('has the very schema and parameters that are kept of it', async () => {
    const kept = introspectionOf(rules)
    const reply = await real.client.execute('query-qmp-schema')
    const names = new Set(kept.schema.filter(e => /^(command|event)$/.test(e['meta-type'])).map(({ name }) => name))
    expect(pruned(('return' in reply ? reply.return : []) as SchemaEntry[], names)).toEqual(kept.schema)
    expect(await real.client.execute('query-migrate-parameters')).toMatchObject({ return: kept.parameters })
  })

  test.each(wrong)('refuses %s %j in the same words', async (command, given) => {
    const [said, ours] = [
      await real.client.execute(command, given as never),
      await client.execute(command, given as never),
    ]
    expect(said).toHaveProperty('error')
    expect('error' in ours && ours.error).toEqual('error' in said && said.error)
  })
})
