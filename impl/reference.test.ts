import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { failures } from '../spec/cases.ts'
import { guest } from '../spec/guest.ts'
import type { Rules } from '../spec/lang.ts'
import { pair } from '../spec/systems.ts'
import { versions } from '../spec/versions.ts'
import { slug } from './flat.ts'
import { flatten } from './flatten.ts'
import { isObject, type Members } from './frames.ts'
import { Reference, type ReferenceOptions } from './reference.ts'
import { holds } from './walk.ts'

const version = versions.at(-1) ?? ''
const flat = flatten(pair, version)
const uri = 'tcp:127.0.0.1:4444'
/** What a guest and its devices do of their own accord. */
const doings = ['guest', 'device', 'debugger'].flatMap(actor =>
  ((guest.rules as Rules)[actor] ?? []).map(rule => slug(rule.name)),
)
const smooth = [...failures, ...doings, 'fail-to-connect', 'count-a-pass-over-the-memory']

const capabilities = (...names: string[]) => ({
  execute: 'migrate-set-capabilities',
  arguments: { capabilities: names.map(capability => ({ capability, state: true })) },
})

/** One word for each message, as a person would tell it. */
function word(message: Members): string {
  if ('return' in message) return `return ${JSON.stringify(message.return)}`
  if (isObject(message.error)) return `error ${String(message.error.class)}: ${String(message.error.desc)}`
  const data = isObject(message.data) ? Object.values(message.data).join(' ') : ''
  return `${String(message.event)} ${data}`.trim()
}

function start(options: ReferenceOptions = {}) {
  const heard: Record<string, string[]> = { src: [], dst: [] }
  const reference = new Reference(flat, {
    start: { 'src.vm': 'running', 'dst.autostart': 'yes', 'dst.listening': 'no', 'dst.incoming': 'none' },
    avoid: smooth,
    ...options,
  })
  for (const side of flat.sides) reference.on(side, message => heard[side]?.push(word(message)))
  const ask = (side: string, execute: string, args: Members = {}): string | undefined => {
    reference.send(side, { execute, arguments: args })
    reference.settle()
    return heard[side]?.at(-1)
  }
  const until = (test: () => boolean, limit = 2000) => {
    for (let i = 0; i < limit && !test(); i++) if (!reference.step()) reference.decide()
    expect(test()).toBe(true)
  }
  return { reference, heard, ask, until }
}

/** Brings a pair to where it makes checkpoints. */
function replicating(options: ReferenceOptions = {}) {
  const all = start(options)
  for (const side of flat.sides) all.reference.send(side, capabilities('events', 'return-path', 'x-colo'))
  all.ask('dst', 'migrate-incoming', { uri })
  all.ask('src', 'migrate', { uri })
  all.until(() => all.heard.src?.at(-1) === 'RESUME' && all.heard.dst?.at(-1) === 'RESUME')
  return all
}

