/** What lone QEMUs by their rules answer besides: true to the schema of their release, with figures that grow. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { isObject, type Members } from '../impl/frames.ts'
import { versions } from '../spec/versions.ts'
import { Arguments } from './arguments.ts'
import { besides, introspectionOf, membersOf, pruned } from './introspect.ts'
import { type Lone, type LoneOptions, serveOne } from './lone.ts'
import { type Client, connect } from './qmp.ts'
import { tempDir } from './temp.ts'

const open: { close(): unknown }[] = []
let count = 0

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

interface One {
  readonly lone: Lone
  readonly client: Client
  readonly events: Members[]
  returned(command: string, given?: Members): Promise<Members>
}

async function one(version: string, options: Partial<LoneOptions> = {}): Promise<One> {
  const monitor = `unix:${join(tempDir(), `knowledge-${++count}`)}`
  const lone = await serveOne({ version, monitors: [monitor], seed: 1, ...options })
  const events: Members[] = []
  const client = await connect(monitor, {
    tap: (direction, message) => {
      if (direction === '<-' && typeof message.event === 'string') events.push(message)
    },
  })
  open.push(lone, client)
  const returned = async (command: string, given?: Members): Promise<Members> => {
    const reply = await client.execute(command, given as never)
    if ('error' in reply) throw new Error(reply.error.desc)
    return reply.return as Members
  }
  await returned('migrate-set-capabilities', { capabilities: [{ capability: 'events', state: true }] })
  return { lone, client, events, returned }
}

const status = ({ data }: Members) => (isObject(data) ? String(data.status) : '')

async function until(test: () => boolean): Promise<void> {
  for (let i = 0; i < 4000 && !test(); i++) await sleep(5)
  expect(test()).toBe(true)
}

describe.each(versions)('a QEMU %s by its rules', { timeout: 60_000 }, version => {
  const schema = new Arguments(introspectionOf(version).schema)

  test('answers by its schema whatever can be asked for', async () => {
    const { client, returned } = await one(version, { name: 'web' })
    const commands = (await returned('query-commands')) as unknown as { name: string }[]
    const queries = commands.map(({ name }) => name).filter(name => name.startsWith('query-'))
    const wanted = [...besides, 'query-migrate', 'query-migrate-parameters'].filter(name => name.startsWith('query-'))
    expect(queries).toEqual(expect.arrayContaining(wanted))
    for (const name of queries) {
      const reply = await client.execute(name)
      // What a build may lack says so.
      if ('error' in reply) expect(name).toMatch(/xen/)
      else expect(schema.problemOfAnswer(name, reply.return)).toBeUndefined()
    }
    expect(await returned('query-name')).toEqual({ name: 'web' })
    const entries = (await returned('query-qmp-schema')) as never
    // Nothing is missing that something names, and nothing is there that nothing does.
    expect(pruned(entries, new Set(commands.map(({ name }) => name)))).not.toEqual([])
    const all = (entries as { name: string; 'meta-type': string }[]).filter(
      e => !/^(command|event)$/.test(e['meta-type']),
    )
    const named = new Set(JSON.stringify(entries).match(/"(?:type|(?:arg|ret|element)-type)":"[^"]+"/g))
    for (const type of all)
      expect(
        [...named].some(text => text.endsWith(`"${type.name}"`)),
        `${type.name} is named`,
      ).toBe(true)
    for (const text of named) {
      const [, name] = /:"([^"]+)"$/.exec(text) ?? []
      expect(
        all.some(type => type.name === name),
        `${name} is there`,
      ).toBe(true)
    }
    expect(await client.execute('query-tpm')).toMatchObject({ error: { class: 'CommandNotFound' } })
    const get = (property: string) => client.execute('qom-get', { path: '/machine/unattached/device[0]', property })
    expect(await get('unavailable-features')).toMatchObject({ return: [] })
    expect(await get('nonsense')).toMatchObject({ error: { class: 'GenericError' } })
  })

  test('counts what it sends, by its schema, and never backwards', async () => {
    const uri = `unix:${join(tempDir(), `figures-${++count}`)}`
    const [src, dst] = [await one(version), await one(version, { incoming: 'defer' })]
    await dst.returned('migrate-incoming', { uri })
    await src.returned('migrate-set-parameters', { 'max-bandwidth': 1_000_000 })
    expect(await src.returned('query-migrate-parameters')).toMatchObject({ 'max-bandwidth': 1_000_000 })
    await src.returned('migrate', { uri })
    await until(() => src.events.some(event => status(event) === 'active'))
    const told: Members[] = []
    for (let i = 0; i < 5; i++) {
      told.push(await src.returned('query-migrate'))
      await sleep(20)
    }
    await until(() => dst.events.some(event => status(event) === 'active'))
    expect(await dst.returned('query-migrate')).toMatchObject({
      status: 'active',
      'socket-address': [{ type: 'unix', path: uri.slice('unix:'.length) }],
    })
    await src.returned('migrate-set-parameters', { 'max-bandwidth': 0 })
    await until(() => src.events.some(event => status(event) === 'completed'))
    told.push(await src.returned('query-migrate'))
    const figures = told.map(({ ram, ...rest }) => {
      expect(schema.problemOfAnswer('query-migrate', { ...rest, ram: ram ?? null })).toBeUndefined()
      // Every figure that the release has, and none that it has not.
      expect(new Set(Object.keys(ram as Members))).toEqual(membersOf(version, 'query-migrate', 'ram'))
      const { transferred, remaining, total } = ram as { [name: string]: number }
      expect(Number(transferred) + Number(remaining)).toBeGreaterThanOrEqual(Number(total))
      return { transferred: Number(transferred), time: Number(rest['total-time']) }
    })
    for (const [i, { transferred, time }] of figures.slice(1).entries()) {
      expect(transferred).toBeGreaterThan(figures[i]?.transferred ?? 0)
      expect(time).toBeGreaterThanOrEqual(figures[i]?.time ?? 0)
    }
    expect(told.at(-1)).toMatchObject({ status: 'completed', downtime: expect.any(Number), ram: { remaining: 0 } })
    const passes = src.events.flatMap(({ event, data }) => (event === 'MIGRATION_PASS' ? [(data as Members).pass] : []))
    expect(passes).toEqual(passes.map((_, i) => i + 1))
    for (const { event, timestamp, data = {} } of [...src.events, ...dst.events]) {
      expect(schema.problemOfAnswer(String(event), data)).toBeUndefined()
      expect(Number((timestamp as Members).seconds)).toBeCloseTo(Date.now() / 1000, -2)
    }
  })
})

test("a value that is not the schema's is noticed", () => {
  const schema = new Arguments(introspectionOf('11.1').schema)
  expect(schema.problemOfAnswer('query-status', { running: true, status: 'nonsense' })).toMatch(/does not accept/)
  expect(schema.problemOfAnswer('query-migrate', { ram: { transferred: 'much' } })).toMatch(/expected: integer/)
  expect(schema.problemOfAnswer('query-migrate', { downtme: 1 })).toMatch(/is unexpected/)
})
