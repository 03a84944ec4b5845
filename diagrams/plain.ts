/**
 * Labels as SVG text.  Mermaid puts HTML into its SVGs for them, which only
 * browsers show; its own way without HTML wraps, centres and escapes wrongly.
 */

const LABEL =
  /<foreignObject width="([\d.]+)" height="([\d.]+)"><div ([^>]*)><span([^>]*)>(?:<p>)?(.*?)(?:<\/p>)?<\/span><\/div><\/foreignObject>/gs

const INK = '#222222'

/** Pieces of one line of HTML: what is bold, and what is not. */
const spans = (line: string): string =>
  line
    .replaceAll('\u00a0', ' ')
    .replaceAll('<strong>', '<tspan font-weight="bold">')
    .replaceAll('</strong>', '</tspan>')
    .replaceAll(/<(?!\/?tspan)[^>]*>/g, '')

/** What is written on an arrow of a sequence diagram is seen in front of the lifelines it crosses. */
const HALO =
  '<style>.messageText { paint-order: stroke; stroke: #ffffff !important; stroke-width: 4px !important }</style>'

/** Replaces each HTML label by text in its place, centred, over a white box where it stands on an arrow. */
export const plainText = (svg: string): string => {
  const end = svg.lastIndexOf('</svg>')
  return `${labelsAsText(svg.slice(0, end))}${svg.includes('messageText') ? HALO : ''}${svg.slice(end)}`
}

const labelsAsText = (svg: string): string =>
  svg.replaceAll(LABEL, (_, width: string, height: string, box: string, span: string, html: string) => {
    if (html.trim() === '') return ''
    const [w, h] = [Number(width), Number(height)]
    const lines = html.split(/<br ?\/>/)
    const colour = /color: ?([^;!"]+)/.exec(span)?.[1]?.trim() ?? INK
    const back = box.includes('labelBkg')
      ? `<rect width="${width}" height="${height}" style="fill: #ffffff; stroke: none; opacity: 1"/>`
      : ''
    const texts = lines.map((line, i) => {
      const y = ((i + 0.5) * h) / lines.length
      return `<tspan x="${w / 2}" y="${y}" dy="0.35em">${spans(line)}</tspan>`
    })
    return `${back}<text text-anchor="middle" style="fill: ${colour}; stroke: none">${texts.join('')}</text>`
  })
