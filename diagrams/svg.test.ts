import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { checkAll, folder } from './draw.ts'
import { plainText } from './plain.ts'
import { scan } from './scan.ts'
import { sequenceDiagram } from './sequence.ts'
import { stateDiagram } from './state.ts'
import { tell, witness } from './story.ts'
import { chromium, renderSvgs, withBrowser } from './svg.ts'
import { flat, graph } from './toy.ts'

const hasChromium = (): boolean => {
  try {
    return chromium() !== ''
  } catch {
    return false
  }
}

test('a missing Chromium is named', () => {
  expect(() => chromium('/nowhere/chromium')).toThrow(
    'no Chromium at /nowhere/chromium: apt-get install chromium, or set CHROMIUM_PATH',
  )
})

test('an HTML label becomes text', () => {
  const html =
    '<svg><foreignObject width="40" height="30"><div class="labelBkg"><span class="edgeLabel"><p><strong>go</strong> on<br />now</p></span></div></foreignObject></svg>'
  expect(plainText(html)).toMatchInlineSnapshot(
    `"<svg><rect width="40" height="30" style="fill: #ffffff; stroke: none; opacity: 1"/><text text-anchor="middle" style="fill: #222222; stroke: none"><tspan x="20" y="7.5" dy="0.35em"><tspan font-weight="bold">go</tspan> on</tspan><tspan x="20" y="22.5" dy="0.35em">now</tspan></text></svg>"`,
  )
})

// Set CHROMIUM_PATH, or install Chromium, to run these.
describe.skipIf(!hasChromium())('with a Chromium', () => {
  const seen = scan(graph, ['a.door', 'b.bell'])
  const path = witness(graph, {
    where: { link: 'cut', 'a.door': 'stuck', 'b.bell': 'mute' },
    rule: 'a/be-found-missing',
  })
  const layout = {
    frames: [{ title: 'not: "shut"', holds: ['opening', '...', 'stuck'] }],
    notes: [{ at: 'welded', text: 'a note: of #1 <b>things</b>; & more' }],
  }
  const files = new Map([
    ['door.mmd', stateDiagram(seen, 'a.door', 'The "door": it opens', layout)],
    ['lost.mmd', sequenceDiagram(flat, tell(flat, path), 'Lost; #1', { a: 'the door: a', b: 'the "bell"' })],
  ])

  test('pictures are drawn, with every character of their texts', async () => {
    const place = mkdtempSync(join(tmpdir(), 'lockstep-svg-'))
    try {
      for (const [file, text] of files) writeFileSync(join(place, file), text)
      expect(await renderSvgs(files, place)).toEqual(['door.svg', 'lost.svg'])
      expect(checkAll(files, place)).toEqual({ stale: [], missing: [], extra: [] })
      expect(await renderSvgs(files, place)).toEqual([])
      const door = readFileSync(join(place, 'door.svg'), 'utf8')
      for (const text of [
        'door_open',
        'not: "shut"',
        'The "door": it opens',
        'a note: of #1 &lt;b&gt;things&lt;/b&gt;; &amp; more',
        'process gone',
      ]) {
        expect(door).toContain(text)
      }
      expect(door).not.toContain('foreignObject')
      const lost = readFileSync(join(place, 'lost.svg'), 'utf8')
      for (const text of ['accept: "open"; #1', 'the door: a', 'cut the wire', 'ring (lost)'])
        expect(lost).toContain(text)
    } finally {
      rmSync(place, { recursive: true })
    }
  }, 90_000)

  test('Mermaid reads every printed text', async () => {
    // Those that lie here: that they are what the rules say is looked at elsewhere.
    const texts = readdirSync(folder).flatMap(file =>
      file.endsWith('.mmd') ? [[file, readFileSync(join(folder, file), 'utf8')] as const] : [],
    )
    const mermaid = fileURLToPath(new URL('../node_modules/mermaid/dist/mermaid.min.js', import.meta.url))
    const kinds = await withBrowser(async browser => {
      const page = await browser.newPage()
      await page.addScriptTag({ path: mermaid })
      return Promise.all(
        texts.map(async ([file, text]) => {
          const kind = await page.evaluate(`mermaid.parse(${JSON.stringify(text)}).then(found => found.diagramType)`)
          return `${file} ${kind}`
        }),
      )
    })
    expect(kinds.length).toBeGreaterThan(10)
    for (const kind of kinds) expect(kind).toMatch(/ (stateDiagram|sequence)$/)
  }, 90_000)
})
