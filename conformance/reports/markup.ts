/** HTML and SVG from templates that escape whatever is put into them: an endpoint may write anything. */

/** Text that is markup already; made by `markup` alone. */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** What may stand in a template; `undefined` and `false` leave no trace. */
export type Part = Markup | string | number | undefined | false | readonly Part[]

const entities: { readonly [char: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Text as a page can show it, in an element or in a quoted attribute.  What one
 * cannot see, or what would turn the line round, is shown as U+FFFD.
 */
export const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, char => entities[char] ?? '').replaceAll(/[^\P{C}\n\t]/gu, '\ufffd')

const print = (part: Part): string => {
  if (part instanceof Markup) return part.text
  if (part === undefined || part === false) return ''
  return typeof part === 'object' ? part.map(print).join('') : escaped(String(part))
}

/** A template whose own text is markup, and whose parts are text unless they are `Markup`. */
export const markup = (texts: TemplateStringsArray, ...parts: readonly Part[]): Markup =>
  new Markup(texts.map((text, i) => text + print(parts[i])).join(''))
