/**
 * Results as one page that needs nothing but itself: cases down, versions
 * across, and of each run the diagram, both transcripts, what would have been
 * allowed, and the command that runs it again.
 *
 * Nothing in it runs: the page forbids scripts and every request, so that what
 * an endpoint wrote can be shown as it is.
 */
import type { Result } from '../conform.ts'
import { cellOf, headsOf, labelOf, printSummary, worstOf } from '../report.ts'
import type { Line, Transcript } from '../transcript.ts'
import { type Markup, markup } from './markup.ts'
import { picture } from './picture.ts'
import { sideBySide } from './sides.ts'
import { style } from './style.ts'

/** What is known of a case besides its results. */
export interface About {
  readonly description: string
  readonly expectation: string
}

/** What a page is made of. */
export interface PageOptions {
  /** Of a case, by its id. */
  readonly about?: (id: string) => About | undefined
  /** The transcript of a run, where there is one. */
  readonly transcriptOf?: (result: Result) => Transcript | undefined
  /** How a file is reached from the page. */
  readonly linkTo?: (file: string) => string
  /** So many lines of transcripts in all; where there are more, what is as expected is only linked to.  30000. */
  readonly mostLines?: number
}

const slug = (text: string): string => text.replaceAll(/[^a-zA-Z0-9]+/g, '-')

const verdictClass = (label: string): string =>
  `v ${label.startsWith('unexpected') ? 'unexpected unexpected-pass' : slug(label)}`

/** Whether a row is one to look at, one that deviates as is known, or a plain one: the classes that the filter hides. */
const kindOf = (results: readonly Result[]): string => {
  if (results.some(({ expected }) => !expected)) return ''
  return results.some(({ verdict }) => verdict !== 'conforms' && verdict !== 'skipped') ? 'fine' : 'fine plain'
}

