/** What all printed texts share: where they say they come from, how text is escaped and wrapped, how pictures look. */

/** How every printed file says where it comes from. */
export const PRINTED = 'Printed by `npm run draw`; edit the rules in spec/ or diagrams/plan.ts instead.'

/** Text that Mermaid takes as text: what it reads as syntax, HTML or Markdown becomes a numbered entity. */
export const literal = (text: string): string =>
  text.replaceAll(/[\p{Cc}#;:<>"`*_~$%&\\{}|[\]]/gu, char => (char < ' ' ? ' ' : `#${char.codePointAt(0)};`))

/** Breaks a text at its spaces so that lines are no longer than this, where words allow. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

const FONT = 'Verdana, DejaVu Sans, Arial, sans-serif'

/** The front matter of a diagram: a note on where it comes from, a title, and one look for all. */
export function frontMatter(title: string, config: readonly string[] = []): string[] {
  return [
    '---',
    `# ${PRINTED}`,
    `title: ${JSON.stringify(title)}`,
    'config:',
    '  look: classic',
    '  theme: base',
    `  fontFamily: ${FONT}`,
    '  fontSize: 13',
    ...config.map(line => `  ${line}`),
    '  themeVariables:',
    `    fontFamily: ${FONT}`,
    '    fontSize: 13px',
    '    primaryColor: "#eef3fa"',
    '    primaryBorderColor: "#34506f"',
    '    lineColor: "#34506f"',
    '    edgeLabelBackground: "#ffffff"',
    '    compositeBackground: "#fafafa"',
    '    noteBkgColor: "#fff8dc"',
    '    noteBorderColor: "#c9b458"',
    '---',
  ]
}
