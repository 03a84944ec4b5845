import { describe, expect, test } from 'vitest'
import { variants } from '../../diagrams/site/machines.ts'
import { versions } from '../../spec/versions.ts'
import { unitsFor } from './draw.ts'
import { allClaims, allSystems } from './ids.ts'
import { unitsOf } from './unit.ts'

describe('what is explored for the page', () => {
  const chosen = variants()
  const units = unitsFor(chosen)

  test('is all that is drawn, each once', () => {
    const drawn = units.flatMap(({ system, drawn }) => (drawn === undefined ? [] : [`${system} ${drawn}`]))
    expect(drawn.sort()).toEqual(chosen.map(({ system, release }) => `${system} ${release}`).sort())
  })

  test('is, of what claims are about, what `lockstep check` explores: the one finds what the other kept', () => {
    const judged = unitsOf(
      allSystems.filter(({ explored }) => explored),
      versions,
      allClaims.map(({ id }) => id),
    )
    const bare = units.flatMap(({ drawn: _, ...unit }) => (unit.claims.length > 0 ? [JSON.stringify(unit)] : []))
    expect(bare.sort()).toEqual(judged.map(unit => JSON.stringify(unit)).sort())
  })

  test('is told in the words of a release that has these rules', () => {
    for (const { system, versions: of, drawn } of units) {
      if (drawn === undefined) continue
      const variant = chosen.find(one => one.system === system && one.release === drawn)
      expect(variant?.names).toContain(of[0])
    }
  })
})