function matrix(results: readonly Result[], heads: ReadonlyMap<string, string>): Markup {
  const ids = [...new Set(results.map(result => result.case))]
  const rows = ids.map((id, i) => {
    const own = results.filter(result => result.case === id)
    const section = id.split('/')[0] ?? ''
    const isNew = section !== ids[i - 1]?.split('/')[0]
    const cells = [...heads.keys()].map((endpoint, n) => {
      const here = own.filter(result => result.endpoint === endpoint)
      const worst = worstOf(here)
      if (worst === undefined) return markup`<td></td>`
      return markup`<td><a class="${verdictClass(labelOf(worst))}" href="#${slug(id)}--${n}">${cellOf(here)}</a></td>`
    })
    return markup`${isNew && markup`<tr class="section"><th colspan="${heads.size + 1}" scope="rowgroup">${section}</th></tr>`}
<tr class="${kindOf(own)}"><th scope="row"><a href="#${slug(id)}">${id}</a></th>${cells}</tr>`
  })
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="cases by versions"><table class="matrix">
<thead><tr><td></td>${[...heads.values()].map(head => markup`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div>`
}

function allowedOf({ allowed = [] }: Result): Markup | false {
  if (allowed.length === 0) return false
  const rows = allowed.map(
    ({ side, text, states }) =>
      markup`<tr><td>${side}</td><td>${text}</td><td class="soft">in ${states} of the states that fit</td></tr>`,
  )
  return markup`<h4>What could have come instead</h4><table class="allowed">${rows}</table>`
}

/** More lines than this are shown from both ends, and around the one that decided. */
const longest = 400

/** Where the lines are that are shown: all of a short one. */
export function excerptOf(lines: readonly Line[], wrong: number | undefined): { lines: readonly Line[]; left: number } {
  if (lines.length <= longest) return { lines, left: 0 }
  const at = wrong === undefined ? lines.length : lines.findIndex(({ line }) => line >= wrong)
  const around = at < 0 ? lines.length : at
  const kept = lines.filter((_, i) => i < 100 || i >= lines.length - 100 || Math.abs(i - around) <= 100)
  return { lines: kept, left: lines.length - kept.length }
}

function runOf(result: Result, head: string, full: boolean, options: PageOptions): Markup {
  const { message, rerun, file, line } = result
  const transcript = full ? options.transcriptOf?.(result) : undefined
  const shown = transcript && excerptOf(transcript.lines, line)
  const link = file !== undefined && options.linkTo?.(file)
  const stored = link ? markup`<a href="${link}">${link}</a>` : undefined
  return markup`<h4>Again</h4><pre class="again">${rerun}</pre>
${message !== '' && markup`<h4>${result.expected && result.verdict === 'conforms' ? 'Said' : 'Why'}</h4><pre>${message}</pre>`}
${allowedOf(result)}
${
  shown !== undefined &&
  markup`${shown.left > 0 && markup`<p class="soft">${shown.left} lines are left out here.</p>`}
<h4>What was seen, in the order in which it came; between the two sides that order is not QEMU's</h4>
${picture(shown.lines, `${result.case} on ${head}`, line)}
<h4>Both transcripts</h4>${sideBySide(shown.lines, line)}`
}
${stored && markup`<p class="soft">All of it: ${stored}</p>`}`
}

/** The page. */
export function printHtml(results: readonly Result[], options: PageOptions = {}): string {
  const heads = headsOf(results)
  const ids = [...new Set(results.map(result => result.case))]
  const unexpected = results.filter(({ expected }) => !expected)
  // What needs a look is always whole; of the rest, as much as the page can bear.
  let left = options.mostLines ?? 30_000
  const whole = new Set<Result>()
  for (const result of [...unexpected, ...results.filter(({ expected }) => expected)]) {
    const length = left > 0 ? (options.transcriptOf?.(result)?.lines.length ?? 0) : 0
    if (left > 0 || !result.expected) whole.add(result)
    left -= length
  }
  const runs = (id: string) =>
    [...heads].map(([endpoint, head], n) => {
      const own = results.filter(result => result.case === id && result.endpoint === endpoint)
      return own.map((result, i) => {
        const label = labelOf(result)
        const open = !result.expected && unexpected.indexOf(result) < 20
        const note = result.claim ?? result.deviation
        return markup`<details class="${kindOf([result])}"${open && markup` open`}><summary><strong>${head}</strong> <span class="${verdictClass(label)}">${label}</span>
<span class="soft">${own.length > 1 && `seed ${result.seed}, `}${result.seconds.toFixed(1)} s</span> ${note !== undefined && markup`<span class="soft">${note}</span>`}</summary>
<div${i === 0 && markup` id="${slug(id)}--${n}"`}>${runOf(result, head, whole.has(result), options)}</div></details>`
      })
    })
  const sections = ids.map(id => {
    const about = options.about?.(id)
    return markup`<article id="${slug(id)}" class="${kindOf(results.filter(result => result.case === id))}"><h3>${id}</h3>
${about && markup`<p>${about.description} <span class="soft">${about.expectation}</span></p>`}${runs(id)}</article>`
  })
  const endpoints = [...heads].map(
    ([endpoint, head]) => markup`<li><strong>${head}</strong> <code>${endpoint}</code></li>`,
  )
  const word = unexpected.length === 0 ? 'All is as expected' : `${unexpected.length} not as expected`
  return `${
    markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark"><title>lockstep conform: ${word}</title><style>`.text + style
  }${
    markup`</style></head><body><a class="skip" href="#cases">to the cases</a>
<header><h1>lockstep conform: <span class="${unexpected.length === 0 ? 'v' : 'v violates'}">${word}</span></h1>
<p>${printSummary(results).trim()}.</p><ul>${endpoints}</ul></header>
<main><fieldset><legend class="soft">Show</legend>
<label><input type="radio" name="show" id="f-all" checked> all</label>
<label><input type="radio" name="show" id="f-known"> what does not simply conform</label>
<label><input type="radio" name="show" id="f-look"> what is not as expected</label></fieldset>
${results.length > 0 && matrix(results, heads)}
<h2 id="cases">Cases</h2>${sections}</main></body></html>
`.text
  }`
}
