/** Elements from names, attributes and texts.  Text is only ever set as text: nothing of the data is read as HTML. */
import type { Mask, SiteData } from '../types.ts'

/** What an element may hold. */
export type Child = Node | string | undefined | readonly Child[]

/** Attributes; `undefined` leaves one out. */
export interface Attributes {
  readonly [name: string]: string | number | undefined
}

const NAMESPACE = 'http://www.w3.org/2000/svg'

function fill<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(name, String(value))
  }
  const add = (child: Child): void => {
    if (child === undefined) return
    if (Array.isArray(child)) for (const one of child as readonly Child[]) add(one)
    else element.append(child as Node | string)
  }
  add(children)
  return element
}

/** An HTML element. */
export const h = (name: string, attributes: Attributes = {}, ...children: readonly Child[]): HTMLElement =>
  fill(document.createElement(name), attributes, children)

/** An SVG element. */
export const s = (name: string, attributes: Attributes = {}, ...children: readonly Child[]): SVGElement =>
  fill(document.createElementNS(NAMESPACE, name), attributes, children) as SVGElement

/** A link inside the page. */
export const link = (to: string, ...children: readonly Child[]): HTMLElement => h('a', { href: to }, ...children)

/** Words of a program. */
export const code = (text: string): HTMLElement => h('code', {}, text)

/** A table; its first column heads the rows when `rowHeads` says so. */
export function table(
  caption: string,
  heads: readonly Child[],
  rows: readonly (readonly Child[])[],
  rowHeads = true,
): HTMLElement {
  const wide = h(
    'table',
    {},
    h('caption', {}, caption),
    h('thead', {}, h('tr', {}, ...heads.map(head => h('th', { scope: 'col' }, head)))),
    h(
      'tbody',
      {},
      ...rows.map(cells =>
        h(
          'tr',
          {},
          ...cells.map((cell, i) => (i === 0 && rowHeads ? h('th', { scope: 'row' }, cell) : h('td', {}, cell))),
        ),
      ),
    ),
  )
  // What is wider than the page scrolls by itself, by the keyboard too.
  return h('div', { class: 'wide', role: 'region', 'aria-label': caption, tabindex: 0 }, wide)
}

/** The data of the page. */
export const data = JSON.parse(document.getElementById('data')?.textContent ?? '{}') as SiteData

/** The bit of a release; 0 for one that is not there. */
export const bitOf = (release: string): Mask => {
  const at = data.releases.findIndex(({ name }) => name === release)
  return at < 0 ? 0 : 1 << at
}

/** Whether something is in a release. */
export const isIn = (mask: Mask, release: string): boolean => (mask & bitOf(release)) !== 0

/** The releases of a set, in few words. */
export function releaseText(mask: Mask): string {
  const names = data.releases.filter((_, i) => (mask & (1 << i)) !== 0).map(({ name }) => name)
  if (names.length === data.releases.length) return 'every release'
  const all = data.releases.map(({ name }) => name)
  const spans: string[][] = []
  for (const name of names) {
    const last = spans.at(-1)
    if (last !== undefined && all.indexOf(name) === all.indexOf(last.at(-1) ?? '') + 1) last.push(name)
    else spans.push([name])
  }
  return spans.map(span => (span.length < 3 ? span.join(', ') : `${span[0]} to ${span.at(-1)}`)).join(', ')
}

/** The newest release that is judged. */
export const newest = data.releases.filter(({ judged }) => judged).at(-1)?.name ?? ''

/** An address inside the page. */
export const at = (...parts: readonly (string | number)[]): string =>
  `#/${parts.map(part => encodeURIComponent(String(part))).join('/')}`
