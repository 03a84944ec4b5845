/** The page in a browser: what a newcomer asks of it, by clicks, by keys, by day and by night; nothing is fetched. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HtmlValidate } from 'html-validate'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allClaims } from '../../conformance/verbs/ids.ts'
import { find } from '../../conformance/verbs/unit.ts'
import { clientCode, scriptSafe } from './html.ts'
import { variants } from './machines.ts'
import { maskOf, releaseNames } from './releases.ts'
import type { SiteData } from './types.ts'
import { writeSite } from './write.ts'

const path = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const hasBrowser = existsSync(path)
if (!hasBrowser && process.env.LOCKSTEP_REQUIRE_QEMU === '1') throw new Error(`there is no Chromium at ${path}`)
const reason = hasBrowser ? '' : ` (skipped: there is no Chromium at ${path})`

/** Few systems in few releases: enough for all kinds of view, and soon explored. */
const wanted = (system: string, release: string): boolean =>
  system === 'postcopy' ? ['9.0', '10.0', '11.1'].includes(release) : system === 'COLO pair' && release === '11.1'

let folder = ''
let file = ''
let bytes = 0
let html = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-site-'))
  const some = allClaims.filter(({ system }) => system === 'COLO left out')
  const found = find({ system: 'COLO left out', versions: ['11.1'], claims: some.map(({ id }) => id) })
  const told = found.claims.flatMap(({ id, told }) =>
    told === undefined ? [] : [{ claim: id, versions: ['11.1'], ...told }],
  )
  const written = await writeSite(folder, {
    claims: allClaims,
    told,
    seen: () => ['11.1'],
    variants: variants(wanted),
    answered: ['9.0', '10.0', '11.1'],
  })
  ;({ file, bytes } = written)
  html = readFileSync(file, 'utf8')
}, 240_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the file', () => {
  test('is valid HTML', async () => {
    const report = await new HtmlValidate({ extends: ['html-validate:standard'] }).validateString(html)
    const problems = report.results.flatMap(({ messages }) =>
      messages.map(({ line, message }) => `${line}: ${message}`),
    )
    // How a document begins is a matter of taste: in small letters, or not.
    expect(problems.filter(problem => !/doctype/i.test(problem))).toEqual([])
  })

  test('the validator would notice an element that is not closed', async () => {
    const report = await new HtmlValidate({ extends: ['html-validate:standard'] }).validateString('<ul><li>a<b></ul>')
    expect(report.valid).toBe(false)
  })

  test('is small, and knows every release', () => {
    expect(bytes).toBeLessThan(4_000_000)
    for (const name of releaseNames) expect(html).toContain(`{"name":"${name}"`)
  })

  test('holds data that cannot end its element', () => {
    const evil = JSON.stringify({ text: '</script><script>alert(1)</script><!--\u2028' })
    expect(scriptSafe(evil)).not.toMatch(/[<\u2028]/)
    expect(JSON.parse(scriptSafe(evil))).toEqual(JSON.parse(evil))
  })

  test.each([
    ['11.1', '11.1.3-recover-dead-unix-1'],
    ['10.0', '10.0.13-recover-dead-unix-2'],
  ])('answers of a failed recovery in %s what a real binary did', (release, id) => {
    const data = JSON.parse(/id="data">(.*?)<\/script>/s.exec(html)?.[1] ?? '') as SiteData
    const question = data.questions.find(one => one.id === 'failed-recovery')
    const answers = question?.outcomes
      .filter(({ mask }) => (mask & maskOf([release])) !== 0)
      .map(({ events }) => events)
    const run = data.runs.find(one => one.id === id)
    const said =
      run?.frames.flatMap(number => data.frames[number]?.beats.filter(([, side]) => side === 'src') ?? []) ?? []
    const heard: string[][] = []
    for (const [kind, , text] of said) {
      if (kind === 'command') heard.push(text.includes('"resume":true') ? ['resumes'] : [])
      if (kind === 'event') heard.at(-1)?.push(text)
    }
    const recoveries = heard.filter(([first]) => first === 'resumes').map(([, ...events]) => events)
    expect(recoveries.length).toBeGreaterThan(1)
    // One that works goes on to the end of the migration.
    for (const events of recoveries)
      expect(answers).toContainEqual(events.filter(text => text !== 'MIGRATION completed'))
  })

  test('has code without types, imports and exports', () => {
    expect(clientCode()).not.toMatch(/^(import|export) /m)
    expect(() => new Function(clientCode())).not.toThrow()
  })
})

