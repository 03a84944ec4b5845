import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { flatten } from '../../impl/flatten.ts'
import { type Claim, machine, type System, system } from '../../spec/lang.ts'
import { Cache, drawingFiles, keyOf } from './cache.ts'
import { allClaims, allSystems } from './ids.ts'
import { type Found, find, findOrRecall, unitsOf } from './unit.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-cache-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the name of a result', () => {
  const made = (change: { [member: string]: unknown } = {}, more: { [member: string]: unknown } = {}): System =>
    ({
      ...system('one', {
        about: '',
        sides: {
          s: [
            machine('m', { v: ['a', 'b'] }, { t: [{ name: 'go', cite: 'f.c:f', does: { v: 'a -> b' }, ...change }] }),
          ],
        },
      }),
      ...more,
    }) as System
  const claim = { ...allClaims[0], name: 'c', without: [], rule: undefined } as unknown as Claim
  const name = (of: System, claims: readonly Claim[] = [claim], versions = ['9.0'], by = 'code') =>
    keyOf(flatten(of, versions[0] ?? ''), { system: of, versions, claims }, by)

  test('is the same for the same', () => expect(name(made())).toBe(name(made())))

  test.each([
    ['what a rule does', name(made({ does: { v: 'b -> a' } }))],
    ['whether it is owed', name(made({ may: true }))],
    ['who does it', name(made({ on: { fault: 'push' } }))],
    ['its name', name(made({ name: 'walk' }))],
    ['its cite', name(made({ cite: 'f.c:g' }))],
    ['the release that has it', name(made({ since: '9.1' }))],
    ['where a system starts', name(made({}, { start: { 's.v': 'b' } }))],
    ['a claim', name(made(), [{ ...claim, name: 'd' }])],
    ['what is known to break it', name(made(), [{ ...claim, broken: { '9.0': 'it is' } }])],
    ['a claim more', name(made(), [claim, claim])],
    ['whether what a claim leaves out is there', name(made({ name: 'x' }), [{ ...claim, without: ['s: go'] }])],
    ['the releases', name(made(), [claim], ['9.1'])],
    ['our code', name(made(), [claim], ['9.0'], 'other code')],
  ])('changes with %s', (_, other) => expect(other).not.toBe(name(made())))
})

describe('what was found before', () => {
  const [unit] = unitsOf(
    allSystems.filter(({ name }) => name === 'COLO left out'),
    ['11.1'],
    allClaims.map(({ id }) => id),
  )
  const ask = () => findOrRecall(unit as NonNullable<typeof unit>, folder)
  const timeless = ({ seconds: _, recalled: __, ...found }: Found) => found

  test('is answered again, and is what is found without it', () => {
    expect(ask().recalled).toBeUndefined()
    const again = ask()
    expect(again.recalled).toBe(true)
    expect(timeless(again)).toEqual(timeless(find(unit as NonNullable<typeof unit>)))
  })

  test.each([
    ['cut off', (text: string) => text.slice(0, -1)],
    ['empty', () => ''],
    ['changed in one digit', (text: string) => text.replace('"steps":3', '"steps":4')],
    ['not JSON', () => 'x\ny'],
    ['of another', (text: string) => text],
  ])('is found again when its file is %s', (how, damage) => {
    const whole = ask()
    const [file = ''] = readdirSync(folder)
    const text = readFileSync(join(folder, file), 'utf8')
    expect(text).toContain('"steps":3')
    // Under another name the very same text is no result.
    if (how === 'of another') {
      writeFileSync(join(folder, 'other'), text)
      expect(new Cache(folder).get('other')).toBeUndefined()
      return
    }
    writeFileSync(join(folder, file), damage(text))
    const again = ask()
    expect(again.recalled).toBeUndefined()
    expect(timeless(again)).toEqual(timeless(whole))
    expect(ask().recalled).toBe(true)
  })

  test('is kept nowhere when the folder cannot be written', () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    const cache = new Cache<number>(join(file, 'below'))
    cache.set('k', 1)
    expect(cache.get('k')).toBeUndefined()
  })

  test("is not looked at again for the page, in whichever release's words, until its file is no longer whole", () => {
    let looks = 0
    const part = { machines: [], tellings: [], outcomes: [] }
    const look = () => {
      looks += 1
      return part
    }
    const drawn = (release: string) => {
      const wanted = { ...(unit as NonNullable<typeof unit>), drawn: release }
      return findOrRecall(wanted, folder, {}, () => {}, look)
    }
    const before = ask()
    expect(timeless(drawn('11.1'))).toEqual({ ...timeless(before), part })
    expect(looks).toBe(1)
    expect(drawn('11.0')).toEqual({ ...before, part, recalled: true })
    expect(looks).toBe(1)
    for (const file of readdirSync(folder)) writeFileSync(join(folder, file), 'x')
    expect(drawn('11.1').part).toEqual(part)
    expect(looks).toBe(2)
  })
})

test('what the page takes rests on no source that is not looked at', () => {
  const looked = new Set(drawingFiles())
  const folder = join(import.meta.dirname, '../..')
  const needed = (file: string, known: Set<string>): Set<string> => {
    if (known.has(file)) return known
    known.add(file)
    const imports = readFileSync(file, 'utf8').matchAll(/^import (?!type )[^;]*? from '(\.[^']*)'/gm)
    for (const [, to = ''] of imports) needed(join(file, '..', to), known)
    return known
  }
  const all = [...needed(join(folder, 'diagrams/site/part.ts'), new Set())]
  // What is in spec/ is in the rules themselves, but for orders in which something is drawn.
  expect(all.filter(file => !file.startsWith(join(folder, 'spec')) && !looked.has(file))).toEqual([])
  expect(all.length).toBeGreaterThan(20)
})
