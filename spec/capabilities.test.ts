import { describe, expect, test } from 'vitest'
import { Engine } from '../impl/engine.ts'
import { compareVersions, isIn } from '../impl/flat.ts'
import { flatten } from '../impl/flatten.ts'
import { everyCapability, settings } from './capabilities.ts'
import { system } from './lang.ts'
import { versions } from './versions.ts'

const alone = system('capabilities alone', { about: 'One QEMU that is told capabilities.', sides: { src: [settings] } })

describe.each(versions)('capabilities, QEMU %s', version => {
  const engine = Engine.of(flatten(alone, version))
  const has = (capability: string): boolean => isIn(version, everyCapability[capability] ?? {})
  const there = Object.keys(everyCapability).filter(has)

  /** What the rules answer a process that has just been started when it is told to turn these on. */
  const told = (...capabilities: string[]): string[] => {
    const [state = new Int32Array()] = engine.starts({})
    const given = { capabilities: capabilities.map(capability => ({ capability, state: true })) }
    const rows = engine.rowsFor('src', 'migrate-set-capabilities', given).filter(row => engine.holds(state, row.cells))
    return rows.flatMap(row => row.outputs.flatMap(out => (out.kind === 'fails' ? [out.desc] : ['taken'])))
  }

  test('each alone and each two together are taken once, or refused', () => {
    const asked = there.flatMap((one, i) => there.slice(i).map(other => (one === other ? [one] : [one, other])))
    const wrong = asked.filter(names => {
      const said = told(...names)
      return said.includes('taken') ? said.length > 1 : said.length === 0
    })
    expect(wrong).toEqual([])
  })

  test('what a release does not have is refused', () => {
    for (const gone of Object.keys(everyCapability).filter(name => !has(name))) {
      expect(told(gone)).toEqual([`Parameter 'capability' does not accept value '${gone}'`])
    }
    expect(told('nonsense')).toHaveLength(1)
  })

  // Seen on 7.2.22, 10.0.13 and 11.1.3; read for 10.2.
  test('the same is refused as real binaries refuse', () => {
    const from = (release: string): boolean => compareVersions(release, version) <= 0
    expect(told('x-colo')).toEqual([from('11.0') ? "Capability 'x-colo' requires capability 'return-path'" : 'taken'])
    expect(told('x-colo', 'return-path')).toEqual(['taken'])
    expect(told('multifd', 'postcopy-ram')).toEqual([
      version === '10.0' ? 'Postcopy is not yet compatible with multifd' : 'taken',
    ])
    expect(told('multifd', 'xbzrle')).toEqual([from('9.0') ? 'Multifd is not compatible with xbzrle' : 'taken'])
    expect(told('background-snapshot')).toEqual(['taken'])
    expect(told('background-snapshot', 'return-path')).toEqual([
      'Background-snapshot is not compatible with return-path',
    ])
    expect(told('zero-copy-send')).toHaveLength(1)
    expect(told('zero-copy-send', 'multifd')).toEqual(['taken'])
    expect(told('postcopy-preempt')).toEqual(['Postcopy preempt requires postcopy-ram'])
  })
})
