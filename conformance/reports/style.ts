/** The style sheet of the HTML report: light and dark, narrow and wide, screen and paper. */
export const style = `
:root { color-scheme: light dark;
  --bg: light-dark(#fff, #14171a); --ink: light-dark(#1b1f23, #d9dee3); --soft: light-dark(#5b6570, #98a2ac);
  --line: light-dark(#d5dbe1, #343b42); --pane: light-dark(#f5f7f9, #1b2025); --link: light-dark(#0b57a4, #7fb7f0);
  --good: light-dark(#1a6b3c, #6fcf97); --known: light-dark(#7a5200, #e0b04c); --open: light-dark(#5a4a8a, #b7a6ec);
  --bad: light-dark(#b3141d, #ff8078); --badpane: light-dark(#fdecec, #3a1a1b); }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1240px; padding: 1rem 1.25rem 4rem; background: var(--bg); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.5rem; margin: .5rem 0 } h2 { font-size: 1.15rem; margin: 2.2rem 0 .4rem }
h3 { font: 600 1rem ui-monospace, monospace; margin: 0 }
h4 { font-size: .85rem; margin: 1.1rem 0 .35rem; color: var(--soft); font-weight: 600 }
p { margin: .3rem 0; max-width: 75ch } a { color: var(--link) } .soft { color: var(--soft) }
code, pre, td.msg { font-family: ui-monospace, monospace; font-size: 12.5px }
pre { margin: .3rem 0; padding: .6rem .75rem; background: var(--pane); border: 1px solid var(--line);
  border-radius: 5px; white-space: pre-wrap; overflow-wrap: anywhere }
pre.again { user-select: all }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px }
.skip { position: absolute; left: -999px } .skip:focus { left: 1rem; top: .5rem; background: var(--bg); padding: .3rem }
.scroll { overflow-x: auto }
table { border-collapse: collapse } th { text-align: left; font-weight: 600 }
.matrix th, .matrix td { padding: .22rem .7rem; border-bottom: 1px solid var(--line); vertical-align: top }
.matrix thead th { position: sticky; top: 0; background: var(--bg); white-space: nowrap }
.matrix tbody th { font: 12.5px ui-monospace, monospace; white-space: nowrap }
.matrix tr.section th { font: 600 .85rem system-ui, sans-serif; padding-top: .9rem; color: var(--soft) }
.matrix td a { text-decoration: none; white-space: nowrap } .matrix td a:hover { text-decoration: underline }
.v::before { display: inline-block; width: 1.3em; font-weight: 700 } .v { color: var(--good) } .v::before { content: "\\2713" }
.v.known-deviation { color: var(--known) } .v.known-deviation::before { content: "\\2248" }
.v.inconclusive, .v.skipped { color: var(--open) } .v.inconclusive::before { content: "?" } .v.skipped::before { content: "\\2013" }
.v.violates, .v.error, .v.unexpected { color: var(--bad); font-weight: 600 }
.v.violates::before, .v.error::before, .v.unexpected::before { content: "\\2717" } .v.unexpected-pass::before { content: "!" }
fieldset { border: 0; padding: 0; margin: 1rem 0 .5rem; display: flex; gap: 1.2rem; flex-wrap: wrap }
body:has(#f-look:checked) .fine { display: none }
body:has(#f-known:checked) .plain { display: none }
article { border-top: 1px solid var(--line); padding: .9rem 0 .3rem; scroll-margin-top: .5rem }
details { margin: .45rem 0; border: 1px solid var(--line); border-radius: 6px }
details > summary { cursor: pointer; padding: .35rem .7rem; display: flex; gap: .9rem; flex-wrap: wrap; align-items: baseline }
details > summary::before { content: "\\25B8"; color: var(--soft) } details[open] > summary::before { content: "\\25BE" }
details > div { padding: 0 .9rem .8rem; scroll-margin-top: 3rem } details:has(:target) { border-color: var(--link) }
.two { width: 100%; table-layout: fixed } .two col.t { width: 4.7em } .two th { padding: .15rem .4rem; border-bottom: 1px solid var(--line) }
.two td { padding: .08rem .4rem; vertical-align: top; overflow-wrap: anywhere; border-bottom: 1px solid var(--pane) }
.two td.t { color: var(--soft); font-variant-numeric: tabular-nums; font-size: 11.5px; overflow-wrap: normal }
.two td.msg { font-size: 12px; line-height: 1.4 } .two .dir { color: var(--soft); user-select: none }
.two .ev { color: var(--link) } .two .seen { color: var(--known); font-family: system-ui, sans-serif }
.two tr.bad td { background: var(--badpane) } .two tr.bad td.msg { color: var(--bad) }
.allowed td { padding: .08rem 1rem .08rem 0; font: 12.5px ui-monospace, monospace; vertical-align: top; overflow-wrap: anywhere }
svg.sequence { display: block; width: 100%; max-width: 860px; height: auto; font: 11.5px ui-monospace, monospace; fill: var(--ink) }
svg path { fill: none; stroke: var(--ink); stroke-width: 1.2 } svg .life { stroke: var(--line) } svg .t { fill: var(--soft); font-size: 10px }
svg .who { font: 600 13px system-ui, sans-serif } svg .event path { stroke: var(--link); stroke-width: 1.8 } svg .event text { fill: var(--link) }
svg .reply path { stroke: var(--soft); stroke-dasharray: 4 3 } svg .reply .tip { stroke-dasharray: none } svg .reply text { fill: var(--soft) }
svg .mark path { stroke: var(--known); stroke-width: 2 } svg .mark text { fill: var(--known) }
svg .bad path { stroke: var(--bad); stroke-width: 2.4 } svg .bad text { fill: var(--bad); font-weight: 700 }
@media (max-width: 700px) { body { padding: .6rem .6rem 3rem } details > div { padding: 0 .45rem .6rem }
  .two td.msg { font-size: 11px } .two col.t { width: 3.9em } .matrix th, .matrix td { padding: .22rem .4rem } }
@media print { :root { color-scheme: light } body { max-width: none; font-size: 10pt } fieldset, .skip { display: none }
  article, tr { break-inside: avoid-page } details { break-inside: auto } .matrix thead th { position: static } }
`
