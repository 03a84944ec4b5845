/** Transcripts, real and made up, and what they come to. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type { Claim } from '../spec/lang.ts'
import type { JsonObject } from './json.ts'
import { type Direction, type Header, type Line, readTranscript, type Side, type Transcript } from './transcript.ts'
import { Holdups, type Judgement, validate } from './validate.ts'
import { VersionError } from './whose.ts'

const folder = join(import.meta.dirname, 'transcripts/recorded')
const recorded = (file: string): Transcript => readTranscript(readFileSync(join(folder, file), 'utf8'), file)

type Said = readonly [Side, Direction, JsonObject]
const listed: Header = { lockstep: 1, qemu: '11.1.3', faults: 'listed' }
/** A transcript as a recorder would have written it, the first line being line 2. */
const transcript = (said: readonly Said[], header: Header = listed): Transcript => ({
  file: 'made-up.ndjson',
  header,
  lines: said.map(([side, dir, msg], i): Line => ({ line: i + 2, t: i / 1000, side, dir, msg })),
})
const greeting = (major: number, minor: number, micro = 0): JsonObject => ({
  QMP: { version: { qemu: { major, minor, micro }, package: '' }, capabilities: ['oob'] },
})
const migration = (status: string): JsonObject => ({ event: 'MIGRATION', data: { status } })
const capabilities = (...names: string[]): JsonObject => ({
  execute: 'migrate-set-capabilities',
  arguments: { capabilities: names.map(capability => ({ capability, state: true })) },
  id: 'caps',
})
const done = (id: string): JsonObject => ({ return: {}, id })

/** A source whose destination is there but says nothing, told to announce what it does. */
const begun: readonly Said[] = [
  ['dst', '<-', greeting(11, 1, 3)],
  ['src', '<-', greeting(11, 1, 3)],
  ['src', '->', capabilities('events')],
  ['src', '<-', done('caps')],
]
const migrated: readonly Said[] = [
  ...begun,
  ['src', '->', { execute: 'migrate', arguments: { uri: 'unix:m.sock' }, id: 'm' }],
  ['src', '<-', migration('setup')],
  ['src', '<-', done('m')],
]
/** To an address where nobody listens. */
const failed: readonly Said[] = [...migrated, ['src', '<-', migration('failing')], ['src', '<-', migration('failed')]]
const quiet: Said = ['src', '!!', { quiet: 2 }]

/** What a judgement is, without its words. */
const brief = ({ verdict, line, side, claim, rule }: Judgement) =>
  Object.fromEntries(Object.entries({ verdict, line, side, claim, rule }).filter(([, value]) => value !== undefined))

