/** The page in a browser: nothing runs, nothing is fetched, and it fits narrow windows, by day and by night. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Result } from '../conform.ts'
import type { Line, Transcript } from '../transcript.ts'
import { printHtml } from './html.ts'

const path = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const reason = existsSync(path) ? '' : ` (skipped: there is no Chromium at ${path})`

const evil = `</style><script>document.title = 'owned'</script><img src=http://127.0.0.1:9/x onerror="document.title='owned'">`
const base: Result = {
  ...{ case: 'precopy/cancel/1', endpoint: 'qemu', version: '11.1.3', seed: 1, seconds: 1.5 },
  ...{
    verdict: 'violates',
    expected: false,
    message: `${evil} ${'x'.repeat(300)}`,
    rerun: 'lockstep conform',
    line: 3,
  },
}
const lines: readonly Line[] = [
  { line: 2, t: 0, side: 'src', dir: '->', msg: { execute: 'migrate', arguments: { uri: evil }, id: 1 } },
  { line: 3, t: 0.1, side: 'src', dir: '<-', msg: { event: 'MIGRATION', data: { status: evil } } },
  { line: 4, t: 0.2, side: 'dst', dir: '<-', msg: { event: 'X'.repeat(200), data: { text: 'y'.repeat(500) } } },
]
const transcript: Transcript = { file: 'x', header: { lockstep: 1 }, lines }

describe.skipIf(reason !== '')(`the page in a browser${reason}`, () => {
  let folder = ''
  let browser: Browser
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lockstep-page-'))
    const results = [base, { ...base, case: 'precopy/fine/1', verdict: 'conforms', expected: true } as const]
    writeFileSync(join(folder, 'report.html'), printHtml(results, { transcriptOf: () => transcript }))
    browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-gpu'] })
  })
  afterAll(async () => {
    await browser?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test.each([
    [1280, 'light'],
    [600, 'dark'],
  ] as const)('%i pixels wide and %s', async (width, colorScheme) => {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme })
    const asked: string[] = []
    const wrong: string[] = []
    page.on('request', request => asked.push(request.url()))
    page.on('pageerror', error => wrong.push(String(error)))
    page.on('console', message => wrong.push(message.text()))
    await page.goto(`file://${folder}/report.html`)
    expect(await page.title()).toBe('lockstep conform: 1 not as expected')
    expect(await page.evaluate('document.querySelectorAll("script, img, link").length')).toBe(0)
    expect([asked, wrong]).toEqual([[`file://${folder}/report.html`], []])
    // Nothing but the table scrolls sideways.
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
    const [red, , blue] =
      String(await page.evaluate('getComputedStyle(document.body).backgroundColor')).match(/\d+/g) ?? []
    expect([Number(red) > 128, Number(blue) > 128]).toEqual(Array(2).fill(colorScheme === 'light'))
  })

  test('by the keyboard alone: a cell opens its run, and the filter hides what conforms', async () => {
    const page = await browser.newPage()
    await page.goto(`file://${folder}/report.html`)
    const fine = page.locator('article', { hasText: 'precopy/fine/1' })
    expect(await fine.locator('svg').isVisible()).toBe(false)
    await page.locator('tr', { hasText: 'precopy/fine/1' }).locator('td a').focus()
    await page.keyboard.press('Enter')
    expect(await fine.locator('svg').isVisible()).toBe(true)
    await page.locator('#f-all').focus()
    await page.keyboard.press('ArrowDown')
    expect(await fine.isVisible()).toBe(false)
    expect(await page.locator('article', { hasText: 'precopy/cancel/1' }).isVisible()).toBe(true)
  })
})
