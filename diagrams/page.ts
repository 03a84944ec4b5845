/** Pages around pictures: the folder's index, and a path in ASCII for rST. */
import { PRINTED, wrap } from './mermaid.ts'

/** What became of a machine from one release to the next: a picture, or nothing. */
export interface ChangeShown {
  readonly from: string
  readonly to: string
  readonly file?: string
}

/** Something that the index lists. */
export interface Shown {
  readonly kind: 'picture' | 'table'
  readonly file: string
  readonly title: string
  readonly about?: string
  readonly changes?: readonly ChangeShown[]
}

/** What became of a machine, in a line. */
const changesLine = (changes: readonly ChangeShown[]): string =>
  `What changed in it: ${changes
    .map(({ from, to, file }) =>
      file === undefined ? `no difference from ${from} to ${to}` : `[from ${from} to ${to}](${file}.svg)`,
    )
    .join('; ')}.`

/** The page that a folder of pictures opens with. */
export function indexPage(shown: readonly Shown[], version: string): string {
  const pictures = shown.filter(({ kind }) => kind === 'picture')
  const tables = shown.filter(({ kind }) => kind === 'table')
  return `${[
    `<!-- ${PRINTED} -->`,
    '',
    '# Diagrams and tables',
    '',
    `Printed from the rules in \`spec/\` for QEMU ${version}.  Pictures are drawn from the \`.mmd\` file of the same name by`,
    '`npm run svg`; every arrow of a state diagram was taken by the checker in some reachable state, and none that was is left out.',
    '',
    ...tables.map(({ file, title }) => `- [${title}](${file}.md) ([rST](${file}.rst))`),
    ...pictures.flatMap(({ file, title, about, changes = [] }) => [
      '',
      `## ${title}`,
      '',
      ...(about === undefined ? [] : [about, '']),
      `![${title}](${file}.svg)`,
      ...(changes.length === 0 ? [] : ['', changesLine(changes)]),
    ]),
  ].join('\n')}\n`
}

/** How a page in rST begins. */
export const rstHead = (title: string): readonly string[] => [
  `.. ${PRINTED.replaceAll('`', '``')}`,
  '',
  title,
  '='.repeat(title.length),
  '',
]

/** A path in ASCII, in a literal block. */
export const transcriptPage = (title: string, about: string, text: string): string =>
  `${[
    ...rstHead(title),
    // In QEMU's documentation a single back-tick is a cross-reference.
    ...wrap(about.replaceAll('`', '``'), 79),
    '',
    '::',
    '',
    ...text
      .trimEnd()
      .split('\n')
      .map(line => `    ${line}`.trimEnd()),
  ].join('\n')}\n`