describe('a transcript', () => {
  test('conforms when the rules allow every line of it', () => {
    const judgement = validate(transcript([...failed, quiet]))
    expect(judgement).toMatchInlineSnapshot(`
      {
        "file": "made-up.ndjson",
        "message": "made-up.ndjson: conforms; 8 observations, 16 states fit at the end",
        "skipped": {},
        "verdict": "conforms",
        "version": "11.1.3",
      }
    `)
  })

  test('violates where a status comes that cannot, with what could have come and the nearest rule', () => {
    const judgement = validate(transcript([...migrated, ['src', '<-', migration('failed')]]))
    expect(brief(judgement)).toMatchInlineSnapshot(`
      {
        "line": 9,
        "rule": "src/fail-to-connect",
        "side": "src",
        "verdict": "violates",
      }
    `)
    expect(judgement.message).toMatchInlineSnapshot(`
      "made-up.ndjson:9  src  MIGRATION {"status":"failed"}
        could not come here.  96 states fit the lines before it; from them might have come
          src  STOP {}   (in 160)
          src  BLOCK_IO_ERROR {"action":"ignore"}   (in 64)
          src  BLOCK_IO_ERROR {"action":"report"}   (in 64)
          src  BLOCK_IO_ERROR {"action":"stop"}   (in 64)
          src  WATCHDOG {"action":"debug"}   (in 64)
          src  WATCHDOG {"action":"inject-nmi"}   (in 64)
          src  WATCHDOG {"action":"none"}   (in 64)
          src  WATCHDOG {"action":"pause"}   (in 64)
          and 10 more
        nearest: "fail to connect" wants to be taken at another moment: what was asked, or said before, does not fit
                 migration/migration.c:migration_connect_error_propagate, migration/migration.c:migration_cleanup
        it had come to this by
          4  src  migrate-set-capabilities
          6  src  migrate
          7  src  MIGRATION setup"
    `)
  })

  test('a status that no release has is a finding of its own, and in a newer release no verdict', () => {
    const strange: Said[] = [...migrated, ['src', '<-', migration('teleporting')]]
    const found = validate(transcript(strange))
    expect(brief(found)).toEqual({ verdict: 'violates', line: 9, side: 'src' })
    expect(found.message).toContain('the status "teleporting" is in no release that is known')
    const newer = strange.map((said): Said => ('QMP' in said[2] ? [said[0], said[1], greeting(12, 0)] : said))
    expect(brief(validate(transcript(newer)))).toEqual({ verdict: 'inconclusive', line: 9, side: 'src' })
    const asked: Said[] = [
      ...migrated,
      ['src', '->', { execute: 'query-migrate', id: 'q' }],
      ['src', '<-', { return: { status: 'teleporting' }, id: 'q' }],
    ]
    expect(validate(transcript(asked)).message).toContain('the status "teleporting"')
  })

  test('violates where an event comes twice', () => {
    const twice = validate(transcript([...failed, ['src', '<-', migration('failed')]]))
    expect(twice.message).toMatchInlineSnapshot(`
      "made-up.ndjson:11  src  MIGRATION {"status":"failed"}
        could not come here.  24 states fit the lines before it; from them might have come
          src  STOP {}   (in 40)
          src  BLOCK_IO_ERROR {"action":"ignore"}   (in 16)
          src  BLOCK_IO_ERROR {"action":"report"}   (in 16)
          src  BLOCK_IO_ERROR {"action":"stop"}   (in 16)
          src  WATCHDOG {"action":"debug"}   (in 16)
          src  WATCHDOG {"action":"inject-nmi"}   (in 16)
          src  WATCHDOG {"action":"none"}   (in 16)
          src  WATCHDOG {"action":"pause"}   (in 16)
          and 7 more
        nearest: "fail to open what was named" wants to be taken at another moment: what was asked, or said before, does not fit
                 migration/channel.c:migration_connect_outgoing, migration/migration.c:migration_connect_error_propagate
        it had come to this by
          4  src  migrate-set-capabilities
          6  src  migrate
          7  src  MIGRATION setup
          9  src  MIGRATION failing
          10  src  MIGRATION failed"
    `)
  })

  test('violates where nothing can come', () => {
    const judgement = validate(transcript([...begun, ['dst', '<-', { event: 'RESUME' }]]))
    expect(judgement.message).toMatchInlineSnapshot(`
      "made-up.ndjson:6  dst  RESUME {}
        could not come here.  24 states fit the lines before it; from them might have come
          src  STOP {}   (in 40)
          src  BLOCK_IO_ERROR {"action":"ignore"}   (in 16)
          src  BLOCK_IO_ERROR {"action":"report"}   (in 16)
          src  BLOCK_IO_ERROR {"action":"stop"}   (in 16)
          src  WATCHDOG {"action":"debug"}   (in 16)
          src  WATCHDOG {"action":"inject-nmi"}   (in 16)
          src  WATCHDOG {"action":"none"}   (in 16)
          src  WATCHDOG {"action":"pause"}   (in 16)
          and 7 more
        nearest: "continue a stopped guest" wants dst.vm prelaunch or paused or postmigrate or restore-vm or io-error or guest-panicked or watchdog or debug; it is inmigrate
                 system/cpus.c:vm_prepare_start
        it had come to this by
          4  src  migrate-set-capabilities"
    `)
  })

  test('violates at the first line of those that each side is stuck at', () => {
    const wrong: Said[] = [
      ['dst', '<-', { event: 'RESUME' }],
      ['src', '<-', migration('failed')],
    ]
    expect(brief(validate(transcript([...migrated, ...wrong])))).toMatchObject({ line: 9, side: 'dst' })
    expect(brief(validate(transcript([...migrated, ...wrong.toReversed()])))).toMatchObject({ line: 9, side: 'src' })
  })

  test('violates where the answer is not the one that this state gives', () => {
    const ask: Said = ['src', '->', { execute: 'query-status', id: 'q' }]
    const answer = (status: string): Said => [
      'src',
      '<-',
      { return: { status, running: status === 'running' }, id: 'q' },
    ]
    expect(validate(transcript([...migrated, ask, answer('running')])).verdict).toBe('conforms')
    expect(validate(transcript([...migrated, ask, answer('postmigrate')])).message).toMatchInlineSnapshot(`
      "made-up.ndjson:10  src  the answer {"status":"postmigrate","running":false} to query-status
        could not come here.  96 states fit the lines before it; from them might have come
          src  STOP {}   (in 160)
          src  BLOCK_IO_ERROR {"action":"ignore"}   (in 64)
          src  BLOCK_IO_ERROR {"action":"report"}   (in 64)
          src  BLOCK_IO_ERROR {"action":"stop"}   (in 64)
          src  WATCHDOG {"action":"debug"}   (in 64)
          src  WATCHDOG {"action":"inject-nmi"}   (in 64)
          src  WATCHDOG {"action":"none"}   (in 64)
          src  WATCHDOG {"action":"pause"}   (in 64)
          and 12 more
        query-status answers as things are then
                 system/runstate.c:qmp_query_status
        it had come to this by
          4  src  migrate-set-capabilities
          6  src  migrate
          7  src  MIGRATION setup"
    `)
  })

  test('violates where an error is of another class', () => {
    const heartbeat = (errorClass: string) =>
      validate(
        transcript([
          ...begun,
          ['src', '->', { execute: 'x-colo-lost-heartbeat', id: 'h' }],
          ['src', '<-', { error: { class: errorClass, desc: 'VM is not in COLO mode' }, id: 'h' }],
        ]),
      )
    expect(heartbeat('GenericError').verdict).toBe('conforms')
    expect(heartbeat('CommandNotFound').message).toMatchInlineSnapshot(`
      "made-up.ndjson:7  src  the error CommandNotFound to x-colo-lost-heartbeat
        could not come here.  24 states fit the lines before it; from them might have come
          src  STOP {}   (in 40)
          src  the error GenericError "VM is not in COLO mode"   (in 24)
          src  BLOCK_IO_ERROR {"action":"ignore"}   (in 16)
          src  BLOCK_IO_ERROR {"action":"report"}   (in 16)
          src  BLOCK_IO_ERROR {"action":"stop"}   (in 16)
          src  WATCHDOG {"action":"debug"}   (in 16)
          src  WATCHDOG {"action":"inject-nmi"}   (in 16)
          src  WATCHDOG {"action":"none"}   (in 16)
          and 8 more
        nearest: "have no x-colo-lost-heartbeat" wants src.replication left out; it is built
                 qapi/qmp-dispatch.c:qmp_dispatch
        it had come to this by
          4  src  migrate-set-capabilities"
    `)
  })

  test('violates where an answer answers nothing', () => {
    expect(validate(transcript([...failed, ['src', '<-', done('x')]])).message).toMatchInlineSnapshot(`
      "made-up.ndjson:11  src  an answer to nothing that was asked
        could not come here.  24 states fit the lines before it; from them might have come
          src  STOP {}   (in 40)
          src  BLOCK_IO_ERROR {"action":"ignore"}   (in 16)
          src  BLOCK_IO_ERROR {"action":"report"}   (in 16)
          src  BLOCK_IO_ERROR {"action":"stop"}   (in 16)
          src  WATCHDOG {"action":"debug"}   (in 16)
          src  WATCHDOG {"action":"inject-nmi"}   (in 16)
          src  WATCHDOG {"action":"none"}   (in 16)
          src  WATCHDOG {"action":"pause"}   (in 16)
          and 7 more
        no rule says anything like it
        it had come to this by
          4  src  migrate-set-capabilities
          6  src  migrate
          7  src  MIGRATION setup
          9  src  MIGRATION failing
          10  src  MIGRATION failed"
    `)
    expect(brief(validate(transcript([...failed, ['src', '<-', done('m')]])))).toMatchObject({ line: 11 })
  })

  test('violates where answers come in another order than the commands', () => {
    const asked: Said[] = [
      ...begun,
      ['src', '->', { execute: 'query-status', id: 1 }],
      ['src', '->', { execute: 'query-colo-status', id: 2 }],
    ]
    const status: Said = ['src', '<-', { return: { status: 'running', running: true }, id: 1 }]
    const none: Said = ['src', '<-', { return: { mode: 'none', 'last-mode': 'none', reason: 'none' }, id: 2 }]
    expect(validate(transcript([...asked, status, none])).verdict).toBe('conforms')
    expect(validate(transcript([...asked, none, status])).message).toMatchInlineSnapshot(
      `
      "made-up.ndjson:8  src  the answer {"mode":"none","last-mode":"none","reason":"none"} to query-colo-status
        could not come here.  24 states fit the lines before it; from them might have come
          src  STOP {}   (in 80)
          src  BLOCK_IO_ERROR {"action":"ignore"}   (in 32)
          src  BLOCK_IO_ERROR {"action":"report"}   (in 32)
          src  BLOCK_IO_ERROR {"action":"stop"}   (in 32)
          src  WATCHDOG {"action":"debug"}   (in 32)
          src  WATCHDOG {"action":"inject-nmi"}   (in 32)
          src  WATCHDOG {"action":"none"}   (in 32)
          src  WATCHDOG {"action":"pause"}   (in 32)
          and 9 more
        nearest: "have no query-colo-status" wants src.replication left out; it is built
                 qapi/qmp-dispatch.c:qmp_dispatch
        it had come to this by
          4  src  migrate-set-capabilities"
    `,
    )
  })

  test('violates where nothing more came though something must', () => {
    const judgement = validate(transcript([...migrated, quiet]))
    expect(brief(judgement)).toMatchInlineSnapshot(`
      {
        "line": 9,
        "rule": "src/become-active",
        "side": "src",
        "verdict": "violates",
      }
    `)
    expect(judgement.message).toMatchInlineSnapshot(`
      "made-up.ndjson:9  src  nothing more came for 2 s
        but something must come: in each of the 128 states that fit, QEMU owes a step
          src/become-active   (in 48 of them)
          src/announce-active   (in 48 of them)
          src/fail-to-connect   (in 32 of them)
          connect-to-where-nobody-answers   (in 32 of them)
          src/suspend-the-guest   (in 32 of them)"
    `)
  })

  test('violates where a command was not answered that must be', () => {
    const judgement = validate(
      transcript([
        ...failed,
        ['src', '->', { execute: 'query-status', id: 'q' }],
        ['src', '!!', { unanswered: 'q', seconds: 5 }],
      ]),
    )
    expect(judgement.verdict).toBe('violates')
    expect(judgement.message).toMatchInlineSnapshot(`
      "made-up.ndjson:12  src  the command with id "q" had no answer for 5 s
        but something must come: in each of the 64 states that fit, QEMU owes a step
          src/suspend-the-guest   (in 16 of them)
          src/stop-the-running-guest-for-internal-error   (in 16 of them)"
    `)
  })

  test('conforms where a command is not answered yet', () => {
    const asked: Said = ['src', '->', { execute: 'query-status', id: 'q' }]
    expect(validate(transcript([...failed, asked])).verdict).toBe('conforms')
  })

  test('skips what no rule speaks of, and counts it', () => {
    const judgement = validate(
      transcript([
        ...begun,
        ['src', '->', { execute: 'qom-list', arguments: { path: '/' }, id: 'a' }],
        ['src', '<-', { return: [], id: 'a' }],
        ['src', '->', { execute: 'qom-list', arguments: { path: '/' }, id: 'b' }],
        ['src', '<-', { event: 'RTC_CHANGE', data: { offset: 1 } }],
        ['src', '<-', { return: [], id: 'b' }],
        ['dst', '->', { 'exec-oob': 'made-up' }],
      ]),
    )
    expect(judgement.verdict).toBe('conforms')
    expect(judgement.skipped).toEqual({ 'qom-list': 2, RTC_CHANGE: 1, 'made-up': 1 })
  })

  test('is inconclusive when nothing was recorded', () => {
    expect(validate(transcript([])).message).toMatchInlineSnapshot(
      `"made-up.ndjson: nothing was recorded of either side"`,
    )
    expect(brief(validate(transcript([quiet])))).toEqual({ verdict: 'inconclusive' })
  })

  test('is inconclusive when more states are possible than may be kept', () => {
    const judgement = validate(recorded('incoming-early-13.ndjson'), { limit: 2000 })
    expect(brief(judgement)).toEqual({ verdict: 'inconclusive' })
    expect(judgement.message).toMatchInlineSnapshot(
      `"incoming-early-13.ndjson: too little is known to judge it: more than 2000 states are possible at once"`,
    )
  })
})

