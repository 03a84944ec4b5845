/** The page as one file: its look, its code and its data in it, and nothing outside. */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { style } from './style.ts'
import type { SiteData } from './types.ts'

/** The files of the page's code, each after those that it needs. */
const files = ['dom', 'chart', 'parts', 'take', 'views', 'library', 'search', 'main']

/** JSON that no HTML parser takes for the end of its element. */
export const scriptSafe = (json: string): string =>
  json.replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')

/** TypeScript without its types.  That Node calls this new is nothing to whoever draws. */
function plain(text: string): string {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(text)
  } finally {
    process.emitWarning = emitWarning
  }
}

/** The page's code as one script: types, imports and exports taken away. */
export function clientCode(folder: string = join(import.meta.dirname, 'client')): string {
  const texts = files.map(file => {
    // A published package has it without types already.
    const read = (end: string): string => readFileSync(join(folder, `${file}.${end}`), 'utf8')
    const text = import.meta.filename.endsWith('.ts') ? plain(read('ts')) : read('js')
    return text.replaceAll(/^import [^;]*? from '[^']*';?$/gm, '').replaceAll(/^export /gm, '')
  })
  return `(() => {\n'use strict'\n${texts
    .join('\n')
    .replaceAll(/[ \t]+$/gm, '')
    .replaceAll(/\n{2,}/g, '\n')}\n})()`
}

const navigation = [
  ['#/', 'Claims'],
  ['#/machine/postcopy-source', 'Machines'],
  ['#/diagrams', 'Diagrams'],
  ['#/command/migrate_cancel', 'Commands'],
  ['#/consumers', 'Consumers'],
  ['#/cases', 'Cases'],
  ['#/runs', 'Runs'],
] as const

/** The whole file. */
export function siteHtml(data: SiteData): string {
  // `</script` inside a string of the code would end it.
  const script = clientCode().replaceAll('</script', '<\\/script')
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>lockstep</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="QEMU's migration, postcopy recovery, COLO and failover as state machines: claims, arrows, rules, ways and recorded runs.">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to what is shown</a>
<header>
<a class="name" href="#/">lockstep</a>
<nav aria-label="Parts"><ul>${navigation.map(([to, name]) => `<li><a href="${to}">${name}</a></li>`).join('')}</ul></nav>
<form id="search" role="search">
<label class="vh" for="query">Search states, commands, events, rules, claims</label>
<input id="query" type="search" placeholder="Search: migrate_cancel postcopy-paused 11.1" autocomplete="off">
<button type="submit">Search</button>
</form>
<div><label for="release">QEMU</label> <select id="release"><option>newest</option></select></div>
</header>
<main id="main" tabindex="-1"><h1>lockstep</h1><noscript><p>This page draws itself with JavaScript, all of which is in this file.</p></noscript></main>
<footer>Printed from rules by lockstep. Keys: / searches; in a step-by-step view the arrow keys, Home and End.</footer>
<script type="application/json" id="data">${scriptSafe(JSON.stringify(data))}</script>
<script>
${script}
</script>
</body>
</html>
`
}
