/** Parts of views: rules, cites, ways as sequence diagrams. */
import type { Frame, RuleInfo, Story } from '../types.ts'
import { at, type Child, code, data, h, isIn, link, table } from './dom.ts'

/** A place in QEMU's source as a link to its repository. */
export function cite(place: string, release: string): Child {
  const tag = data.releases.find(({ name }) => name === release)?.tag ?? ''
  const [file = ''] = place.split(':')
  if (!file.includes('/')) return code(place)
  const line = data.lines[`${tag} ${place}`]
  const href = `https://gitlab.com/qemu-project/qemu/-/blob/${tag}/${file}${line === undefined ? '' : `#L${line}`}`
  return h('a', { href, rel: 'noreferrer' }, code(place))
}

/** A list, or nothing. */
export const list = (items: readonly Child[]): Child =>
  items.length === 0 ? '' : h('ul', {}, ...items.map(item => h('li', {}, item)))

/** Rules as a table, with where they are in a release. */
export function ruleRows(rules: readonly RuleInfo[], release: string, caption: string): HTMLElement {
  const rows = rules.map(rule => {
    const cites = rule.cites.find(({ mask }) => isIn(mask, release)) ?? rule.cites.at(-1)
    return [
      [
        link(at('rule', rule.id, release), rule.name),
        rule.may ? h('span', { class: 'note' }, ' (nobody owes it)') : undefined,
      ],
      rule.on === '' ? rule.actors.join(', ') : code(rule.on),
      list(rule.says.map(code)),
      list((cites?.at ?? []).map(place => cite(place, release))),
      rule.versions === '' ? 'all' : rule.versions,
      rule.seen.length === 0 ? 'read in the source' : `seen on ${rule.seen.join(', ')}`,
    ]
  })
  return table(caption, ['rule', 'set off by', 'what is seen', 'in QEMU', 'releases', 'how known'], rows)
}

/** Where on the three lifelines something stands: operator, source, destination. */
const column = (side: string): number => (side === 'src' ? 3 : side === 'dst' ? 5 : 1)

const span = (a: number, b: number): string => `grid-column:${Math.min(a, b) + 1}/${Math.max(a, b) + 1}`

/** One frame of a story: what is said and done. */
function beats(frame: Frame, story: Story): HTMLElement[] {
  return frame.beats.map(([kind, side, text, to]) => {
    const name = story.cast[side] ?? side
    switch (kind) {
      case 'command':
        return h(
          'div',
          { class: 'say right', style: span(1, column(side)) },
          h('b', {}, text),
          h('span', { class: 'vh' }, ` is sent to the ${name}`),
        )
      case 'reply':
        return h(
          'div',
          { class: 'say left reply', style: span(1, column(side)) },
          h('span', { class: 'vh' }, `the ${name} answers: `),
          text,
        )
      case 'event':
        return h(
          'div',
          { class: 'say left event', style: span(1, column(side)) },
          h('span', { class: 'vh' }, `the ${name} says: `),
          text,
        )
      case 'message':
      case 'lost': {
        const way = column(to ?? side) > column(side) ? 'right' : 'left'
        const words = kind === 'lost' ? `${text} (lost)` : text
        return h(
          'div',
          { class: `say ${way} wire ${kind}`, style: span(3, 5) },
          h('span', { class: 'vh' }, `the ${name} sends: `),
          words,
        )
      }
      default: {
        const where = side === '' ? 'grid-column:1/7' : `grid-column:${column(side)}/${column(side) + 2}`
        const mark = kind === 'fault' ? '⚡ ' : ''
        return h(
          'div',
          { class: `note-box ${kind}`, style: where },
          h('span', { class: 'vh' }, side === '' ? '' : `${name}: `),
          `${mark}${text}`,
        )
      }
    }
  })
}

/** The statuses that a frame changes, in words. */
function changes(frame: Frame, story: Story): Child {
  const told = Object.entries(frame.set)
  if (told.length === 0) return undefined
  return h(
    'div',
    { class: 'set', style: 'grid-column:1/7' },
    told.map(([name, value]) => {
      const [side = '', variable = ''] = name.split('.')
      return h('span', { class: side }, `${story.cast[side] ?? side} ${variable}: `, h('b', {}, value), ' ')
    }),
  )
}

/** A story as a sequence diagram of rows, but for its first steps; `href` makes each row lead to its step. */
export function sequence(story: Story, current = -1, href?: (step: number) => string, skip = 0): HTMLElement {
  const rows = story.frames.slice(skip).map((number, n) => {
    const i = n + skip
    const frame = data.frames[number] ?? { beats: [], set: {}, rule: -1 }
    const rule = data.rules[frame.rule]
    const attributes = {
      class: i === current ? 'row now' : 'row',
      'aria-current': i === current ? 'step' : undefined,
      id: `step-${i}`,
    }
    return h(
      'li',
      attributes,
      h('div', { class: 'lanes' }, beats(frame, story), changes(frame, story)),
      h(
        'div',
        { class: 'more' },
        href === undefined ? String(i + 1) : h('a', { href: href(i), 'aria-label': `step ${i + 1}` }, String(i + 1)),
        rule === undefined
          ? undefined
          : [' ', h('a', { href: at('rule', rule.id, story.release), class: 'by' }, rule.name)],
      ),
    )
  })
  const loop =
    story.loop === undefined
      ? ''
      : story.loop === story.frames.length
        ? 'And so it stays.'
        : `From step ${story.loop + 1} on, again and again.`
  return h(
    'div',
    { class: 'sequence' },
    h(
      'div',
      { class: 'row heads', 'aria-hidden': 'true' },
      h(
        'div',
        { class: 'lanes' },
        ...['operator', story.cast.src ?? 'src', story.cast.dst ?? 'dst'].map((name, i) =>
          h('div', { class: 'head', style: `grid-column:${2 * i + 1}/${2 * i + 3}` }, name),
        ),
      ),
      h('div', { class: 'more' }),
    ),
    h('ol', { class: 'steps', start: skip + 1 }, ...rows),
    loop === '' ? undefined : h('p', {}, loop),
  )
}

/** What is to be said of a release that nobody judged. */
export const dated = (release: string): Child =>
  data.releases.some(({ name, judged }) => name === release && !judged)
    ? h(
        'p',
        { class: 'dated' },
        `QEMU ${release} lies between two judged releases: what is said of it comes from the dates of the rules (since, until); no binary of it was run.`,
      )
    : undefined

/** The runs of real binaries in a list of links, those of a release first. */
export function runLinks(runs: readonly { readonly id: string; readonly step: number }[], release: string): Child {
  const found = runs.flatMap(({ id, step }) => {
    const run = data.runs.find(one => one.id === id)
    return run === undefined ? [] : [{ run, step }]
  })
  const sorted = found.toSorted((a, b) => Number(b.run.release === release) - Number(a.run.release === release))
  if (sorted.length === 0) return h('p', {}, 'No recorded run shows it.')
  const item = ({ run, step }: (typeof sorted)[number]) => [
    link(at('run', run.id, step + 1), run.title),
    ` on QEMU ${run.qemu}`,
  ]
  const rest = sorted.slice(8)
  return [
    list(sorted.slice(0, 8).map(item)),
    rest.length === 0 ? undefined : h('details', {}, h('summary', {}, `${rest.length} more`), list(rest.map(item))),
  ]
}