describe(`the reference, QEMU ${version}`, () => {
  test('migrates', () => {
    const { reference, heard, ask, until } = start()
    for (const side of flat.sides) reference.send(side, capabilities('events'))
    ask('dst', 'migrate-incoming', { uri })
    ask('src', 'migrate', { uri })
    until(
      () => heard.src?.includes('MIGRATION completed') === true && heard.dst?.includes('MIGRATION completed') === true,
    )
    expect(heard).toMatchInlineSnapshot(`
      {
        "dst": [
          "return {}",
          "MIGRATION setup",
          "return {}",
          "MIGRATION active",
          "RESUME",
          "MIGRATION completed",
        ],
        "src": [
          "return {}",
          "MIGRATION setup",
          "return {}",
          "MIGRATION active",
          "STOP",
          "MIGRATION device",
          "MIGRATION completed",
        ],
      }
    `)
    reference.settle()
    expect(ask('src', 'query-status')).toMatchInlineSnapshot(`"return {"status":"postmigrate","running":false}"`)
    expect(ask('dst', 'query-status')).toMatchInlineSnapshot(`"return {"status":"running","running":true}"`)
    expect(ask('src', 'query-migrate')).toMatch(/"status":"completed"/)
  })

  test.each([1, 2, 3, 4, 5, 6])(
    'answers a cancel that shuts the return path first once it is stored (seed %i)',
    seed => {
      const { reference, heard, ask, until } = start({ seed, prefer: ['src/shut-the-return-path-to-cancel'] })
      for (const side of flat.sides) reference.send(side, capabilities('events', 'return-path'))
      ask('dst', 'migrate-incoming', { uri })
      reference.send('src', { execute: 'migrate', arguments: { uri } })
      until(() => heard.src?.includes('MIGRATION active') === true)
      heard.src = []
      reference.send('src', { execute: 'migrate_cancel' })
      until(() => heard.src?.includes('return {}') === true)
      expect(heard.src?.indexOf('MIGRATION cancelling')).toBeGreaterThanOrEqual(0)
      expect(heard.src?.indexOf('MIGRATION cancelling')).toBeLessThan(heard.src?.indexOf('return {}') ?? -1)
    },
  )

  test('fails over when the secondary dies', () => {
    const { reference, heard, ask } = replicating()
    heard.src = []
    expect(reference.fault('dst', 'kill')).toBe(true)
    expect(reference.fault('dst', 'kill')).toBe(false)
    expect(reference.isGone('dst')).toBe(true)
    expect(reference.send('dst', { execute: 'query-status' })).toBe(false)
    ask('src', 'x-colo-lost-heartbeat')
    expect(heard.src).toContain('return {}')
    expect(heard.src.filter(text => text.startsWith('COLO_EXIT'))).toHaveLength(1)
    expect(ask('src', 'query-status')).toBe('return {"status":"running","running":true}')
  })

  test('fails over when the primary dies', () => {
    const { reference, heard, ask } = replicating({ seed: 4 })
    reference.fault('src', 'kill')
    ask('dst', 'x-colo-lost-heartbeat')
    expect(heard.dst?.filter(text => text.startsWith('COLO_EXIT'))).toHaveLength(1)
    expect(ask('dst', 'query-status')).toBe('return {"status":"running","running":true}')
  })

  test('refuses', () => {
    const { ask } = start()
    expect([
      ask('src', 'x-colo-lost-heartbeat'),
      ask('src', 'migrate', { uri: 'nonsense' }),
      ask('src', 'migrate-incoming', { uri }),
      ask('src', 'yank', { instances: 'all' }),
      ask('src', 'migrate-set-capabilities', {}),
      ask('src', 'migrate-set-capabilities', { capabilities: [{ capability: 'x-colo' }] }),
      ask('src', 'migrate', { uri: `tcp:${':1'.repeat(4000)}\n` }),
      ask('src', 'toString'),
      ask('src', '__proto__'),
    ]).toMatchInlineSnapshot(`
      [
        "error GenericError: VM is not in COLO mode",
        "error GenericError: unknown migration protocol",
        "error GenericError: '-incoming' was not specified on the command line",
        "error GenericError: No rule of yank speaks of these arguments",
        "error GenericError: Parameter 'capabilities' is missing",
        "error GenericError: Parameter 'capabilities[0].state' is missing",
        "error GenericError: Arguments of migrate hold a string of more than 4096 characters",
        "error CommandNotFound: The command toString has not been found",
        "error CommandNotFound: The command __proto__ has not been found",
      ]
    `)
  })

  test('takes the last mention of a capability, and minds none that no rule knows', () => {
    const { reference, ask } = start()
    const list = ['events', 'events', 'multifd'].map((capability, i) => ({ capability, state: i !== 1 }))
    expect(ask('src', 'migrate-set-capabilities', { capabilities: list })).toBe('return {}')
    expect(reference.state()['src.events']).toBe('off')
  })

  test('never takes what is to be avoided, and takes it when it is allowed', () => {
    const { reference, heard, ask } = start({ avoid: [...smooth, 'src/accept-a-migration'] })
    ask('src', 'migrate', { uri })
    expect(heard.src).toEqual([])
    expect(reference.waiting().map(({ side, command }) => `${side} ${command}`)).toEqual(['src migrate'])
    reference.allow(['src/accept-a-migration'])
    reference.settle()
    expect(heard.src).toEqual(['return {}'])
  })

  test('takes first what is preferred', () => {
    for (let seed = 0; seed < 20; seed++) {
      const { ask } = start({ seed, avoid: [], prefer: ['fail-to-listen'] })
      expect(ask('dst', 'migrate-incoming', { uri })).toMatch(/^error /)
    }
  })

  test('does the same for the same seed', () => {
    const run = (seed: number) => {
      const rows: string[] = []
      replicating({ seed, onStep: row => rows.push(row.rule.id) })
      return rows
    }
    expect(run(7)).toEqual(run(7))
    expect(run(7)).not.toEqual(run(8))
  })

  test('holds monitors apart: events to all, replies to whom they belong', () => {
    const { reference } = start()
    const heard: Members[][] = [[], [], []]
    const [a, b, c] = heard.map(list => reference.monitor('src', message => list.push(message)))
    for (const monitor of [a, b]) monitor?.receive({ execute: 'qmp_capabilities' })
    a?.receive({ execute: 'stop', id: { deep: [1] } })
    b?.receive({ execute: 'query-status', id: null })
    c?.receive({ execute: 'query-status', id: 'too early' })
    reference.settle()
    const told = heard.map(list =>
      list.map(message => ('event' in message ? String(message.event) : JSON.stringify(message))),
    )
    expect(told.map(list => list.filter(text => !text.includes('"running"')))).toMatchInlineSnapshot(`
      [
        [
          "{"return":{}}",
          "STOP",
          "{"return":{},"id":{"deep":[1]}}",
        ],
        [
          "{"return":{}}",
          "STOP",
        ],
        [
          "{"error":{"class":"CommandNotFound","desc":"Expecting capabilities negotiation with 'qmp_capabilities'"},"id":"too early"}",
        ],
      ]
    `)
    expect(told[1]?.filter(text => text.includes('"id":null'))).toHaveLength(1)
  })

  test('does not do what a monitor that has closed had asked', () => {
    const { reference } = start()
    const monitor = reference.monitor('src', () => {}, false)
    monitor.receive({ execute: 'quit' })
    monitor.close()
    reference.settle()
    expect(reference.isGone('src')).toBe(false)
  })

  test('lets out-of-band commands overtake, where that was negotiated', () => {
    const { reference } = start({ avoid: ['src/stop-the-running-guest'], outOfBand: ['query-status'] })
    const heard: string[] = []
    const monitor = reference.monitor('src', message => heard.push(JSON.stringify(message)))
    monitor.receive({ 'exec-oob': 'query-status' })
    monitor.receive({ execute: 'qmp_capabilities', arguments: { enable: ['oob'] } })
    monitor.receive({ execute: 'stop', id: 1 })
    monitor.receive({ execute: 'query-version', id: 2 })
    monitor.receive({ 'exec-oob': 'query-status', id: 3 })
    monitor.receive({ 'exec-oob': 'cont', id: 4 })
    reference.settle()
    expect(monitor.pending).toBe(2)
    reference.allow()
    reference.settle()
    expect(heard).toMatchInlineSnapshot(`
      [
        "{"error":{"class":"GenericError","desc":"QMP input member 'exec-oob' is unexpected"}}",
        "{"return":{}}",
        "{"error":{"class":"GenericError","desc":"The command cont does not support OOB"},"id":4}",
        "{"return":{"status":"running","running":true},"id":3}",
        "{"timestamp":{"seconds":0,"microseconds":2000},"event":"STOP"}",
        "{"return":{},"id":1}",
        "{"return":{"qemu":{"micro":0,"minor":1,"major":11},"package":"lockstep reference"},"id":2}",
      ]
    `)
  })
})