describe('of one side only', () => {
  const alone = (said: readonly Said[]) => transcript(said.filter(([side]) => side === 'src'))

  test('the other may have done anything', () => {
    const both = recorded('precopy-return-path-76.ndjson')
    const listens = both.lines.findIndex(({ side, msg }) => side === 'dst' && msg.execute === 'migrate-incoming')
    expect(validate({ ...both, lines: both.lines.filter(({ side }) => side === 'src') }).verdict).toBe('conforms')
    // A destination that was watched and did not listen cannot have said on the return path that it is done.
    const idle = { ...both, lines: both.lines.filter(({ side }, i) => side === 'src' || i < listens) }
    const [first] = both.lines
    const line = {
      ...first,
      side: 'dst',
      dir: '!!',
      line: both.lines.length + 9,
      msg: { quiet: 1 },
    } as (typeof both.lines)[0]
    expect(brief(validate({ ...idle, lines: [...idle.lines, line] }))).toMatchObject({
      verdict: 'violates',
      side: 'src',
    })
    // One that was watched for a while may have been started so that it listens, and have said all else unread.
    expect(validate(idle).verdict).toBe('conforms')
  })

  test('this one is bound by the rules all the same', () => {
    expect(brief(validate(alone([...migrated, ['src', '<-', migration('failed')]])))).toMatchInlineSnapshot(`
      {
        "line": 8,
        "rule": "src/fail-to-connect",
        "side": "src",
        "verdict": "violates",
      }
    `)
  })
})

