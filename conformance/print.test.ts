import { describe, expect, test } from 'vitest'
import type { JsonObject } from './json.ts'
import { printText } from './print.ts'
import type { Direction, Side } from './transcript.ts'

const line = (side: Side, dir: Direction, msg: JsonObject) => ({ line: 0, t: 0, side, dir, msg })
const setup = {
  timestamp: { seconds: 1646650027, microseconds: 327843 },
  event: 'MIGRATION',
  data: { status: 'setup' },
}

describe('a transcript in print', () => {
  test('of a pair says who speaks, and what the harness saw', () => {
    const lines = [
      line('src', '->', { execute: 'migrate', arguments: { uri: 'unix:m.sock' }, id: 3 }),
      line('src', '<-', setup),
      line('dst', '<-', setup),
      line('src', '<-', { return: {}, id: 3 }),
      line('dst', '!!', { fault: 'kill' }),
      line('src', '<-', { event: 'STOP' }),
      line('dst', '!!', { exit: { code: null, signal: 'SIGKILL', by: 'harness' } }),
      line('src', '!!', { exit: { code: 1, signal: null, by: 'self' } }),
      line('src', '!!', { unanswered: 'lockstep-7', seconds: 5 }),
      line('src', '!!', { closed: true }),
      line('src', '!!', { quiet: 1.5 }),
      line('src', '!!', { broken: 'what came is not JSON' }),
      line('src', '!!', { moon: 'full' }),
    ]
    expect(printText({ lines })).toMatchInlineSnapshot(`
      "# src
      -> {"execute": "migrate", "arguments": {"uri": "unix:m.sock"},
          "id": 3}
      <- {"timestamp": {"seconds": 1646650027, "microseconds": 327843},
          "event": "MIGRATION", "data": {"status": "setup"}}
      # dst
      <- {"timestamp": {"seconds": 1646650027, "microseconds": 327843},
          "event": "MIGRATION", "data": {"status": "setup"}}
      # src
      <- {"return": {}, "id": 3}
      # dst is about to suffer: kill
      # src
      <- {"event": "STOP"}
      # dst died of SIGKILL, which the harness sent
      # src exited with code 1
      # src did not answer "lockstep-7" within 5 s
      # src closed its monitor and lives on
      # src said nothing more for 1.5 s
      # src does not speak QMP: what came is not JSON
      # src {"moon": "full"}
      "
    `)
  })

  test('of one endpoint is as QEMU prints it', () => {
    const lines = [
      line('src', '->', { execute: 'query-status' }),
      line('src', '<-', { return: {} }),
      line('src', '<-', {}),
    ]
    expect(printText({ lines })).toBe('-> {"execute": "query-status"}\n<- {"return": {}}\n<- {}\n')
  })
})