describe.skipIf(!hasBrowser)(`the page${reason}`, () => {
  let browser: Browser
  let context: BrowserContext
  const asked: string[] = []
  const wrong: string[] = []

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-gpu'] })
  })
  afterAll(async () => {
    await browser?.close()
  })

  async function open(hash = '', colorScheme: 'light' | 'dark' = 'light', width = 1280): Promise<Page> {
    context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme })
    const page = await context.newPage()
    page.on('request', request => asked.push(request.url()))
    page.on('pageerror', error => wrong.push(String(error)))
    page.on('console', message => wrong.push(message.text()))
    await page.goto(`file://${file}${hash}`)
    return page
  }

  async function searchFor(page: Page, words: string): Promise<void> {
    await page.locator('h1').focus()
    await page.keyboard.press('/')
    await page.keyboard.press('Control+A')
    await page.keyboard.type(words)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: `Search: ${words}` }).waitFor()
  }

  describe('tells a newcomer', () => {
    test('what events a failed recovery emits in 9.0 and in 10.0', async () => {
      const page = await open()
      await searchFor(page, 'failed recovery events in 9.0')
      await page
        .getByRole('link', { name: /postcopy recovery emit/ })
        .first()
        .click()
      expect(await page.locator('.dated').innerText()).toContain('dates of the rules')
      const rows = page.locator('main > .body > .wide tbody tr')
      expect(await rows.nth(0).innerText()).toMatch(/^no event at all\s+postcopy-paused/)
      await page.getByLabel('QEMU', { exact: true }).selectOption('10.0')
      await page.getByRole('heading', { level: 1 }).waitFor()
      expect(await page.locator('.dated').count()).toBe(0)
      const failed = (await rows.nth(0).innerText()).split(/\s+/)
      expect(failed.slice(0, 5)).toEqual([
        'MIGRATION',
        'postcopy-recover-setup',
        'MIGRATION',
        'postcopy-paused',
        'postcopy-paused',
      ])
    })

    test('whether migrate_cancel is accepted in postcopy-paused in 11.1', async () => {
      const page = await open()
      await searchFor(page, 'is migrate_cancel accepted in postcopy-paused in 11.1')
      const answer = await page.locator('.answer').first().innerText()
      expect(answer).toContain('migrate_cancel in postcopy-paused, QEMU 11.1')
      expect(answer).toMatch(
        /refused where MigrationStatus on the source is postcopy-paused: Postcopy migration in progress/,
      )
      await searchFor(page, 'migrate_cancel postcopy-paused 9.0')
      expect(await page.locator('.answer').first().innerText()).toContain(
        'accepted where MigrationStatus on the source',
      )
    })

    test('what the secondary emits when the primary dies', async () => {
      const page = await open()
      await page.getByRole('link', { name: 'What does the secondary emit when the primary dies?' }).click()
      expect(await page.locator('tbody tr').first().innerText()).toMatch(/^COLO_EXIT secondary error\s+colo, running/)
      await page.getByRole('link', { name: 'the way, step by step' }).first().click()
      await page.getByRole('link', { name: 'Last', exact: true }).click()
      await page.locator('.row.now', { hasText: 'COLO_EXIT secondary error' }).waitFor()
    })

    test('how colo is left', async () => {
      const page = await open()
      await searchFor(page, 'how is colo left')
      const links = await page.locator('main li a').allInnerTexts()
      expect(links.slice(0, 3).every(text => text.startsWith('How is colo left?'))).toBe(true)
      await page.getByRole('link', { name: 'colo: MigrationStatus on the primary, COLO' }).click()
      const out = await page.locator('.panel ul').first().innerText()
      expect(out).toContain('to completed')
      expect(out).toContain('to cancelling: migrate_cancel')
      expect(out).toContain('to process gone')
    })
  })

  test('a click on an arrow shows the shortest way, which can be gone by keys with both machines lit', async () => {
    const page = await open('#/machine/postcopy-source/11.1')
    await page.locator('.chart a[aria-label^="postcopy-active to postcopy-paused"] text').click()
    await page.getByRole('heading', { name: 'postcopy-active → postcopy-paused' }).waitFor()
    expect(await page.locator('.sequence .row').count()).toBeGreaterThan(5)
    expect(
      await page.locator('.panel a[href^="https://gitlab.com/qemu-project/qemu/-/blob/v11.1.1/migration/"]').count(),
    ).toBeGreaterThan(0)
    await page.getByRole('link', { name: 'Go it step by step' }).click()
    await page.getByRole('heading', { level: 1, name: /postcopy-active to postcopy-paused/ }).waitFor()
    await page.keyboard.press('End')
    await page.locator('.side.src .node.lit', { hasText: 'postcopy-paused' }).waitFor()
    expect(await page.locator('.side.dst .node.lit').textContent()).toMatch(/postcopy-/)
    await page.keyboard.press('ArrowLeft')
    await page.locator('.side.src .node.lit', { hasText: 'postcopy-active' }).waitFor()
    await page.goBack()
    await page.locator('.side.src .node.lit', { hasText: 'postcopy-paused' }).waitFor()
  })

  test('the questions of 2018 stand in order, each with its claims', async () => {
    const page = await open('#/answers-of-2018')
    const heads = await page.locator('main h2').allInnerTexts()
    expect(heads.map(text => Number.parseInt(text, 10))).toEqual([1, 2, 3, 4, 5])
    for (const section of await page.locator('main section').all()) {
      expect(await section.getByRole('link').count()).toBeGreaterThan(3)
    }
    await page.getByRole('link', { name: 'Claims', exact: true }).click()
    await page.getByRole('link', { name: 'The questions of 2018' }).click()
    await page.getByRole('heading', { name: /re-entered/ }).waitFor()
  })

  test('what is asked often is answered where it is searched for, in each release that is named', async () => {
    const page = await open()
    await searchFor(page, 'failed recovery events 9.0 10.0')
    const answers = await page.locator('.answer').allInnerTexts()
    expect(answers.length).toBe(2)
    expect(answers[0]).toMatch(
      /QEMU 9\.0[\s\S]*dates of the rules[\s\S]*no event at all, and then it is postcopy-paused/,
    )
    expect(answers[1]).toMatch(
      /QEMU 10\.0[\s\S]*MIGRATION postcopy-recover-setup, MIGRATION postcopy-paused, and then it is postcopy-paused/,
    )
    await searchFor(page, 'what is new in 9.1')
    expect(await page.locator('main h2').first().innerText()).toBe('What changed with QEMU 9.1, since 9.0')
    expect(await page.locator('main li a[href^="#/rule/"]').count()).toBeGreaterThan(3)
  })

  test('all machines are there at a glance, and COLO from afar; a click leads to the state', async () => {
    const page = await open()
    await page.getByRole('link', { name: 'All at a glance' }).click()
    expect(await page.locator('.chart').count()).toBeGreaterThan(10)
    const afar = page.getByRole('region', { name: 'COLO on the primary: start, running, failover as a picture' })
    await afar.locator('.node', { hasText: 'COLO runs' }).click()
    await page.getByRole('heading', { name: 'State COLO runs' }).waitFor()
    await page.locator('.panel').getByRole('link', { name: 'to a checkpoint' }).click()
    expect(await page.locator('.sequence .row').count()).toBeGreaterThan(10)
  })

  test('a sequence diagram begins where it says, and can be taken along as text and as Mermaid', async () => {
    const page = await open('#/sequence/recovery-handshake/11.1')
    const [, passed = ''] = /first (\d+) steps/.exec(await page.locator('main').innerText()) ?? []
    expect(Number(passed)).toBeGreaterThan(5)
    expect(await page.locator('.steps .more a').first().innerText()).toBe(String(Number(passed) + 1))
    await page.getByText('As text, for a mail').click()
    const [text = '', mermaid = ''] = await page.locator('.take pre').allInnerTexts()
    expect(text).toMatch(
      /^The handshake of a postcopy recovery, QEMU 11\.1\n\n *24 +-> source: migrate\n *24 +<- source: MIGRATION postcopy-recover-setup\n/,
    )
    expect(mermaid).toMatch(
      /^sequenceDiagram\n {2}participant operator\n[\s\S]*operator->>src: migrate\n {2}src-->>operator: MIGRATION /,
    )
    const saved = page.waitForEvent('download')
    await page.getByRole('link', { name: /^Save as .*\.mmd$/ }).click()
    expect((await saved).suggestedFilename()).toMatch(/^[0-9a-f]{10}\.mmd$/)
    await page.getByRole('link', { name: 'Go it step by step' }).click()
    await page.getByText(`Step ${Number(passed) + 1} of`).waitFor()
  })

  test('a recorded case is found, read as the documentation has it, and gone step by step', async () => {
    const page = await open('#/cases')
    expect(await page.locator('#case-count').innerText()).toMatch(/^(\d+) of \1 cases/)
    await page.getByLabel('Filter cases').fill('nbd secondary')
    expect(await page.locator('#case-count').innerText()).not.toMatch(/^(\d+) of \1 cases/)
    await searchFor(page, 'recovery complete case')
    await page.getByRole('link', { name: 'recovery/complete/1 on QEMU' }).click()
    expect(await page.locator('.qmp pre').first().innerText()).toMatch(/^-> \{ "execute": /)
    expect(await page.locator('.qmp').innerText()).toContain('On the destination:')
    await page.getByRole('link', { name: 'Go it step by step' }).click()
    // Keys reach what is there.
    await page.locator('.stepper').waitFor()
    await page.keyboard.press('End')
    await page.locator('.side.src .node.lit', { hasText: 'completed' }).waitFor()
  })

  test('a link leads to a recorded run at its step', async () => {
    const page = await open('#/run/11.1.3-recover-cut-1/6')
    expect(await page.locator('.stepper').innerText()).toContain('Step 6 of')
    expect(await page.locator('.row.now').count()).toBe(1)
  })

  test('two releases are compared', async () => {
    const page = await open('#/machine/postcopy-source/11.1/compare/10.0')
    const rows = await page.locator('table').last().innerText()
    expect(rows).toMatch(/device → postcopy-device\s+new/)
    expect(rows).toMatch(/device → postcopy-active\s+gone/)
    expect(await page.locator('.chart .edge.new').count()).toBeGreaterThan(3)
    expect(await page.locator('.chart .node.new', { hasText: 'failing' }).count()).toBe(1)
  })

  test('the keyboard alone leads from the top to a state', async () => {
    const page = await open('#/machine/postcopy-destination/11.1')
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to what is shown')
    await page.locator('.chart .node', { hasText: 'postcopy-recover' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'State postcopy-recover' }).waitFor()
    expect(await page.evaluate('document.activeElement.id')).toBe('panel')
  })

  test('an address that is nonsense is told so', async () => {
    const page = await open('#/machine/%3Cimg%20src=x%20onerror=alert(1)%3E/11.1')
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Not found')
    expect(await page.locator('img').count()).toBe(0)
    await page.goto(`file://${file}#/%E0%A4%A`)
    await page.getByText('There is nothing at this address.').waitFor()
  })

  const views = [
    '',
    '#/machine/postcopy-source/11.1/state/postcopy-paused',
    '#/machine/postcopy-source/11.1/arrow/postcopy-paused/postcopy-recover-setup',
    '#/machine/postcopy-source/11.1/compare/9.0',
    '#/question/failed-recovery/9.0',
    '#/command/migrate_cancel/11.1',
    '#/consumers',
    '#/answers-of-2018',
    '#/run/11.1.3-recover-cut-1/9',
    '#/runs',
    '#/diagrams/11.1',
    '#/machine/colo-primary-overview/11.1/state/COLO%20runs',
    '#/sequence/recovery-handshake/11.1',
    '#/cases',
    '#/case/recovery%2Fcomplete%2F1',
    '#/search/colo%20exit',
    '#/search/9.1',
    '#/search/failed%20recovery%209.0%2010.0',
    `#/claim/${encodeURIComponent(allClaims[0]?.id ?? '')}/11.1`,
  ]

  test.each(['light', 'dark'] as const)(
    'axe finds nothing wrong, %s',
    async scheme => {
      const page = await open('', scheme)
      const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
      await page.evaluate(axe)
      for (const view of views) {
        await page.evaluate(`location.hash = ${JSON.stringify(view === '' ? '#/' : view)}`)
        await page.waitForFunction(`document.documentElement.dataset.shown === location.hash`)
        const found = (await page.evaluate(
          'axe.run().then(({ violations }) => violations.map(one => [one.id, one.nodes[0].html, one.nodes[0].failureSummary].join()))',
        )) as string[]
        expect([view, found]).toEqual([view, []])
      }
      const [red] = String(await page.evaluate('getComputedStyle(document.body).backgroundColor')).match(/\d+/) ?? []
      expect(Number(red) > 128).toBe(scheme === 'light')
    },
    120_000,
  )

  test('axe would notice a picture without a name', async () => {
    const page = await open()
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
    await page.evaluate(`document.getElementById('main').append(document.createElement('input'))`)
    expect(await page.evaluate('axe.run().then(({ violations }) => violations.map(({ id }) => id))')).toContain('label')
  })

  test('a narrow window scrolls only what is wide', async () => {
    const page = await open('#/machine/postcopy-source/11.1/state/postcopy-paused', 'light', 420)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(420)
  })

  test.each([
    '#/',
    '#/diagrams/11.1',
    '#/sequence/recovery-handshake/11.1',
    '#/case/recovery%2Fcomplete%2F1',
    '#/search/9.1',
  ])('a telephone shows %s', async view => {
    const page = await open(view, 'light', 375)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(375)
    const fits = "[...document.querySelectorAll('.sequence')].every(one => one.scrollWidth <= one.clientWidth + 1)"
    expect(await page.evaluate(fits)).toBe(true)
  })

  test('on paper the header is left out', async () => {
    const page = await open('#/consumers')
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('header').isVisible()).toBe(false)
    expect(await page.getByRole('table').isVisible()).toBe(true)
  })

  test('asked for nothing but itself, and nothing went wrong', () => {
    expect(new Set(asked.map(url => url.replace(/#.*/, '')))).toEqual(new Set([`file://${file}`]))
    expect(wrong).toEqual([])
  })
})
