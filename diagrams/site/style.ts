/** The look of the page: by day and by night, on narrow windows, on paper. */
export const style = `
:root { color-scheme: light dark; --bg: #fff; --fg: #1c2430; --soft: #55606f; --line: #c9d1db; --card: #f4f6f9; --link: #0b4f9e;
  --node: #eaf1fa; --edge: #4a6078; --rest: #fdf0d2; --final: #e1e3e6; --end: #39404a; --lit: #ffd54a; --chosen: #0b4f9e;
  --good: #14602c; --bad: #a3180f; --new: #14602c; --gone: #a3180f; --changed: #8a4b00; --event: #6b2fa0; }
@media (prefers-color-scheme: dark) { :root { --bg: #12161c; --fg: #e4e8ee; --soft: #a6b0bd; --line: #3a4452; --card: #1b212a; --link: #8ec1ff;
  --node: #22344c; --edge: #9db1c8; --rest: #4a3a12; --final: #39404a; --end: #cfd6df; --lit: #8a6a00; --chosen: #8ec1ff;
  --good: #7fd99a; --bad: #ff9d94; --new: #7fd99a; --gone: #ff9d94; --changed: #ffc078; --event: #d3a6ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--fg); font: 16px/1.5 system-ui, Verdana, "DejaVu Sans", sans-serif; }
a { color: var(--link); }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .9em; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .6rem 0; } h2 { font-size: 1.15rem; margin: 1.2rem 0 .4rem; } h3 { font-size: 1rem; margin: 1rem 0 .2rem; }
h1:focus, h2:focus { outline: none; }
a:focus-visible, input:focus-visible, select:focus-visible, button:focus-visible, summary:focus-visible, [tabindex="0"]:focus-visible { outline: 3px solid var(--chosen); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: .5rem; top: .5rem; background: var(--bg); padding: .5rem; z-index: 9; }
.vh { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
header { display: flex; flex-wrap: wrap; gap: .4rem 1.2rem; align-items: center; padding: .5rem 1rem; border-bottom: 1px solid var(--line); background: var(--card); } header select { max-width: 7rem; }
header .name { font-weight: 700; text-decoration: none; color: var(--fg); }
header nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1rem; list-style: none; margin: 0; padding: 0; }
header form { display: flex; gap: .4rem; flex: 1 1 9rem; min-width: 0; max-width: 34rem; } header form input { flex: 1; width: 0; min-width: 6rem; }
input, select, button, .button { font: inherit; padding: .25rem .5rem; color: var(--fg); background: var(--bg); border: 1px solid var(--soft); border-radius: 5px; max-width: 100%; }
main { padding: 0 1rem 3rem; max-width: 100rem; margin: 0 auto; }
footer { padding: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .9rem; }
.lead { max-width: 60rem; } .note, .legend { color: var(--soft); } .tools { display: flex; flex-wrap: wrap; gap: .3rem .6rem; align-items: center; margin: .5rem 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1rem; } .cards > .all { grid-column: 1 / -1; } .cards .columns { columns: 19rem; } .cards .columns h3 { margin: 0; padding-top: .2rem; break-after: avoid; } .cards > section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 0 1rem .6rem; }
ul { padding-left: 1.2rem; margin: .3rem 0; } td ul, td ol { padding-left: 1rem; margin: 0; }
.wide { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; font-weight: 700; padding: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .5rem; border: 1px solid var(--line); font-weight: 400; } thead th { background: var(--card); font-weight: 700; }
tbody th { min-width: 9rem; }
.holds, .accepted { color: var(--good); } .broken, .refused, .aborts { color: var(--bad); font-weight: 700; }
.dated { border-left: 4px solid var(--changed); padding: .2rem .7rem; background: var(--card); }
.answer { border: 2px solid var(--chosen); border-radius: 8px; padding: 0 1rem .4rem; margin: .6rem 0; } .answer h2 { margin-top: .5rem; }
.picture { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; margin: .5rem 0; background: var(--bg); }
.chart { display: block; width: 100%; height: auto; margin: 0 auto; font: 12px Verdana, "DejaVu Sans", Arial, sans-serif; }
.pair .chart { min-width: 0 !important; }
.chart .node rect { fill: var(--node); stroke: var(--edge); } .chart .node text { fill: var(--fg); font-size: 13px; font-weight: 700; }
.chart .rest rect, .key.rest { fill: var(--rest); background: var(--rest); } .chart .final rect, .key.final { fill: var(--final); background: var(--final); } .key { padding: 0 .3rem; color: var(--fg); }
.chart .node.end rect { fill: var(--end); } .chart .node.end text { fill: var(--bg); }
.chart .edge text { fill: var(--fg); font-size: 11px; paint-order: stroke; stroke: var(--bg); stroke-width: 7px; stroke-linejoin: round; } .chart .command { font-weight: 700; }
.chart .line { fill: none; stroke: var(--edge); stroke-width: 1.4; } .chart .hit { fill: none; stroke: transparent; stroke-width: 12; } .chart .head { fill: var(--edge); }
.chart a { text-decoration: none; } .chart a:hover .line, .chart .edge:focus-visible .line { stroke: var(--chosen); stroke-width: 3; } .chart a:hover rect, .chart .node:focus-visible rect { stroke: var(--chosen); stroke-width: 3; } .chart a:focus { outline: none; } .chart a:focus-visible text { text-decoration: underline; }
.chart .chosen rect, .chart .chosen .line { stroke: var(--chosen); stroke-width: 3.5; } .chart .lit rect { fill: var(--lit); stroke: var(--fg); stroke-width: 3; } .chart .edge.lit .line { stroke: var(--changed); stroke-width: 4; }
.chart .new .line, .chart .new rect { stroke: var(--new); stroke-width: 3; } .chart .gone .line, .chart .gone rect { stroke: var(--gone); stroke-width: 2.5; stroke-dasharray: 7 5; } .chart .changed .line { stroke: var(--changed); stroke-width: 2.5; } .chart .new text { fill: var(--new); } .chart .gone text { fill: var(--gone); } .chart .changed text { fill: var(--changed); }
.mark.new { color: var(--new); font-weight: 700; } .mark.gone { color: var(--gone); font-weight: 700; text-decoration: line-through; } .mark.changed { color: var(--changed); font-weight: 700; }
.sequence { overflow-x: auto; } .steps { list-style: none; padding: 0; margin: 0; min-width: 34rem; } .heads { min-width: 34rem; }
.row { display: grid; grid-template-columns: minmax(26rem, 46rem) minmax(7rem, 1fr); gap: .6rem; align-items: center; } .row.now { background: var(--rest); }
.lanes { display: grid; grid-template-columns: repeat(6, 1fr); row-gap: 2px; padding: 3px 0; font-size: .85rem; line-height: 1.3; background: linear-gradient(var(--line), var(--line)) 16.66% 0/1px 100% no-repeat, linear-gradient(var(--line), var(--line)) 50% 0/1px 100% no-repeat, linear-gradient(var(--line), var(--line)) 83.33% 0/1px 100% no-repeat; }
.head { text-align: center; font-weight: 700; background: var(--bg); }
.say { position: relative; text-align: center; padding: 0 .6rem .2rem; border-bottom: 2px solid var(--edge); overflow-wrap: anywhere; } .say.reply { border-bottom-style: dotted; } .say.event { color: var(--event); border-bottom-color: var(--event); } .say.lost { border-bottom-style: dashed; }
.say::after { content: ""; position: absolute; bottom: -6px; border: 5px solid transparent; } .say.right::after { right: -1px; border-left: 8px solid var(--edge); border-right: 0; } .say.left::after { left: -1px; border-right: 8px solid var(--edge); border-left: 0; } .say.event::after { border-right-color: var(--event); }
.note-box { background: var(--card); border: 1px solid var(--line); border-radius: 4px; padding: .1rem .4rem; margin: 0 .2rem; white-space: pre-line; overflow-wrap: anywhere; } .note-box.fault, .note-box.end { border-color: var(--gone); color: var(--bad); }
.set { font-size: .8rem; color: var(--soft); background: var(--bg); text-align: center; } .set b { color: var(--fg); } .more { font-size: .8rem; } .more .by { color: var(--soft); } .row.now .more .by { color: var(--fg); }
.stepper { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; position: sticky; top: 0; background: var(--bg); padding: .4rem 0; z-index: 2; } .button { text-decoration: none; } .button.off { color: var(--soft); border-color: var(--line); }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; } .side { border: 1px solid var(--line); border-radius: 8px; padding: 0 .8rem .6rem; min-width: 0; } .state { font-size: .85rem; color: var(--soft); } .state .moved { background: var(--rest); color: var(--fg); }
pre { margin: .3rem 0 .8rem; padding: .5rem .7rem; overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 6px; font: .85rem/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
pre:focus-visible { outline: 3px solid var(--chosen); outline-offset: 2px; } .qmp { max-width: 60rem; } .take { margin: .8rem 0; } .take h3 .button { font-size: .8rem; font-weight: 400; margin-left: .5rem; }
.events { padding-left: 1.3rem; margin: 0; }
@media (max-width: 34rem) { .steps, .heads { min-width: 0; } .row { display: block; } .lanes { font-size: .75rem; } .row .more { text-align: right; padding: .1rem 0 .4rem; } .heads .more { display: none; } .say { padding: 0 .2rem .2rem; } td, th { padding: .2rem .3rem; } tbody th { min-width: 7rem; } }
@media print { header, footer, .tools, .stepper, .skip { display: none; } body { background: #fff; color: #000; } .wide, .picture, .sequence { overflow: visible; border: 0; } .chart { min-width: 0 !important; } details:not([open]) > * { display: none; } a { color: inherit; } tr, li, .row { break-inside: avoid; } }
`
