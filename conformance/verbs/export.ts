/** `lockstep export`: a system for another checker, on standard output. */
import { chartConfig } from '../../impl/chart.ts'
import { flatten } from '../../impl/flatten.ts'
import { promela, startCount } from '../../impl/promela.ts'
import { tla, tlaConfig, tlaName } from '../../impl/tla.ts'
import { versions } from '../../spec/versions.ts'
import { print, releases, remark, UsageError } from './common.ts'
import { allSystems } from './ids.ts'

/** Runs the verb; answers the exit code. */
export function exportVerb(name: string, { to, version }: { readonly to: string; readonly version?: string }): number {
  const system = allSystems.find(candidate => candidate.name === name)
  if (system === undefined) {
    throw new UsageError(
      `there is no system "${name}"; there are ${allSystems.map(known => `"${known.name}"`).join(', ')}`,
    )
  }
  const release = releases(versions, version).at(-1) ?? ''
  const flat = flatten(system, release)
  if (to === 'promela') {
    const starts = startCount(flat)
    if (starts > 1)
      remark(`${name} may start in ${starts} states; this is the first: Spin finds what can be reached from it`)
    print(promela(flat))
  } else if (to === 'tla') {
    remark(`put this into ${tlaName(name)}.tla, and into ${tlaName(name)}.cfg:\n${tlaConfig()}`)
    print(tla(flat))
  } else print(JSON.stringify(chartConfig(flat), null, 2))
  return 0
}
