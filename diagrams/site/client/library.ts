/** Views of what is drawn and recorded: all machines at a glance, sequence diagrams, cases. */
import type { CaseInfo } from '../types.ts'
import { chart } from './chart.ts'
import { at, type Child, code, data, h, isIn, link, releaseText } from './dom.ts'
import { dated, list, sequence } from './parts.ts'
import { takeAlong } from './take.ts'
import { missing, type View } from './views.ts'

/** All state diagrams of a release, and the list of sequence diagrams. */
export function diagramsView(release: string): View {
  const here = data.machines.filter(({ edges }) => edges.some(({ mask }) => isIn(mask, release)))
  return {
    title: `Diagrams, QEMU ${release}`,
    release,
    other: to => at('diagrams', to),
    body: [
      dated(release),
      h('h2', {}, 'Who tells whom what'),
      list(
        data.tellings
          .filter(({ ways }) => ways.some(({ mask }) => isIn(mask, release)))
          .map(({ id, title, about }) => [link(at('sequence', id, release), title), ': ', inCode(about)]),
      ),
      h('h2', {}, 'State machines'),
      h(
        'p',
        { class: 'legend' },
        h('b', {}, 'bold'),
        ' command, ⇒ event, ← message received. Click a state or an arrow; the title leads to the machine alone.',
      ),
      ...here.map(machine =>
        h(
          'section',
          { 'aria-label': machine.title },
          h('h3', {}, link(at('machine', machine.id, release), machine.title)),
          h(
            'div',
            { class: 'picture', role: 'region', tabindex: 0, 'aria-label': `${machine.title} as a picture` },
            chart(machine, { release }),
          ),
        ),
      ),
    ],
  }
}

/** Text with words of a program between back-ticks. */
export const inCode = (text: string): Child => text.split('`').map((part, i) => (i % 2 === 1 ? code(part) : part))

/** One sequence diagram of the plan. */
export function tellingView(id: string, release: string): View {
  const telling = data.tellings.find(one => one.id === id)
  if (telling === undefined) return missing(`There is no sequence diagram ${id}.`)
  const way = telling.ways.find(({ mask }) => isIn(mask, release))
  const story = data.stories[way?.story ?? -1]
  const all = telling.ways.reduce((mask, one) => mask | one.mask, 0)
  const skip = way?.skip ?? 0
  return {
    title: `${telling.title}, QEMU ${release}`,
    release,
    other: to => at('sequence', id, to),
    body: [
      dated(release),
      h('p', { class: 'lead' }, inCode(telling.about)),
      story === undefined
        ? h('p', {}, `QEMU ${release} has no such way; it is in ${releaseText(all)}.`)
        : [
            skip === 0
              ? undefined
              : h('p', { class: 'note' }, `The first ${skip} steps are passed over: ${telling.before}.`),
            h('p', {}, link(at('way', story.id, skip + 1), 'Go it step by step, both machines lit'), '.'),
            sequence(story, -1, step => at('way', story.id, step + 1), skip),
            takeAlong(story, skip),
          ],
    ],
  }
}

const sectionOf = ({ id }: CaseInfo): string => id.split('/')[0] ?? ''

/** All recorded cases, by section. */
export function casesView(): View {
  const filter = h('input', { id: 'case-filter', type: 'search', 'aria-describedby': 'case-count' }) as HTMLInputElement
  const count = h('p', { id: 'case-count', role: 'status' })
  const place = h('div', {})
  const fill = (): void => {
    const words = filter.value.toLowerCase().split(/\s+/)
    const some = data.cases.filter(one =>
      words.every(word => `${one.id} ${one.description} ${one.expectation}`.toLowerCase().includes(word)),
    )
    count.textContent = `${some.length} of ${data.cases.length} cases.`
    place.replaceChildren(
      ...[...Map.groupBy(some, sectionOf)].flatMap(([section, mine]) => [
        h('h2', {}, section),
        list(mine.map(one => [link(at('case', one.id), one.id), ': ', inCode(one.description)])) as Node,
      ]),
    )
  }
  filter.addEventListener('input', fill)
  fill()
  return {
    title: 'Recorded cases, as QEMU’s documentation prints them',
    body: [
      h(
        'p',
        { class: 'lead' },
        'What two QEMUs were told and said. Of cases that differ in a detail only, the first is here. Order is certain within a side only; ids, times, counters and long replies are left out.',
      ),
      h('div', { class: 'tools' }, h('label', { for: 'case-filter' }, 'Filter cases'), filter),
      count,
      place,
    ],
  }
}

/** One recorded case. */
export function caseView(id: string): View {
  const found = data.cases.find(one => one.id === id)
  if (found === undefined) return missing(`There is no recorded case ${id}.`)
  const { qemu, description, expectation, run, blocks } = found
  const near = data.cases.filter(one => sectionOf(one) === sectionOf(found))
  const place = near.indexOf(found)
  const to = (other: CaseInfo | undefined, words: string): Child =>
    other === undefined ? undefined : [link(at('case', other.id), `${words}: ${other.id}`), ' ']
  return {
    title: `Case ${id}, recorded on QEMU ${qemu}`,
    body: [
      h('p', { class: 'lead' }, inCode(description), ' ', inCode(expectation)),
      run === '' ? undefined : h('p', {}, link(at('run', run, 1), 'Go it step by step, both machines lit'), '.'),
      h(
        'div',
        { class: 'qmp' },
        ...blocks.map(([kind, text]) =>
          kind === 'text'
            ? h('p', {}, inCode(text.replaceAll('``', '`')))
            : h('pre', { tabindex: 0, 'aria-label': 'QMP' }, text),
        ),
      ),
      h('p', {}, 'Again: ', code(`lockstep conform --qemu BIN --only ${id}`)),
      h('p', {}, to(near[place - 1], 'Before'), to(near[place + 1], 'Next'), link(at('cases'), 'all cases')),
    ],
  }
}
