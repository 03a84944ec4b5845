/** Writes the page. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Sources, siteData } from './data.ts'
import { siteHtml } from './html.ts'

/** Writes `index.html` into a folder, which is made; answers its path and its size in bytes. */
export async function writeSite(folder: string, sources: Sources): Promise<{ file: string; bytes: number }> {
  const text = siteHtml(await siteData(sources))
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'index.html')
  writeFileSync(file, text)
  return { file, bytes: Buffer.byteLength(text) }
}
