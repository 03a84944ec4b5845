/** Behaviour on cue: what a script may say, and that it comes to pass. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { isIn } from '../impl/flat.ts'
import type { Members } from '../impl/frames.ts'
import type { Endpoint } from '../impl/server.ts'
import { sentences } from '../spec/cues.ts'
import { versions } from '../spec/versions.ts'
import { flatPair } from './behaviour.ts'
import { readScript } from './cues.ts'
import { servePair } from './embedded.ts'
import { type Client, connect } from './qmp.ts'
import { tempDir } from './temp.ts'

const newest = versions.at(-1) ?? ''
const flats = new Map(versions.map(version => [version as string, flatPair(version)]))
const script = (text: string, version: string = newest) => readScript(flats.get(version) ?? flatPair(version), text)
const open: { close(): unknown }[] = []
let count = 0

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

type Heard = { readonly client: Client; readonly events: string[] }

async function hear(address: string): Promise<Heard> {
  const events: string[] = []
  const client = await connect(address, {
    tap: (direction, { event, data }) => {
      const { status, reason } = (data ?? {}) as Members
      if (direction === '<-' && typeof event === 'string')
        events.push(status === undefined ? `${event}${reason === undefined ? '' : ` ${reason}`}` : String(status))
    },
  })
  open.push(client)
  return { client, events }
}

async function pairOf(
  text: string,
  capabilities: readonly string[] = [],
  options: Partial<Parameters<typeof servePair>[0]> = {},
): Promise<{ endpoint: Endpoint; src: Heard; dst: Heard; notes: string[] }> {
  const notes: string[] = []
  const place = (side: string) => `unix:${join(tempDir(), `cue-${++count}-${side}`)}`
  const version = options.version ?? newest
  const endpoint = await servePair({
    version,
    listen: { src: place('src'), dst: place('dst') },
    seed: 1,
    script: script(text, version),
    note: note => notes.push(note),
    ...options,
  })
  open.push(endpoint)
  const [src, dst] = [await hear(endpoint.addresses.src ?? ''), await hear(endpoint.addresses.dst ?? '')]
  for (const { client } of [src, dst]) {
    const list = ['events', ...capabilities].map(capability => ({ capability, state: true }))
    expect(await client.execute('migrate-set-capabilities', { capabilities: list })).toHaveProperty('return')
  }
  return { endpoint, src, dst, notes }
}

async function until(test: () => boolean, what = test.toString()): Promise<void> {
  for (let i = 0; i < 4000 && !test(); i++) await sleep(5)
  if (!test()) throw new Error(`this did not come: ${what}`)
}

const uri = 'unix:/nowhere/m.sock'
const migrate = async ({ src, dst }: { src: Heard; dst: Heard }, slow = false) => {
  await dst.client.execute('migrate-incoming', { uri })
  if (slow) await src.client.execute('migrate-set-parameters', { 'max-bandwidth': 1000 })
  expect(await src.client.execute('migrate', { uri })).toHaveProperty('return')
}

describe.each(versions)('the sentences under %s', version => {
  test.each(sentences.filter(one => isIn(version, one)).map(one => [one.sentence]))('%s', sentence => {
    const statuses = sentence.includes('destination') ? ['active', 'postcopy-active'] : ['setup', 'device', 'colo']
    for (const status of sentence.includes('{status}') ? statuses : [''])
      expect(script(sentence.replace('{status}', status), version)).not.toEqual([])
  })
})

test.each([
  ['take src: Fail to connect 3 times', [{ does: { take: 'src/fail-to-connect', times: 3 } }]],
  ['avoid fail-to-connect # whatever comes', [{ does: { avoid: 'fail-to-connect' } }]],
  [
    '- Die in pre-switchover.',
    [{ when: { variable: 'src.migration', value: 'pre-switchover', time: 1 }, does: { fault: 'kill', at: 'src' } }],
  ],
  [
    'when src>dst.0 is package: cut; cut',
    [
      { when: { variable: 'src>dst.0', value: 'package' }, does: { fault: 'cut', at: '' } },
      { does: { fault: 'cut', at: '' } },
    ],
  ],
  [
    'after src/connect for the 2nd time: send migrate-set-parameters {"max-bandwidth": 1} to src',
    [
      {
        when: { rule: 'src/connect', time: 2 },
        does: { send: 'migrate-set-parameters', to: 'src', arguments: { 'max-bandwidth': 1 } },
      },
    ],
  ],
  ['fault stray garbage at dst', [{ does: { fault: 'stray garbage', at: 'dst' } }]],
])('%j is read', (text, lines) => {
  expect(script(text.replace('after src/connect ', 'after connect '))).toEqual(
    JSON.parse(JSON.stringify(lines).replace('src/connect"', 'connect"')),
  )
})

test.each([
  ['fail everything', 'script:1: "fail everything" is no cue and no sentence; there are:\n  fail the first recovery\n'],
  [
    'cut\n\ntake src/fail-to-conect',
    'script:3: there is no rule "src/fail-to-conect" in 11.1; is it "src/fail-to-connect"?',
  ],
  ['when src.migraton is active: cut', 'script:1: there is no variable "src.migraton"; is it "src.'],
  ['die in nonsense', 'script:1: src.migration is never "nonsense"; it is none, setup, '],
  ['fault nonsense at dst', 'script:1: dst knows no fault "nonsense"; there are term, kill, '],
  ['send quit {"x": } to src', 'script:1: {"x": }: JSON parse error'],
  ['send quit [] to src', 'script:1: "send quit [] to src" is no cue'],
  ['kill bystander', 'is no cue'],
  ['when __proto__ is x: cut', 'there is no variable "__proto__"'],
])('%j is refused', (text, message) => {
  expect(() => script(text)).toThrow(message)
})

describe('on cue', { timeout: 60_000 }, () => {
  test.each(versions)('the first recovery fails under %s, and the second does not', async version => {
    const all = await pairOf('fail the first recovery', ['postcopy-ram'], { version })
    const { src, dst, endpoint } = all
    // So that there is always a page left to send.
    endpoint.reference.avoid(['src/send-the-last-page'])
    await migrate(all, true)
    await until(() => dst.events.includes('active') && src.events.includes('active'))
    await src.client.execute('migrate-start-postcopy')
    await until(() => src.events.includes('postcopy-active') && dst.events.includes('postcopy-active'))
    endpoint.reference.fault('', 'cut')
    const pauses = () => src.events.filter(event => event === 'postcopy-paused').length
    await until(() => pauses() === 1 && dst.events.includes('postcopy-paused'))
    const recover = async () => {
      await until(() => endpoint.reference.valueOf('dst.incoming') === 'postcopy-paused')
      const listened = await dst.client.execute('migrate-recover', { uri })
      // 7.2 forgets nothing of the attempt before.
      expect(listened).toHaveProperty('return')
      expect(await src.client.execute('migrate', { uri, resume: true })).toHaveProperty('return')
    }
    await recover()
    await until(() => all.notes.length === 1)
    expect(all.notes).toEqual(['cut'])
    await until(() => src.events.filter(event => event === 'postcopy-recover').length === 1)
    // There a second break is the end of the destination.
    if (version === '7.2') return
    await until(() => pauses() === 2)
    await recover()
    await until(() => src.events.lastIndexOf('postcopy-active') > src.events.lastIndexOf('postcopy-paused'))
    expect(pauses()).toBe(2)
  })

  test('the source dies in pre-switchover, and not without the script', async () => {
    for (const text of ['die in pre-switchover', '']) {
      const all = await pairOf(text, ['pause-before-switchover'])
      await migrate(all)
      await until(() => all.src.events.includes('pre-switchover'))
      if (text !== '') await until(() => all.endpoint.reference.isGone('src'))
      else {
        await all.src.client.execute('migrate-continue', { state: 'pre-switchover' })
        await until(() => all.dst.events.includes('completed'))
        expect(all.endpoint.reference.isGone('src')).toBe(false)
      }
    }
  })

  test.each(versions)('the heartbeat is lost while the secondary loads, under %s', async version => {
    const capabilities = ['x-colo', ...(version === '11.1' ? ['return-path'] : [])]
    const all = await pairOf(
      'lose the heartbeat while loading; after dst/put-off-the-failover-while-loading: send query-status to dst',
      capabilities,
      { version },
    )
    await migrate(all)
    await until(
      () => all.dst.events.some(event => event.startsWith('COLO_EXIT')) || all.endpoint.reference.isGone('dst'),
    )
    expect(all.notes).toEqual(['x-colo-lost-heartbeat to dst', 'query-status to dst'])
  })

  const colo = ['x-colo', 'return-path']
  const gone = (all: { endpoint: Endpoint }, side: string) => all.endpoint.reference.isGone(side)
  type All = Awaited<ReturnType<typeof pairOf>>
  const outcomes: readonly (readonly [string, readonly string[], (all: All) => boolean])[] = [
    ['cut the link in active', [], ({ src }) => src.events.includes('failed')],
    ['cancel in active', [], ({ src }) => src.events.includes('cancelled')],
    ['die in setup', [], all => gone(all, 'src')],
    ['kill the destination in active', [], all => gone(all, 'dst') && all.src.events.includes('failed')],
    ['fail to connect', [], ({ src }) => src.events.includes('failed') && !src.events.includes('active')],
    ['fail to load', [], all => gone(all, 'dst') && all.dst.events.includes('failed')],
    ['lose the heartbeat between checkpoints', colo, ({ src }) => src.events.some(event => /^COLO_EXIT/.test(event))],
    ['lose the heartbeat in a checkpoint', colo, ({ src }) => src.events.some(event => /^COLO_EXIT/.test(event))],
    ['fail to load a checkpoint', colo, ({ dst }) => dst.events.includes('COLO_EXIT error')],
  ]
  test.each(outcomes)('%s', async (text, capabilities, comes) => {
    const all = await pairOf(text, capabilities)
    await migrate(all)
    await until(() => comes(all))
  })

  test('without a word none of that comes', async () => {
    for (const capabilities of [[], colo]) {
      const all = await pairOf('', capabilities)
      await migrate(all)
      const last = capabilities.length === 0 ? 'completed' : 'colo'
      await until(() => all.src.events.includes(last) && all.dst.events.includes(last))
      await sleep(200)
      for (const [text, of, comes] of outcomes)
        if (of.length === capabilities.length) expect(comes(all), text).toBe(false)
    }
  })

  test('nobody listens, and nobody ever switches over', async () => {
    const deaf = await pairOf('fail to listen')
    expect(await deaf.dst.client.execute('migrate-incoming', { uri })).toHaveProperty('error')
    const endless = await pairOf('never switch over')
    await migrate(endless)
    await until(() => endless.src.events.includes('active'))
    await sleep(300)
    expect(endless.src.events.at(-1)).not.toBe('completed')
    await endless.src.client.execute('migrate_cancel')
    await until(() => endless.src.events.includes('cancelled'))
  })
})
