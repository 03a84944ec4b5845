/** Ratios as bars, on a scale by powers of ten. */

/** One bar. */
export interface Bar {
  readonly size: string
  readonly name: string
  readonly ratio: number
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const [LEFT, WIDE, HIGH] = [330, 420, 20]

/** An SVG picture, read without a script and without a font of its own. */
export function picture(bars: readonly Bar[]): string {
  const known = bars.filter(({ ratio }) => Number.isFinite(ratio) && ratio > 0)
  const least = Math.floor(Math.log10(Math.min(1, ...known.map(({ ratio }) => ratio))))
  const most = Math.ceil(Math.log10(Math.max(10, ...known.map(({ ratio }) => ratio))))
  const x = (ratio: number): number => LEFT + ((Math.log10(ratio) - least) / (most - least)) * WIDE
  const height = 50 + known.length * HIGH
  const ticks = Array.from({ length: most - least + 1 }, (_, i) => 10 ** (least + i)).map(
    tick =>
      `<line x1="${x(tick)}" x2="${x(tick)}" y1="28" y2="${height - 12}" stroke="${tick === 1 ? '#444' : '#ccc'}"/>` +
      `<text x="${x(tick)}" y="22" text-anchor="middle">${tick} x</text>`,
  )
  const drawn = known.map(({ size, name, ratio }, i) => {
    const y = 34 + i * HIGH
    const from = Math.min(x(ratio), x(1))
    return (
      `<text x="${LEFT - 8}" y="${y + 12}" text-anchor="end">${escaped(`${size} M  ${name}`)}</text>` +
      `<rect x="${from.toFixed(1)}" y="${y}" width="${Math.max(1, Math.abs(x(ratio) - x(1))).toFixed(1)}" height="14" fill="${ratio >= 1 ? '#2a6' : '#c63'}"/>` +
      `<text x="${(x(Math.max(ratio, 1)) + 4).toFixed(1)}" y="${y + 12}">${ratio.toPrecision(2)}</text>`
    )
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + WIDE + 60} ${height}" font-family="sans-serif" font-size="12">`,
    '<!-- Printed by npm run bench; do not edit. -->',
    `<title>Distinct states a second, as a ratio to Spin's pan</title>`,
    ...ticks,
    ...drawn,
    '</svg>',
    '',
  ].join('\n')
}