test('nobody owes anything while something is held up', () => {
  const held = new Holdups()
  expect([held.tell('src', 'cut'), held.none]).toEqual([true, true])
  expect([held.tell('src', 'stall'), held.none]).toEqual([false, false])
  expect([held.tell('dst', 'resume'), held.none]).toEqual([false, false])
  expect([held.tell('src', 'resume'), held.none]).toEqual([false, true])
  // Of two strangers who say nothing one waits, and may have taken the last place.
  expect([held.tell('dst', 'stray'), held.none]).toEqual([true, true])
  expect([held.tell('dst', 'stray'), held.none]).toEqual([true, false])
})

describe('faults', () => {
  const active = recorded('precopy-running-19.ndjson')
  const at = active.lines.findIndex(({ side, msg }) => side === 'src' && msg.event === 'MIGRATION_PASS')
  const failing = (header: Header, ...before: Said[]): Judgement => {
    const said = active.lines.slice(0, at).map(({ side, dir, msg }): Said => [side, dir, msg])
    return validate(
      transcript([...said, ...before, ['src', '<-', migration('failing')], ['src', '<-', migration('failed')]], header),
    )
  }

  test('may have happened unseen, unless all of them are listed', () => {
    expect(failing({ lockstep: 1, qemu: '11.1.3' }).verdict).toBe('conforms')
    expect(failing(listed).message).toMatchInlineSnapshot(`
      "made-up.ndjson:46  src  MIGRATION {"status":"failing"}
        could not come here.  8 states fit the lines before it; from them might have come
          src  STOP {}   (in 14)
          src  BLOCK_IO_ERROR {"action":"ignore"}   (in 4)
          src  BLOCK_IO_ERROR {"action":"report"}   (in 4)
          src  BLOCK_IO_ERROR {"action":"stop"}   (in 4)
          src  MIGRATION_PASS {"pass":"..."}   (in 4)
          src  WATCHDOG {"action":"debug"}   (in 4)
          src  WATCHDOG {"action":"inject-nmi"}   (in 4)
          src  WATCHDOG {"action":"none"}   (in 4)
          and 9 more
        nearest: "announce failing" wants src.saying failing; it is nothing
                 migration/migration.c:migrate_set_state, migration/migration.c:migrate_generate_event
        it had come to this by
          ...
          10  dst  migrate-set-capabilities
          12  dst  migrate-incoming
          13  dst  MIGRATION setup
          27  src  migrate-set-parameters
          29  src  migrate
          30  src  MIGRATION setup
          32  dst  MIGRATION active
          33  src  MIGRATION active"
    `)
  })

  test('that are listed explain what comes after them, others do not', () => {
    expect(failing(listed, ['src', '!!', { fault: 'cut' }]).verdict).toBe('conforms')
    expect(failing(listed, ['dst', '!!', { fault: 'kill' }]).verdict).toBe('conforms')
    expect(failing(listed, ['dst', '!!', { fault: 'sneeze' }]).verdict).toBe('violates')
  })

  test('that are listed explain nothing that came before them', () => {
    const late = (fault: string) => {
      const said = active.lines.slice(0, at).map(({ side, dir, msg }): Said => [side, dir, msg])
      const lines: Said[] = [...said, ['src', '<-', migration('failing')], ['src', '!!', { fault }]]
      return validate(transcript([...lines, ['src', '<-', migration('failed')]])).verdict
    }
    expect(late('cut')).toBe('violates')
    expect(late('half-close src')).toBe('violates')
  })

  test('end a side whose last words are read before what they answer', () => {
    // The primary went on because the secondary had, which was read when the primary had been killed already.
    const read = recorded('10.0.13/coloft-failover-secondary-3.ndjson')
    const [kill, other] = ['kill', 'RESUME'].map((word, i) =>
      read.lines.findLastIndex(({ side, msg }) =>
        i === 0 ? msg.fault === word : side === 'src' && msg.event === word,
      ),
    )
    expect([other, kill]).toEqual([39, 40])
    expect(read.lines.findIndex(({ side, msg }, i) => i > 40 && side === 'dst' && msg.event === 'RESUME')).toBe(41)
    expect(validate(read).verdict).toBe('known deviation')
  })
})

