/** A TLA+ checker that others wrote reads what is printed, and finds the same. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { claims } from '../spec/claims.ts'
import { machine, type System, system } from '../spec/lang.ts'
import { snapshots as ofSnapshots } from '../spec/systems.ts'
import { versions } from '../spec/versions.ts'
import { RANDOM_VERSION, randomSystem } from './arbitrary.ts'
import { comings } from './comings.ts'
import { explore } from './explore.ts'
import type { Flat } from './flat.ts'
import { flatten } from './flatten.ts'
import { cellsOf, pack } from './pack.ts'
import { tla, tlaConfig, tlaName } from './tla.ts'

type Checker = (
  module: string,
  config: string,
  constants: string,
  states: number,
  depth: number,
  deadlock: boolean,
  dot: boolean,
) => string
let check: Checker

beforeAll(async () => {
  const found = createRequire(import.meta.url).resolve('tla-checker')
  const checker: unknown = await import(found)
  const { initSync, check_spec_with_cfg } = checker as {
    initSync: (from: { module: Uint8Array }) => unknown
    check_spec_with_cfg: Checker
  }
  initSync({ module: readFileSync(join(dirname(found), 'tla_checker_bg.wasm')) })
  check = check_spec_with_cfg
})

const snapshots = ofSnapshots as unknown as System

/** What the checker says of a module. */
function checked(flat: Flat, never: Parameters<typeof tla>[1] = [], invariant = 'TypeOK') {
  const said: unknown = JSON.parse(check(tla(flat, never), tlaConfig(invariant), '{}', 1_000_000, 100_000, true, false))
  return said as { success: boolean; error_type: string | null; error_message: string | null; states_explored: number }
}

describe('tla-checker', () => {
  test.each([versions[0], versions.at(-1) ?? ''])(
    'finds the states that we find of a small system of %s',
    { timeout: 240_000 },
    version => {
      const flat = flatten(snapshots, version)
      expect(checked(flat)).toMatchObject({
        success: true,
        error_message: null,
        states_explored: explore(pack(flat)).size.states,
      })
    },
  )

  test('finds the states that we find of random systems', () => {
    fc.assert(
      fc.property(randomSystem, of => {
        const flat = flatten(of, RANDOM_VERSION)
        const { states } = explore(pack(flat)).size
        fc.pre(states < 300)
        expect(checked(flat)).toMatchObject({ success: true, states_explored: states })
      }),
      { numRuns: 40 },
    )
  })

  test('notices a rule that one of us has not', { timeout: 240_000 }, () => {
    const flat = flatten(snapshots, '11.1')
    const taken = explore(pack(flat)).taken
    const row = flat.rows.findLast(({ id, cells }) => (taken[id] ?? 0) > 0 && cells.some(({ to }) => to >= 0))
    const fewer = { ...flat, rows: flat.rows.filter(({ rule }) => rule.id !== row?.rule.id) }
    expect(checked(fewer).states_explored).not.toBe(explore(pack(flat)).size.states)
  })

  test('comes where we come, and not where a rule that is left out keeps us from', { timeout: 240_000 }, () => {
    const chosen = claims.filter(
      ({ system: of, kind, rule, without, observers }) =>
        of === snapshots.name &&
        /never|sometimes/.test(kind) &&
        rule === undefined &&
        without.length + observers.length === 0,
    )
    const flat = flatten(snapshots, '11.1')
    const seen = chosen.slice(0, 1).flatMap(({ name, where }) => {
      const patterns = where.map(pattern => cellsOf(flat, pattern))
      return comings(flat, patterns).map(({ flat: of, comes }) => {
        expect(!checked(of, [patterns], 'Never1').success, name).toBe(comes)
        return comes
      })
    })
    expect(new Set(seen).size).toBe(2)
  })
})

test('a module can be read', () => {
  const values = { door: ['shut', 'ajar', 'open'], lamp: ['off', 'on'] } as const
  const rules = {
    hand: [{ name: 'push', cite: 'x.c:y', where: { lamp: 'on', door: '!open' }, does: { door: '-> open' } } as const],
  }
  const flat = flatten(
    system('a room', {
      about: '',
      sides: { s: [machine('m', values, rules)] },
      start: { 's.lamp': ['off', 'on'] },
    }) as unknown as System,
    '1.0',
  )
  expect(tlaName('COLO of a guest that stops')).toBe('LCOLOOfAGuestThatStops')
  expect(tla(flat, [[cellsOf(flat, { 's.door': 'ajar' })]])).toMatchInlineSnapshot(`
    "---- MODULE LaRoom ----
    \\* a room, version 1.0; printed by lockstep export --to tla.
    \\* Put into LaRoom.cfg: SPECIFICATION Spec, and CHECK_DEADLOCK FALSE.
    VARIABLES v_s_door, v_s_lamp, v_s_process

    vars == <<v_s_door, v_s_lamp, v_s_process>>

    TypeOK ==
      /\\ v_s_door \\in {"shut", "ajar", "open"}
      /\\ v_s_lamp \\in {"off", "on"}
      /\\ v_s_process \\in {"alive", "gone"}

    Init ==
      /\\ v_s_door \\in {"shut"}
      /\\ v_s_lamp \\in {"off", "on"}
      /\\ v_s_process \\in {"alive"}

    \\* s/push
    R1 ==
      \\/ v_s_door \\in {"shut", "ajar"} /\\ v_s_lamp = "on" /\\ v_s_process = "alive" /\\ v_s_door' = "open" /\\ UNCHANGED <<v_s_lamp, v_s_process>>

    Next ==
      \\/ R1

    Spec == Init /\\ [][Next]_vars

    Never1 == ~((v_s_door = "ajar"))

    =======================
    "
  `)
})
