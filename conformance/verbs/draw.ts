/** `lockstep draw`: everything that is printed from the rules. */
import { checkAll, drawEverything, writeAll } from '../../diagrams/draw.ts'
import type { Told } from '../../diagrams/site/claims.ts'
import type { Explored, Variant } from '../../diagrams/site/machines.ts'
import { versions } from '../../spec/versions.ts'
import { progressLine, remark, seenIn } from './common.ts'
import { allClaims, allSystems } from './ids.ts'
import { type Unit, unitsOf } from './unit.ts'
import { findAll } from './workers.ts'

/**
 * What is to be explored for the page: what claims are judged of, and other releases that are
 * drawn.  Both are one unit where they are the same, so that nothing is explored twice.
 */
export function unitsFor(variants: readonly Variant[]): Unit[] {
  const explored = allSystems.filter(system => system.explored)
  const judged = unitsOf(
    explored,
    versions,
    allClaims.map(({ id }) => id),
  )
  const left = new Set(variants)
  const both = judged.map(unit => {
    const one = [...left].find(({ system, names }) => system === unit.system && names.includes(unit.versions[0] ?? ''))
    if (one === undefined) return unit
    left.delete(one)
    return { ...unit, drawn: one.release }
  })
  const others = [...left].map(({ system, release }) => ({ system, versions: [release], claims: [], drawn: release }))
  // The page gathers system by system.
  const order = [...new Set([...variants, ...both].map(({ system }) => system))]
  return [...both, ...others].sort((a, b) => order.indexOf(a.system) - order.indexOf(b.system))
}

/** Writes the page that shows all of it; answers the exit code. */
export async function drawSite(folder: string): Promise<number> {
  const [{ writeSite }, { variants }] = await Promise.all([
    import('../../diagrams/site/write.ts'),
    import('../../diagrams/site/machines.ts'),
  ])
  const chosen = variants()
  const units = unitsFor(chosen)
  const line = progressLine()
  let begun = 0
  // What `lockstep check`, or an earlier page, found before is not looked for again.
  const { found, stop } = findAll(units, ({ system }) => line.show(`${++begun}/${units.length}  ${system}`), {
    recall: true,
  })
  const told = async (): Promise<Told[]> =>
    (await Promise.all(found)).flatMap(({ claims }, i) =>
      claims.flatMap(({ id, told }) =>
        told === undefined ? [] : [{ claim: id, versions: units[i]?.versions ?? [], ...told }],
      ),
    )
  const explored: Explored = async ({ system, release }) => {
    const at = units.findIndex(unit => unit.system === system && unit.drawn === release)
    const part = (await found[at])?.part
    if (part === undefined) throw new Error(`nobody explored ${system} of QEMU ${release}`)
    return part
  }
  const seen = seenIn(versions)
  try {
    const { file, bytes } = await writeSite(folder, {
      claims: allClaims,
      ...{ told: told(), variants: chosen, explored },
      seen: name => {
        const found = seen(name)
        return found === 'source' ? [] : found
      },
    })
    line.clear()
    remark(`wrote ${file}, ${(bytes / 1e6).toFixed(1)} MB; open it in a browser`)
  } finally {
    line.clear()
    await stop()
  }
  return 0
}

/** Runs the verb; answers the exit code: 1 when something is not what the rules say. */
export async function draw({
  check,
  svg,
  site,
}: {
  readonly check?: boolean
  readonly svg?: boolean
  readonly site?: string
}): Promise<number> {
  if (site !== undefined) return drawSite(site)
  const files = await drawEverything()
  if (check) {
    const found = Object.entries(checkAll(files)).flatMap(([kind, names]) =>
      (names as readonly string[]).map(name => `${kind}: diagrams/${name}`),
    )
    for (const line of found) remark(line)
    remark(found.length === 0 ? `${files.size} files are what the rules say` : 'run `npm run draw`, and `npm run svg`')
    return found.length === 0 ? 0 : 1
  }
  for (const name of writeAll(files)) remark(`printed diagrams/${name}`)
  if (svg) {
    const { renderSvgs } = await import('../../diagrams/svg.ts')
    for (const name of await renderSvgs(files)) remark(`drew diagrams/${name}`)
  }
  return 0
}