const someArguments: fc.Arbitrary<Members> = fc.oneof(
  fc.constant({ uri }),
  fc.constant({ uri: 'nonsense' }),
  fc.constant({ uri, 'exit-on-error': false }),
  fc.constant({ uri, resume: true }),
  fc.constant({ state: 'pre-switchover' }),
  fc.constant({ instances: [{ type: 'migration' }] }),
  fc
    .array(
      fc.record({
        capability: fc.constantFrom('events', 'return-path', 'x-colo', 'pause-before-switchover'),
        state: fc.boolean(),
      }),
    )
    .map(list => ({ capabilities: list })),
)

type Act =
  | { readonly kind: 'send'; readonly side: string; readonly name: string; readonly args: Members }
  | { readonly kind: 'steps'; readonly count: number }
  | { readonly kind: 'decide' }
  | { readonly kind: 'fault'; readonly side: string; readonly name: string }

const side = fc.constantFrom(...flat.sides)
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: side.chain(s =>
      fc.record({
        kind: fc.constant('send' as const),
        side: fc.constant(s),
        name: fc.constantFrom(...new Reference(flat).commands(s)),
        args: someArguments,
      }),
    ),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('steps' as const), count: fc.nat(12) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'decide' as const }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(['src', 'kill'], ['dst', 'kill'], ['', 'cut'])
      .map(([s = '', name = '']) => ({ kind: 'fault' as const, side: s, name })),
  },
)

