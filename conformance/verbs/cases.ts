/** Cases as they are listed. */
import type { Case } from '../../spec/script.ts'

/** Columns of texts, with as much room as they need. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map(row => row[i]?.length ?? 0)))
  return rows
    .map(row => row.map((text, i) => (i === row.length - 1 ? text : text.padEnd(widths[i] ?? 0))).join('  '))
    .join('\n')
}

/** Cases, for `list` and for `conform --list`. */
export const listedCases = (cases: readonly Case[]): { readonly json: object[]; readonly rows: string[][] } => ({
  json: [...cases],
  rows: cases.map(({ id, description }) => [id, description]),
})

/** The same, printed. */
export function printCases(cases: readonly Case[], json: boolean | undefined): string {
  return json ? JSON.stringify({ cases }, null, 2) : table(listedCases(cases).rows)
}