describe('what only delays', () => {
  const fault = (side: Side, name: string): Said => [side, '!!', { fault: name }]
  /** The failure that must come does not. */
  const silent = (...faults: Said[]) => validate(transcript([...migrated, ...faults, quiet])).verdict
  test.each([
    ['stall', 'resume'],
    ['slow', 'resume'],
    ['stop', 'cont'],
    ['refuse', 'accept'],
  ])('%s: nobody owes anything until %s, and everything after it', (delay, end) => {
    expect(silent()).toBe('violates')
    expect(silent(fault('src', delay))).toBe('conforms')
    expect(silent(fault('src', delay), fault('src', end))).toBe('violates')
  })

  test('each has an end of its own', () => {
    expect(silent(fault('src', 'stop'), fault('dst', 'cont'))).toBe('conforms')
    expect(silent(fault('src', 'stop'), fault('src', 'stall'), fault('src', 'resume'))).toBe('conforms')
    // What no rule knows is owed nothing for good.
    expect(silent(fault('src', 'sneeze'), fault('src', 'resume'))).toBe('conforms')
  })
})

describe('the version', () => {
  const judged = (said: readonly Said[], header: Header, version?: string) => {
    const { verdict, message, ...rest } = validate(transcript(said, header), version === undefined ? {} : { version })
    return [rest.version, verdict, message]
  }
  const bare: Said[] = [
    ['dst', '->', { execute: 'qmp_capabilities' }],
    ...failed.filter(([, , msg]) => !('QMP' in msg)),
  ]

  test.each([
    ['the greeting', [...begun.slice(0, 2), ...bare], { lockstep: 1, qemu: '7.2.22' }, undefined, '11.1.3'],
    ['the header', bare, { lockstep: 1, qemu: '11.1.0' }, undefined, '11.1.0'],
    ['one side in the header', bare, { lockstep: 1, qemu: { dst: '11.1.3' } }, undefined, '11.1.3'],
    ['whoever asks', [...begun.slice(0, 2), ...bare], { lockstep: 1, qemu: '7.2.22' }, '11.1', '11.1'],
  ] as const)('is what %s says', (_, said, header, asked, version) => {
    expect(judged(said, header as Header, asked).slice(0, 2)).toEqual([version, 'conforms'])
  })

  test('that nobody names makes a transcript inconclusive', () => {
    expect(judged(bare, { lockstep: 1 })).toMatchInlineSnapshot(`
      [
        "unknown",
        "inconclusive",
        "made-up.ndjson: no greeting and no header names the version; say --version",
      ]
    `)
    expect(judged(bare, { lockstep: 1, qemu: 'next' })[1]).toBe('inconclusive')
  })

  test('that is older than all we know makes it inconclusive', () => {
    expect(judged([['src', '<-', greeting(6, 2)], ...bare], { lockstep: 1 })).toMatchInlineSnapshot(`
      [
        "6.2.0",
        "inconclusive",
        "there are no rules for QEMU 6.2 yet; there are for 7.2, 10.0, 10.2, 11.1",
      ]
    `)
  })

  test('that is newer than all we know is judged by the newest, and that is said', () => {
    expect(judged([['src', '<-', greeting(12, 0)], ...bare], { lockstep: 1 })).toMatchInlineSnapshot(`
      [
        "12.0.0",
        "conforms",
        "made-up.ndjson: conforms; 7 observations, 108 states fit at the end
        there are no rules for QEMU 12.0, which is newer than all that are known; judged by those of 11.1",
      ]
    `)
    expect(judged([...bare, ['src', '<-', migration('failed')]], { lockstep: 1, qemu: '11.2.0' })[2]).toContain(
      'there are no rules for QEMU 11.2',
    )
  })

  test.each(['6.2', '11', 'eleven', '', '11.1.3.4'])('is refused when %j is asked for', version => {
    expect(() => judged(bare, listed, version)).toThrow(VersionError)
  })
})

