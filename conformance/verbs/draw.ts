/** `lockstep draw`: everything that is printed from the rules. */
import { checkAll, drawEverything, writeAll } from '../../diagrams/draw.ts'
import type { Told } from '../../diagrams/site/claims.ts'
import { versions } from '../../spec/versions.ts'
import { progressLine, remark, seenIn } from './common.ts'
import { allClaims, allSystems } from './ids.ts'
import { unitsOf } from './unit.ts'
import { findAll } from './workers.ts'

/** Ways to what verdicts rest on; what `lockstep check` found before is not looked for again. */
async function toldWays(): Promise<Told[]> {
  const explored = allSystems.filter(system => system.explored)
  const units = unitsOf(
    explored,
    versions,
    allClaims.map(({ id }) => id),
  )
  const line = progressLine()
  let begun = 0
  const { found, stop } = findAll(units, ({ system }) => line.show(`${++begun}/${units.length}  ${system}`), {
    recall: true,
  })
  try {
    const all = await Promise.all(found)
    return all.flatMap(({ claims }, i) =>
      claims.flatMap(({ id, told }) =>
        told === undefined ? [] : [{ claim: id, versions: units[i]?.versions ?? [], ...told }],
      ),
    )
  } finally {
    line.clear()
    await stop()
  }
}

/** Writes the page that shows all of it; answers the exit code. */
export async function drawSite(folder: string): Promise<number> {
  const { writeSite } = await import('../../diagrams/site/write.ts')
  const seen = seenIn(versions)
  const { file, bytes } = await writeSite(folder, {
    claims: allClaims,
    told: await toldWays(),
    seen: name => {
      const found = seen(name)
      return found === 'source' ? [] : found
    },
  })
  remark(`wrote ${file}, ${(bytes / 1e6).toFixed(1)} MB; open it in a browser`)
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
