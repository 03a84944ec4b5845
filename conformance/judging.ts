/** The tests that hold for every release: sizes, rules that are used, claims as known.  One file a release runs them. */
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { Graph } from '../impl/explore.ts'
import { flatten } from '../impl/flatten.ts'
import { Judge } from '../impl/judge.ts'
import { claims } from '../spec/claims.ts'
import type { System } from '../spec/lang.ts'
import { systems } from '../spec/systems.ts'
import { versions } from '../spec/versions.ts'

const all = systems as unknown as readonly System[]

/**
 * The 2018 proposal is about a command that no release has: its systems, which
 * are large, are judged under the newest release here, and under every release by `lockstep check`.
 */
const timeless = (system: System): boolean =>
  Object.values(system.sides).some(machines => machines.some(({ name }) => name === 'status as proposed'))

const newest = versions.at(-1)

const line = ({ packed, size, fingerprint }: Graph): string =>
  `${packed.flat.name}: ${size.states} states, ${size.steps} steps, depth ${size.depth}, ${fingerprint}`

/** Defines the tests of one release. */
export function judging(version: string): void {
  const lines: string[] = []
  const used = new Set<string>()
  const own = all.filter(system => system.explored && (version === newest || !timeless(system)))
  describe.each(own.map(system => [system.name, system] as const))(`${version}: %s`, (name, system) => {
    const judge = new Judge()
    test('is explored', { timeout: 120_000 }, () => {
      // With its steps, what claims are about that leave rules out is read off it.
      const graph = judge.graph(system, version, undefined, true)
      lines.push(line(graph))
      for (const rule of graph.packed.flat.rules) if (!graph.unused.includes(rule.id)) used.add(rule.rule.name)
      expect(graph.size.states).toBeGreaterThan(0)
    })
    const claimed = claims.filter(claim => claim.system === name)
    test.each(claimed.map(claim => [claim.kind, claim.name, claim] as const))(
      '%s: %s',
      { timeout: 120_000 },
      (_kind, _name, claim) => {
        const verdict = judge.judge(claim, system, version)
        expect({ holds: verdict.holds, expected: verdict.expected }).toEqual({
          holds: claim.broken[version] === undefined,
          expected: true,
        })
      },
    )
  })

  test(`${version}: the systems have the sizes we know, and use the rules we know`, async () => {
    const whole = flatten(all.find(system => !system.explored) as System, version)
    const unused = [...new Set(whole.rules.map(rule => rule.rule.name).filter(rule => !used.has(rule)))].sort()
    const file = fileURLToPath(new URL(`../spec/sizes/${version}.txt`, import.meta.url))
    // A rule may be there for another release: that one comes to it is tested in claims.test.ts.
    const text = [...lines, '', 'No system comes to these rules:', ...unused.map(rule => `- ${rule}`), ''].join('\n')
    await expect(text).toMatchFileSnapshot(file)
  })
}