describe('a claim', () => {
  test('that this version is known to break makes a deviation', () => {
    const judgement = validate(recorded('device-cancel-12.ndjson'))
    expect(brief(judgement)).toMatchInlineSnapshot(`
      {
        "claim": "two guests run though nobody continued one by hand",
        "line": 53,
        "side": "dst",
        "verdict": "known deviation",
      }
    `)
    expect(judgement.message).toMatchInlineSnapshot(
      `
      "device-cancel-12.ndjson:53: the rules of 11.1 allow it, and it breaks "two guests run though nobody continued one by hand"
        A cancel in device, after the destination has the whole stream, gives the guest back to the source while the destination starts it too.
        device-cancel-12.ndjson:53: it breaks "a cancelled migration completes on the destination", too, as 11.1 is known to"
    `,
    )
  })

  test('that looks back is broken by what was said before, and by a rule that says too much', () => {
    const recovering = recorded('7.2.22/recover-dead-unix-2.ndjson')
    expect(validate(recovering).claims).toMatchInlineSnapshot(`
      [
        "the destination has announced setup and is not in it",
        "a recovery is attempted and no status says so",
        "the destination in postcopy has a status that it did not announce",
      ]
    `)
    // The same claims are kept where QEMU says what it is.
    expect(validate(recorded('11.1.3/recover-several-1.ndjson')).claims ?? []).toEqual([])
  })

  /** The validator with other claims. */
  async function withClaims(change: (claims: readonly Claim[]) => readonly Claim[]): Promise<typeof validate> {
    vi.resetModules()
    vi.doMock('../spec/claims.ts', async original => {
      const { claims } = await original<typeof import('../spec/claims.ts')>()
      return { claims: change(claims) }
    })
    const fresh = await import('./validate.ts')
    vi.doUnmock('../spec/claims.ts')
    return fresh.validate
  }

  test('that something must come is broken by a quiet end where it cannot any more', async () => {
    const sooner = await withClaims(claims => claims.filter(({ kind }) => kind === 'leadsTo'))
    const cancelled = recorded('colo-cancel-8.ndjson')
    const kill = cancelled.lines.findIndex(({ msg }) => msg.fault === 'kill')
    const before = cancelled.lines.slice(0, kill)
    const end: Line = { line: kill + 2, t: 99, side: 'src', dir: '!!', msg: { quiet: 10 } }
    expect(sooner({ ...cancelled, lines: before }).verdict).toBe('conforms')
    expect(sooner({ ...cancelled, lines: [...before, end] }).message).toMatchInlineSnapshot(`
      "colo-cancel-8.ndjson:84: the rules of 11.1 allow it, and it breaks "a cancel leads to cancelled"
        In COLO nobody releases the COLO thread after a cancel: the status stays cancelling until the process ends."
    `)
  })

  test('that no version was known to break makes a violation', async () => {
    const strictly = await withClaims(claims => claims.map(claim => ({ ...claim, broken: {} })))
    expect(strictly(recorded('device-cancel-12.ndjson')).message).toMatchInlineSnapshot(
      `
      "device-cancel-12.ndjson:53: breaks the claim "two guests run though nobody continued one by hand"
        device-cancel-12.ndjson:53: it breaks "a cancelled migration completes on the destination", too"
    `,
    )
  })

  test('is broken only where that is certain', async () => {
    const never: Claim = {
      kind: 'never',
      name: 'the guest is never started',
      system: 'precopy',
      where: [{ 'src.vm': 'prelaunch' }],
      to: [],
      without: [],
      observers: [],
      broken: {},
      seen: {},
    }
    const strictly = await withClaims(() => [never])
    const asked: Said[] = [
      ...failed,
      ['src', '->', { execute: 'query-status', id: 'q' }],
      ['src', '<-', { return: { status: 'prelaunch', running: false }, id: 'q' }],
    ]
    // Whether the guest runs is not known before somebody asks.
    expect(strictly(transcript(failed)).verdict).toBe('conforms')
    expect(brief(strictly(transcript(asked)))).toEqual({
      verdict: 'violates',
      line: 12,
      side: 'src',
      claim: never.name,
    })
  })
})

