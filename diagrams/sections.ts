/** Recorded cases by section: a page for each, and one that leads to them. */
import { type Example, examplesMarkdown, examplesPage } from './examples.ts'
import { PRINTED, wrap } from './mermaid.ts'
import { rstHead } from './page.ts'

const TITLE = 'Recorded cases'
const ABOUT =
  'What two QEMUs were told and said in each case, as it was recorded. Order is certain within a side only; ids, times, counters and long replies are left out.'

/** Printed files, each with the title that an index shows; those in rST go by the same name. */
export interface SectionPage {
  readonly file: string
  readonly title: string
  readonly markdown: string
  readonly rst: string
}

const sectionOf = ({ id }: Example): string => id.split('/')[0] ?? ''

/** How GitHub calls the heading of a case. */
const anchorOf = (id: string): string => id.toLowerCase().replaceAll(/[^a-z0-9 _-]/g, '')

/** The pages of these runs; `file` is what the one that leads to the others is called. */
export function sectionPages(file: string, examples: readonly Example[]): SectionPage[] {
  const sections = [...Map.groupBy(examples, sectionOf)].map(([section, runs]) => {
    const title = `${TITLE}: ${section}`
    const page = `cases-${section}`
    return {
      file: page,
      title,
      runs,
      markdown: examplesMarkdown(title, ABOUT, runs),
      rst: examplesPage(title, ABOUT, runs),
    }
  })
  const markdown = [
    `<!-- ${PRINTED} -->`,
    '',
    `# ${TITLE}`,
    '',
    ABOUT,
    ...sections.flatMap(({ file: page, title, runs }) => [
      '',
      `## [${title}](${page}.md)`,
      '',
      ...runs.map(({ id, qemu, description }) => `- [${id}](${page}.md#${anchorOf(id)}), QEMU ${qemu}: ${description}`),
    ]),
  ]
  const rst = [
    ...rstHead(TITLE),
    ...wrap(ABOUT, 79),
    ...sections.flatMap(({ file: page, runs }) => ['', `* :doc:\`${page}\`: ${runs.length} cases`]),
  ]
  const index = { file, title: TITLE, markdown: `${markdown.join('\n')}\n`, rst: `${rst.join('\n')}\n` }
  return [index, ...sections.map(({ runs: _, ...page }) => page)]
}