function perform(reference: Reference, acts: readonly Act[]): void {
  for (const one of acts) {
    if (one.kind === 'send') reference.send(one.side, { execute: one.name, arguments: one.args, id: one.name })
    else if (one.kind === 'steps') reference.settle(one.count)
    else if (one.kind === 'decide') reference.decide()
    else reference.fault(one.side, one.name)
  }
}

describe('whatever it is asked', () => {
  test('the reference answers everything, unless its process has ended or no rule fits', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(act, { maxLength: 60 }), (seed, acts) => {
        const sent = acts.flatMap(one => (one.kind === 'send' ? [one.side] : []))
        const replies: string[] = []
        const reference = new Reference(flat, { seed })
        for (const s of flat.sides) reference.on(s, message => 'event' in message || replies.push(s))
        perform(reference, acts)
        for (let i = 0; i < 3000 && reference.waiting().length > 0; i++) if (!reference.step()) reference.decide()
        const state = reference.state()
        for (const ask of reference.waiting()) {
          expect(
            [...ask.rows.map(row => row.cells), ...ask.queries.map(q => q.where)].some(cells =>
              holds(flat, state, cells),
            ),
          ).toBe(false)
        }
        for (const s of flat.sides) {
          // A monitor that waits where no rule fits is a hole in the rules; what was asked behind it waits with it.
          if (reference.isGone(s) || reference.waiting().some(ask => ask.side === s)) continue
          expect(replies.filter(r => r === s)).toHaveLength(sent.filter(r => r === s).length)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('a monitor answers every message once', () => {
    const member = fc.constantFrom('execute', 'exec-oob', 'arguments', 'id', 'enable', '__proto__', 'capabilities')
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('qmp_capabilities', 'stop', 'query-status', 'migrate-set-capabilities', '__proto__'),
      fc.dictionary(member, fc.jsonValue()),
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.dictionary(member, value), fc.jsonValue())), fc.boolean(), (messages, fresh) => {
        const reference = new Reference(flat)
        let replies = 0
        const monitor = reference.monitor('src', message => 'event' in message || replies++, fresh)
        for (const message of messages) monitor.receiveText(JSON.stringify(message))
        reference.settle()
        expect(replies).toBe(messages.length)
        expect(monitor.pending).toBe(0)
        expect(Object.keys(Object.prototype)).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})
