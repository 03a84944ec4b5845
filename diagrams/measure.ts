/** How wide a text comes out at most, without a browser: by letters, in the widest of the fonts that we name. */

const NARROW = new Set("il.,:;'|!()[] ftjI")
const WIDE = new Set('mwMWAGOQNHUD@%⇒→←')

/** The width of a text in a font of this size. */
export function widthOf(text: string, size: number, bold = false): number {
  let width = 0
  for (const letter of text) width += NARROW.has(letter) ? 0.4 : WIDE.has(letter) ? 0.9 : 0.64
  return Math.ceil(width * size * (bold ? 1.09 : 1))
}
