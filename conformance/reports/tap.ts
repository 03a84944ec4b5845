/**
 * Results as TAP 14, in the shape of QEMU's own tests, so that what runs those
 * (`protocol: 'tap'` in meson) runs these.
 */
import type { Result } from '../conform.ts'
import { harmless, headsOf, labelOf } from '../report.ts'

/** Text of a test point: a `#` would begin a directive. */
const pointText = (text: string): string => harmless(text).replaceAll(/[\\#]/g, '\\$&')

/** A path like `/QEMU-11.1.3/precopy/cancel/1`, as GLib names tests. */
const pathOf = (head: string, { case: id }: Result): string =>
  `/${head.replaceAll(/[^\w.-]+/g, '-').replaceAll(/^-+|-+$/g, '')}/${id}`

/** In one line, for a directive. */
const oneLine = (text: string): string => harmless(text.replaceAll(/\s*\n\s*/g, '; '))

/** Diagnostics as YAML: a string in double quotes is JSON, and text goes in a block of its own. */
function diagnostics(result: Result): string[] {
  const { message, rerun, file, line, side, claim, rule, deviation, seconds, allowed = [] } = result
  const facts = { verdict: labelOf(result), claim, rule, deviation, file, line, side, seconds, rerun }
  const named = Object.entries(facts).filter(([, value]) => value !== undefined)
  const said = message.split('\n').map(text => `      ${harmless(text)}`.trimEnd())
  const could = allowed.map(one => `      - ${JSON.stringify(harmless(`${one.side} ${one.text}`))}`)
  return [
    '  ---',
    ...named.map(
      ([name, value]) => `  ${name}: ${JSON.stringify(typeof value === 'string' ? harmless(value) : value)}`,
    ),
    ...(message === '' ? [] : ['  message: |', ...said]),
    ...(could.length === 0 ? [] : ['  allowed:', ...could]),
    '  ...',
  ]
}

/** What is no failure though it did not pass: TAP's word for it and why. */
function directive(result: Result): string {
  const { verdict, expected, claim, message } = result
  if (!expected) return ''
  if (verdict === 'known deviation') return ` # TODO known deviation: ${pointText(claim ?? oneLine(message))}`
  return verdict === 'conforms' ? '' : ` # SKIP ${pointText(`${verdict}: ${oneLine(message)}`)}`
}

/** The whole stream. */
export function printTap(results: readonly Result[]): string {
  const lines = ['TAP version 14', `1..${results.length}`]
  const seeds = [...new Set(results.map(({ seed }) => seed))]
  if (seeds.length > 0) lines.push(`# seeds: ${seeds.join(' ')}`)
  let number = 0
  for (const [endpoint, head] of headsOf(results)) {
    lines.push(`# Start of ${harmless(head)} tests`)
    for (const result of results.filter(one => one.endpoint === endpoint)) {
      const passed = result.expected && result.verdict !== 'known deviation'
      const name = `${pathOf(head, result)}${seeds.length > 1 ? ` seed ${result.seed}` : ''}`
      lines.push(`${passed ? 'ok' : 'not ok'} ${++number} ${pointText(name)}${directive(result)}`)
      if (result.verdict !== 'conforms' || !result.expected) lines.push(...diagnostics(result))
    }
    lines.push(`# End of ${harmless(head)} tests`)
  }
  return `${lines.join('\n')}\n`
}