/** Real runs that the rules do not explain, each with the reason. */
const unexplained = [
  // The guest is seen to start as its process does, which the rules take to be over before the monitor is there.
  'kill-dst-65.ndjson',
]

/** Every real run: those of 11.1.3 that came first, and a folder for each version. */
const runs = readdirSync(folder, { recursive: true })
  .map(String)
  .filter(file => file.endsWith('.ndjson'))
  .sort()
const versionOf = (file: string): string => dirname(file).replace(/^\.$/, '11.1.3')

describe('the recorded runs', () => {
  test('are small, name their case and version, and no path of the machine that they were recorded on', () => {
    const texts = runs.map(file => readFileSync(join(folder, file), 'utf8'))
    expect(texts.join('').length).toBeLessThan(6_000_000)
    for (const [i, text] of texts.entries()) {
      const file = runs[i] ?? ''
      expect(text.length, file).toBeLessThan(60 * 1024)
      expect(text, file).not.toMatch(/\/(tmp|work|root|home|usr|var|run)\b/)
      const { header, lines } = recorded(file)
      expect(header, file).toMatchObject({ case: expect.stringMatching(/^[\w/-]+$/) })
      const sides = new Set(lines.map(({ side }) => side))
      expect(header.qemu, file).toMatchObject(Object.fromEntries([...sides].map(side => [side, versionOf(file)])))
    }
  })

  test('are of each version, and of many scenarios', () => {
    const scenarios = (version: string) =>
      new Set(runs.filter(file => versionOf(file) === version).map(file => basename(file).replace(/-\d+\.ndjson$/, '')))
    const counts = [...new Set(runs.map(versionOf))].map(version => [version, scenarios(version).size])
    expect(Object.fromEntries(counts)).toMatchInlineSnapshot(`
      {
        "10.0.13": 65,
        "10.2.2": 64,
        "11.1.3": 147,
        "7.2.22": 65,
      }
    `)
  })
})

