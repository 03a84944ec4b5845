import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { versions } from '../spec/versions.ts'
import { checkAll, drawAll, folder as here, type Pictures, sealed, stampOf, writeAll } from './draw.ts'
import { states } from './plan.ts'

const files = new Map([
  ['one.md', '# one\n'],
  ['two.mmd', 'stateDiagram-v2\n  [*] --> a\n'],
])
const svg = sealed(stampOf('two.mmd', files.get('two.mmd') ?? ''), '<svg/>\n')
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-draw-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('a folder of printed files', () => {
  test('lacks all at first', () => {
    expect(checkAll(files, folder)).toEqual({ stale: [], missing: ['one.md', 'two.mmd', 'two.svg'], extra: [] })
  })

  test('is as it should be once written and drawn', () => {
    expect(writeAll(files, folder)).toEqual(['one.md', 'two.mmd'])
    writeFileSync(join(folder, 'two.svg'), svg)
    expect(checkAll(files, folder)).toEqual({ stale: [], missing: [], extra: [] })
    expect(writeAll(files, folder)).toEqual([])
  })

  test('is stale when one byte is another', () => {
    writeFileSync(join(folder, 'one.md'), '# onf\n')
    expect(checkAll(files, folder).stale).toEqual(['one.md'])
  })

  test('is stale when one byte of a picture is another', () => {
    writeAll(files, folder)
    writeFileSync(join(folder, 'two.svg'), svg.replace('<svg/>', '<svg />'))
    expect(checkAll(files, folder).stale).toEqual(['two.svg'])
    writeFileSync(join(folder, 'two.svg'), svg)
  })

  test('is stale when one byte of a picture that we draw ourselves is another', () => {
    const ours = new Map(files).set('two.svg', '<svg>a</svg>\n')
    writeAll(ours, folder)
    expect(checkAll(ours, folder).stale).toEqual([])
    writeFileSync(join(folder, 'two.svg'), '<svg>b</svg>\n')
    expect(checkAll(ours, folder).stale).toEqual(['two.svg'])
    writeFileSync(join(folder, 'two.svg'), svg)
  })

  test('is stale when a picture was made from another text', () => {
    writeAll(files, folder)
    const changed = new Map(files).set('two.mmd', 'stateDiagram-v2\n  [*] --> b\n')
    expect(checkAll(changed, folder).stale).toEqual(['two.mmd', 'two.svg'])
  })

  test('has too much when something is not printed any more', () => {
    writeFileSync(join(folder, 'three.rst'), '')
    writeFileSync(join(folder, 'three.ts'), '')
    expect(checkAll(files, folder).extra).toEqual(['three.rst'])
  })
})

describe('what is printed of QEMU', () => {
  const drawnPictures: Pictures = new Map()
  const printed = drawAll(undefined, drawnPictures)

  test('says where it comes from', () => {
    for (const text of printed.values()) expect(text.split('\n').slice(0, 2).join('\n')).toContain('npm run draw')
  })

  test('is the same when printed again: what lies here was printed by somebody else', () => {
    for (const [file, text] of printed) expect([file, readFileSync(join(here, file), 'utf8')]).toEqual([file, text])
  })

  test('says of every machine, from each release to the next, what changed or that nothing did', () => {
    const pictures = [...drawnPictures.keys()]
    const index = printed.get('README.md') ?? ''
    for (const { file } of states) {
      const [, line = ''] = new RegExp(`\\(${file}\\.svg\\)\n\nWhat changed in it: (.*)`).exec(index) ?? []
      const said = line.split('; ')
      expect([file, said.length]).toEqual([file, versions.length - 1])
      const linked = said.flatMap(one => /\((.*\.svg)\)/.exec(one)?.[1] ?? [])
      expect(pictures.filter(one => one.startsWith(file) && one.includes('-to-'))).toEqual(linked)
      expect(said.filter(one => one.startsWith('no difference from')).length + linked.length).toBe(said.length)
    }
  })

  test('fits a terminal where it is ASCII', () => {
    for (const file of ['asked-but-error.rst', 'cancelled-but-completed.rst']) {
      const lines = (printed.get(file) ?? '').split('\n').filter(line => line.startsWith('    '))
      expect(Math.max(...lines.map(line => line.length - 4))).toBeLessThanOrEqual(80)
    }
  })
})
