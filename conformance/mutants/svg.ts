/** A picture of the score: a bar for each class and release, what is noticed of what could be. */

import { bugs } from '../../spec/history.ts'
import { versions } from '../../spec/versions.ts'
import { type Power, percent, shareOf } from './score.ts'

const row = 26
const left = 190
const width = 420

/** Draws it; the text is the same for the same score. */
export function drawPower({ history, rules, wire, honest }: Power): string {
  const bars: { name: string; noticed: number; of: number }[] = []
  const rows = bugs.filter(({ id }) => history.some(told => told.id === id))
  const told = rows.filter(({ id }) => history.some(one => one.id === id && one.by !== ''))
  bars.push({ name: 'bugs of the past', noticed: told.length, of: rows.length })
  for (const version of versions) {
    const own = rules.filter(kept => kept.version === version)
    if (own.length > 0) bars.push({ name: `mutants of rules, ${version}`, ...shareOf(own) })
  }
  for (const version of versions) {
    const own = wire.filter(kept => kept.version === version)
    const sum = own.reduce((all, one) => ({ noticed: all.noticed + one.noticed, of: all.of + one.made }), {
      noticed: 0,
      of: 0,
    })
    if (sum.of > 0) bars.push({ name: `lies on the wire, ${version}`, ...sum })
  }
  const runs = honest.reduce((sum, one) => sum + one.runs, 0)
  const alarms = honest.reduce((sum, one) => sum + one.alarms, 0)
  const height = bars.length * row + 44
  const lines = bars.map(({ name, noticed, of }, i) => {
    const y = 10 + i * row
    const share = of === 0 ? 0 : noticed / of
    return [
      `<text x="${left - 8}" y="${y + 13}" text-anchor="end">${name}</text>`,
      `<rect x="${left}" y="${y}" width="${width}" height="18" fill="#e3e3e3"/>`,
      `<rect x="${left}" y="${y}" width="${(width * share).toFixed(1)}" height="18" fill="#2f6f4f"/>`,
      `<text x="${left + width + 8}" y="${y + 13}">${percent({ noticed, of })} of ${of}</text>`,
    ].join('\n')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="760" height="${height}" font-family="sans-serif" font-size="12" role="img" aria-label="Noticed, of what could be">
<rect width="760" height="${height}" fill="#ffffff"/>
${lines.join('\n')}
<text x="${left}" y="${height - 14}">${alarms} false alarms in ${runs} honest runs</text>
</svg>
`
}
