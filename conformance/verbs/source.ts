/** `lockstep check --source`: whether what the rules cite is in a source tree of QEMU. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { lintSource } from '../../impl/cites.ts'
import { flatten } from '../../impl/flatten.ts'
import type { Finding } from '../../impl/lint.ts'
import { moved } from '../../spec/moved.ts'
import { versions } from '../../spec/versions.ts'
import { profileOf, release } from '../profile.ts'
import { releases, UsageError } from './common.ts'
import { allSystems } from './ids.ts'

/** The release of a tree, as its file VERSION has it. */
function releaseOf(dir: string): string {
  let text: string
  try {
    text = readFileSync(join(dir, 'VERSION'), 'utf8').trim()
  } catch {
    throw new UsageError(`${dir} has no file VERSION; say --version`)
  }
  if (!/^\d+\.\d+/.test(text)) throw new UsageError(`${dir}/VERSION says "${text}", which is no version; say --version`)
  return release(text)
}

/** What was found of a tree. */
export interface SourceReport {
  /** The release whose words were looked for. */
  readonly release: string
  /** The release whose rules cite them. */
  readonly rules: string
  readonly findings: readonly Finding[]
}

/**
 * Looks up every function that some system cites under a release: the one that
 * is asked for, else that of the tree.
 *
 * @throws UsageError when it cannot be told which release that is, or when it has no rules
 */
export function checkSource(dir: string, version: string | undefined): SourceReport {
  const asked = version === undefined || version === 'auto' ? undefined : releases(versions, version)[0]
  const found = asked ?? releaseOf(dir)
  const rules = asked ?? profileOf(found)
  if (rules === undefined)
    throw new UsageError(`there are no rules for QEMU ${found}; there are for ${versions.join(', ')}`)
  const findings = allSystems.flatMap(system => lintSource(flatten(system, rules), dir, moved, found))
  const once = new Map(findings.map(finding => [`${finding.rule}: ${finding.problem}`, finding]))
  return { release: found, rules, findings: [...once.values()] }
}

/** A line for each finding, the rules that have it together, and what it comes to. */
export function printSource({ release: found, rules, findings }: SourceReport): string {
  const of = found === rules ? found : `${found}, by the rules of ${rules}`
  if (findings.length === 0) return `every function that the rules cite is in this source of QEMU ${of}`
  const problems = [...Map.groupBy(findings, ({ problem }) => problem)].map(
    ([problem, some]) => `${problem}\n${some.map(({ rule }) => `    ${rule}`).join('\n')}`,
  )
  return [...problems, `${findings.length} cites are NOT in this source of QEMU ${of}`].join('\n')
}
