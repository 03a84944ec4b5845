/** The pictures: every `.mmd` that has no SVG of its own yet, drawn by Mermaid in one Chromium. */
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'puppeteer'
import { folder, isSealed, sealed, stamps } from './draw.ts'
import { plainText } from './plain.ts'

/** There is no browser to draw with. */
export class NoChromiumError extends Error {
  override readonly name = 'NoChromiumError'
}

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The browser's path.  Throws `NoChromiumError` when there is none. */
export function chromium(path: string = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'): string {
  try {
    accessSync(path, constants.X_OK)
    return path
  } catch {
    throw new NoChromiumError(`no Chromium at ${path}: apt-get install chromium, or set CHROMIUM_PATH`)
  }
}

/** Lends a browser with a profile of its own; it is closed and its profile removed whatever happens. */
export async function withBrowser<T>(
  use: (browser: Browser) => Promise<T>,
  executablePath: string = chromium(),
): Promise<T> {
  // Development only: it is not there when lockstep is installed from the registry.
  const { default: puppeteer } = await import('puppeteer')
  const userDataDir = mkdtempSync(join(tmpdir(), 'lockstep-chromium-'))
  try {
    const browser = await puppeteer.launch({ executablePath, userDataDir, args: FLAGS })
    try {
      return await use(browser)
    } finally {
      await browser.close()
    }
  } finally {
    rmSync(userDataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

/** Draws Mermaid texts by name, one after another in one browser. */
export const drawSvgs = (texts: ReadonlyMap<string, string>): Promise<Map<string, string>> =>
  withBrowser(async browser => {
    const { renderMermaid } = await import('@mermaid-js/mermaid-cli')
    const svgs = new Map<string, string>()
    for (const [name, text] of texts) {
      const { data } = await renderMermaid(browser, text, 'svg', { fontEmbed: false, svgId: `lockstep-${name}` })
      svgs.set(name, plainText(new TextDecoder().decode(data)))
    }
    return svgs
  })

/**
 * Writes the SVG of each printed `.mmd` that is to be drawn by Mermaid and has none made from it, or of all;
 * answers the names of those written.  Throws `NoChromiumError`.
 */
export async function renderSvgs(
  files: ReadonlyMap<string, string>,
  where: string = folder,
  { all = false }: { readonly all?: boolean } = {},
): Promise<string[]> {
  const isFresh = (file: string, stamp: string): boolean => {
    try {
      return isSealed(stamp, readFileSync(join(where, file), 'utf8'))
    } catch {
      return false
    }
  }
  const wanted = [...stamps(files)].filter(([file, stamp]) => all || !isFresh(file, stamp))
  if (wanted.length === 0) return []
  const names = wanted.map(([file]) => file.replace(/\.svg$/, ''))
  const svgs = await drawSvgs(new Map(names.map(name => [name, files.get(`${name}.mmd`) ?? ''])))
  for (const [i, [file, stamp]] of wanted.entries()) {
    writeFileSync(join(where, file), sealed(stamp, `${svgs.get(names[i] ?? '')}\n`))
  }
  return wanted.map(([file]) => file)
}
