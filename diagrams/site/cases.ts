/** Recorded cases as QEMU's documentation would print them, each with its run to be gone step by step. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cases } from '../../spec/cases.ts'
import { casesFolder, exampleBlocks, examplesOf } from '../examples.ts'
import { runOf } from './runs.ts'
import type { Stories } from './stories.ts'
import type { CaseInfo, RunInfo } from './types.ts'

/** The cases of a folder, and their runs. */
export function caseInfos(stories: Stories, folder: string = casesFolder): { cases: CaseInfo[]; runs: RunInfo[] } {
  const runs = readdirSync(folder)
    .filter(file => file.endsWith('.ndjson'))
    .sort()
    .flatMap(file => runOf(`case/${file}`, readFileSync(join(folder, file), 'utf8'), stories) ?? [])
  const infos = examplesOf(cases, folder).map(example => {
    const { id, qemu, description, expectation } = example
    const run = runs.find(one => one.title === id && one.qemu === qemu)?.id ?? ''
    const [, ...blocks] = exampleBlocks(example)
    return {
      ...{ id, qemu, description, expectation, run },
      blocks: blocks.map(({ code, lines }) =>
        code ? (['qmp', lines.join('\n')] as const) : (['text', lines.join(' ')] as const),
      ),
    }
  })
  return { cases: infos, runs }
}