describe.each([...new Set(runs.map(versionOf))])('recorded of QEMU %s', version => {
  test('conform, all but these', { timeout: 600_000 }, async () => {
    const judged = runs
      .filter(file => versionOf(file) === version && !unexplained.includes(file))
      .map(file => validate(recorded(file)))
    const which = (verdict: string) => judged.filter(one => one.verdict === verdict)
    const known = which('known deviation')
    const lines = [...new Set(known.flatMap(({ claims = [] }) => claims))].sort().flatMap(claim => {
      const files = known
        .filter(({ claims = [] }) => claims.includes(claim))
        .map(({ file }) => `- ${basename(file, '.ndjson')}`)
      return [`${claim}:`, ...files.sort(), '']
    })
    const text = [
      `${which('conforms').length} of ${judged.length} conform; the others show what is known:`,
      '',
      ...lines,
    ]
    await expect(text.join('\n')).toMatchFileSnapshot(join(folder, '..', `${version}.txt`))
    const wrong = [...which('violates'), ...which('inconclusive')]
    expect(wrong.map(({ message }) => message)).toEqual([])
  })
})

describe('a recorded run that is not explained', () => {
  test('is so where a guest is seen to start as its process does', () => {
    const first = (file: string) => validate(recorded(file)).message.split('\n')[0]
    expect(unexplained.map(first)).toMatchInlineSnapshot(`
      [
        "kill-dst-65.ndjson:4  src  RESUME {}",
      ]
    `)
  })
})
