/** `lockstep draw`: everything that is printed from the rules. */
import { checkAll, drawAll, writeAll } from '../../diagrams/draw.ts'
import { remark } from './common.ts'

/** Runs the verb; answers the exit code: 1 when something is not what the rules say. */
export async function draw({ check, svg }: { readonly check?: boolean; readonly svg?: boolean }): Promise<number> {
  const files = drawAll()
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
