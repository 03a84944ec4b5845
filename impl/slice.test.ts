/** What a slice leaves out could not have been taken, on a system known by heart and on random ones. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { command, machine, type Rule, returns, type System, system } from '../spec/lang.ts'
import { RANDOM_VERSION, randomSystem } from './arbitrary.ts'
import { Chance } from './chance.ts'
import { flatten } from './flatten.ts'
import { encode, pack } from './pack.ts'
import { Group, Slice } from './slice.ts'
import { enabled, type State, starts, take } from './walk.ts'

const rule = (name: string, does: Rule['does'], more: Partial<Rule> = {}): Rule => ({
  name,
  cite: 'f.c:f',
  does,
  ...more,
})
const go = { on: command('go'), says: [returns()] }

const lamp = flatten(
  system('lamp', {
    about: '',
    sides: {
      src: [
        machine(
          'm',
          { light: ['off', 'dim', 'bright'], fuse: ['whole', 'blown'] },
          {
            thread: [
              rule('switch on', { light: 'off -> dim' }, go),
              rule('brighten', { light: 'dim -> bright' }),
              rule('blow', { light: 'bright -> off', fuse: '-> blown' }),
              rule('mend', { light: 'off', fuse: 'blown -> whole' }),
            ],
          },
        ),
      ],
    },
  }) as System,
  '9.0',
)
const named = (name: string) => lamp.rows.filter(row => row.rule.rule.name === name).map(row => row.id)
const taken = (slice: Slice) => lamp.rows.filter(row => slice.has(row.id)).map(row => row.rule.rule.name)

describe('a slice', () => {
  test('has what follows from what was allowed, and no more', () => {
    const slice = new Slice(lamp)
    slice.allow(lamp.rows.filter(row => row.cause === undefined).map(row => row.id))
    expect(taken(slice)).toEqual([])
    slice.allow(named('switch on'))
    expect(taken(slice)).toEqual(['switch on', 'brighten', 'blow', 'mend'])
  })

  test('says what could be, whatever sets it off', () => {
    const slice = new Slice(lamp)
    const fits = (name: string) => named(name).every(row => slice.fits(lamp.rows[row]?.cells ?? []))
    expect(fits('switch on')).toBe(true)
    expect(fits('mend')).toBe(false)
    slice.allow(named('switch on'))
    expect(fits('brighten')).toBe(true)
    expect(taken(slice)).toEqual(['switch on'])
    expect(fits('mend')).toBe(false)
  })
})

describe('on random systems', () => {
  /** Walks by allowed rows only; now and then one more is allowed. */
  const walks = (
    visit: (of: ReturnType<typeof pack>, slice: Slice, group: Group, state: State, allowed: Set<number>) => void,
  ) =>
    fc.assert(
      fc.property(randomSystem, fc.noShrink(fc.integer()), fc.nat({ max: 40 }), (of, seed, length) => {
        const packed = pack(flatten(of, RANDOM_VERSION))
        const { flat } = packed
        const chance = new Chance(seed)
        const allowed = new Set(flat.rows.filter(() => chance.below(3) === 0).map(row => row.id))
        const slice = new Slice(flat)
        slice.allow(allowed)
        const group = new Group(
          packed,
          slice,
          flat.rows.map(row => row.id),
        )
        let state = chance.of(starts(flat)) as State
        for (let i = 0; i < length; i++) {
          const more = chance.below(4) === 0 ? chance.of(flat.rows) : undefined
          if (more !== undefined) {
            allowed.add(more.id)
            slice.allow([more.id])
          }
          visit(packed, slice, group, state, allowed)
          const row = chance.of(enabled(flat, state).filter(({ id }) => allowed.has(id)))
          if (row !== undefined) state = take(flat, state, row)
        }
      }),
      { numRuns: 300 },
    )

  test('no state that is reached passes the tests of a row that is left out', () => {
    let out = 0
    walks(({ flat }, slice, _, state, allowed) => {
      for (const { name, values } of flat.variables) {
        const bits = slice.values[flat.index.get(name) ?? -1] ?? 0
        expect((bits >>> values.indexOf(state[name] ?? '')) & 1).toBe(1)
      }
      for (const { id, cells } of enabled(flat, state)) {
        expect(slice.fits(cells)).toBe(true)
        expect(slice.has(id)).toBe(allowed.has(id))
      }
      out += flat.rows.filter(row => allowed.has(row.id) && !slice.has(row.id)).length
    })
    expect(out).toBeGreaterThan(100)
  })

  test('a group takes the rows that are allowed and enabled, each once', () => {
    walks((packed, _, group, state, allowed) => {
      const found: number[] = []
      const next = new Int32Array(packed.words)
      for (const step of group.compiled()) step(encode(packed, state), 0, next, row => found.push(row))
      const wanted = enabled(packed.flat, state).flatMap(({ id }) => (allowed.has(id) ? [id] : []))
      expect(found.sort((a, b) => a - b)).toEqual(wanted)
    })
  })
})
