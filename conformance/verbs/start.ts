/** `lockstep start`: the whole job, and one summary at its end. */
import { suite } from '../../spec/suite.ts'
import { versions } from '../../spec/versions.ts'
import { findQemus } from '../binaries.ts'
import { conform } from '../conform.ts'
import { embedded } from '../embedded.ts'
import { judges } from '../judges.ts'
import { exitCode, summarize } from '../report.ts'
import { printReport } from '../reports/terminal.ts'
import { launched } from '../stage.ts'
import { checkAll, printCheckSummary } from './check.ts'
import { print, progressLine, prose } from './common.ts'
import { defaultJobs } from './conform.ts'

/** Runs the verb; answers the exit code. */
export async function start({ json }: { readonly json?: boolean }): Promise<number> {
  const say = prose(json)
  say('Checking the rules against the claims.')
  const report = await checkAll([], {}, say)
  const checked = printCheckSummary(report)
  say(checked)
  const qemus = findQemus()
  say(
    `\nRunning the quick cases on the reference${qemus.length > 0 ? ` and on QEMU ${qemus.map(q => q.version).join(', ')}` : ''}.`,
  )
  const targets = [
    ...versions.map(version => embedded(version)),
    ...qemus.map(({ path, version }) => launched(path, `${version} ${path}`, { release: version })),
  ]
  const line = progressLine()
  const { validate, close } = judges()
  const results = await conform(
    {
      targets,
      cases: suite.filter(({ quick }) => quick),
      jobs: defaultJobs(),
      seed: 1,
      repeat: 1,
      timeoutScale: 1,
      progress: (target, of, done, all) => line.show(`${done + 1}/${all}  ${of}  ${target}`),
    },
    validate,
  ).finally(close)
  line.clear()
  say(printReport(results))
  if (qemus.length === 0) say('No QEMU was found on this machine: `npm run setup` unpacks some to test against.')
  const code = report.summary.surprises > 0 ? 1 : exitCode(results)
  say(`\n${code === 0 ? 'All is as expected' : 'NOT all is as expected'}: ${checked}.`)
  if (json) print(JSON.stringify({ check: report, conform: { results, summary: summarize(results) } }, null, 2))
  return code
}
