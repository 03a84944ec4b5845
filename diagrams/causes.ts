/** What takes an arrow, in the few words that are written on it. */
import type { Row } from '../impl/flat.ts'

/** Words, and whether they are a command. */
export interface Words {
  readonly text: string
  readonly command?: true
}

/** Whether a process dies of a step: what set it off is then less than why. */
const isDeadly = ({ outputs }: Row): boolean => outputs.some(output => output.kind === 'exits' && output.code === null)

/** What takes an arrow, in the words that are written on it. */
export const causeOf = (row: Row): Words => {
  const { cause, rule } = row
  if (cause?.kind === 'command' && !isDeadly(row)) return { text: cause.name, command: true }
  return { text: cause?.kind === 'receives' ? `← ${cause.name}` : rule.rule.name }
}

/** Commands stand first, for somebody sends them; then what befalls anybody. */
export function causesOf(rows: readonly Row[]): Words[] {
  const weight = (row: Row): number => (causeOf(row).command === true ? 0 : row.cause?.kind === 'fault' ? 1 : 2)
  const sorted = rows.toSorted((a, b) => weight(a) - weight(b))
  return [...new Map(sorted.map(row => [causeOf(row).text, causeOf(row)])).values()]
}
