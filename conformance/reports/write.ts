/** Writes the reports that were asked for into a folder. */
import { readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { Result } from '../conform.ts'
import { store, storeIn } from '../store.ts'
import { readTranscript, type Transcript } from '../transcript.ts'
import type { About } from './html.ts'

/** A transcript as it was stored; nothing where it cannot be read any more. */
function stored({ file }: Result): Transcript | undefined {
  if (file === undefined) return undefined
  try {
    return readTranscript(readFileSync(file, 'utf8'), file)
  } catch {
    // Somebody has taken it away, or the disk is full: the verdict stands all the same.
    return undefined
  }
}

/** A path below the page's folder as an address in it. */
const linkFrom = (out: string) => (file: string) => relative(out, file).split(sep).map(encodeURIComponent).join('/')

interface Kind {
  readonly file: string
  readonly print: (results: readonly Result[], out: string, about: (id: string) => About | undefined) => Promise<string>
}

const kinds: { readonly [kind: string]: Kind } = {
  tap: { file: 'report.tap', print: async results => (await import('./tap.ts')).printTap(results) },
  junit: { file: 'junit.xml', print: async results => (await import('./junit.ts')).printJunit(results) },
  html: {
    file: 'report.html',
    print: async (results, out, about) =>
      (await import('./html.ts')).printHtml(results, { about, transcriptOf: stored, linkTo: linkFrom(out) }),
  },
  json: { file: 'report.json', print: async results => (await import('./json.ts')).printJsonReport(results) },
}

/** The kinds of report that there are. */
export const reportKinds: readonly string[] = Object.keys(kinds)

/**
 * Writes them; answers the paths.
 *
 * @param wanted of `reportKinds`; others are passed over
 * @param out the folder, which is made where it is not there
 * @param about what is known of a case, for people
 */
export async function writeReports(
  wanted: readonly string[],
  out: string,
  results: readonly Result[],
  about: (id: string) => About | undefined = () => undefined,
): Promise<string[]> {
  storeIn(out)
  const paths: string[] = []
  for (const name of new Set(wanted)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
    if (kind === undefined) continue
    const path = join(out, kind.file)
    store(path, await kind.print(results, out, about))
    paths.push(path)
  }
  return paths
}
