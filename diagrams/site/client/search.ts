/** Search: states, arrows, commands, events, rules, claims, questions and runs, by words. */
import type { QuestionInfo } from '../types.ts'
import { at, bitOf, type Child, code, data, h, isIn, link, newest } from './dom.ts'
import { dated, list } from './parts.ts'
import type { View } from './views.ts'

interface Item {
  /** What it is an item of, for a question. */
  readonly question?: QuestionInfo
  readonly kind: string
  readonly title: string
  readonly to: string
  /** What else it is found by. */
  readonly words: string
  /** Before others of as many words. */
  readonly weight: number
}

const ignored = new Set(
  'a an the is are was in on of to by it its and or when what which how does do with from for that this at emit emits events event accepted status state qemu new changed change changes since'.split(
    ' ',
  ),
)

/** Words of a text; an underscore or a hyphen holds a name together. */
const wordsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .match(/[a-z0-9][a-z0-9._-]*/g)
    ?.map(word => word.replace(/[.]$/, '')) ?? []

function items(release: string): Item[] {
  const states = data.machines.flatMap(({ id, title, nodes }) =>
    nodes
      .filter(({ mask }) => isIn(mask, release))
      .map(
        ({ value }): Item => ({
          kind: 'state',
          title: `${value}: ${title}`,
          to: at('machine', id, release, 'state', value),
          words: 'left leave entered arrows',
          weight: 2,
        }),
      ),
  )
  const commands = [...new Set(data.answers.map(({ command }) => command))].map(
    (name): Item => ({
      kind: 'command',
      title: name,
      to: at('command', name, release),
      words: 'command refused',
      weight: 2,
    }),
  )
  const rules = data.rules
    .filter(({ mask }) => isIn(mask, release))
    .map(
      ({ id, name, on, says, machine }): Item => ({
        kind: 'rule',
        title: name,
        to: at('rule', id, release),
        words: `${machine} ${on} ${says.join(' ')}`,
        weight: 0,
      }),
    )
  const judged = data.releases.some(({ name, judged: is }) => is && name === release) ? release : newest
  const claims = data.claims.map(
    ({ id, name, system }): Item => ({
      kind: 'claim',
      title: name,
      to: at('claim', id, judged),
      words: system,
      weight: 1,
    }),
  )
  const questions = data.questions.map(
    (question): Item => ({
      question,
      kind: 'question',
      title: question.title,
      to: at('question', question.id, release),
      words: `${question.about} fail failed recovery recover dies death killed leave exit`,
      weight: 4,
    }),
  )
  const runs = data.runs
    .filter(({ id }) => !id.startsWith('case-'))
    .map(
      ({ id, title, qemu }): Item => ({
        kind: 'recorded run',
        title: `${title} on QEMU ${qemu}`,
        to: at('run', id, 1),
        words: '',
        weight: 0,
      }),
    )
  const tellings = data.tellings
    .filter(({ ways }) => ways.some(({ mask }) => isIn(mask, release)))
    .map(
      ({ id, title, about }): Item => ({
        kind: 'sequence diagram',
        title,
        to: at('sequence', id, release),
        words: `${about} sequence diagram`,
        weight: 3,
      }),
    )
  const recorded = data.cases.map(
    ({ id, qemu, description, expectation }): Item => ({
      kind: 'recorded case',
      title: `${id} on QEMU ${qemu}`,
      to: at('case', id),
      words: `${id.replaceAll('/', ' ')} ${description} ${expectation}`,
      weight: 0,
    }),
  )
  return [...questions, ...tellings, ...states, ...commands, ...claims, ...recorded, ...rules, ...runs]
}

/** How well words fit an item; 0 when one of them is not found. */
function score(item: Item, words: readonly string[]): number {
  const title = wordsOf(item.title)
  const more = wordsOf(item.words)
  let sum = 0
  let missed = 0
  for (const word of words) {
    const fits = (other: string): boolean =>
      other.startsWith(word) || (word.length > 4 && word.startsWith(other) && other.length > 3)
    if (title.includes(word)) sum += 4
    else if (title.some(fits)) sum += 3
    else if (more.some(fits)) sum += 1
    else missed += 1
  }
  // One word too many is forgiven to a long question.
  if (missed > (words.length > 2 ? 1 : 0)) return 0
  return sum === 0 ? 0 : sum - 2 * missed + item.weight / 2
}

/** Where a command and a status are both named: the answer itself. */
function direct(words: readonly string[], release: string): Child[] {
  const commands = [...new Set(data.answers.map(({ command }) => command))].filter(
    name => words.includes(name) || words.includes(name.replaceAll('_', '-')),
  )
  return commands.flatMap(command => {
    const own = data.answers.filter(one => one.command === command && isIn(one.mask, release))
    const states = [...new Set(own.flatMap(one => one.states))].filter(state => words.includes(state))
    return states.map(state => {
      const answers = own.filter(one => one.states.includes(state))
      return h(
        'div',
        { class: 'answer' },
        h('h2', {}, code(command), ' in ', code(state), `, QEMU ${release}`),
        list(
          answers.map(({ outcome, text, machine, side }) => [
            h('b', { class: outcome }, outcome === 'aborts' ? 'ends the process' : outcome),
            ` where ${machine} on the ${side} is ${state}`,
            text === '' ? '' : [': ', code(text)],
          ]),
        ),
        h('p', {}, link(at('command', command, release), `${command} in every status`)),
      )
    })
  })
}

/** More questions than this are not answered at once. */
const ANSWERED = 3

/** What a question comes to in a release, in a few lines. */
function answered(question: QuestionInfo, release: string): Child {
  const here = question.outcomes.filter(({ mask }) => isIn(mask, release))
  return h(
    'div',
    { class: 'answer' },
    h('h2', {}, link(at('question', question.id, release), `${question.title} QEMU ${release}`)),
    dated(release),
    list(
      here.map(({ events, end }) => [
        events.length === 0
          ? h('em', {}, 'no event at all')
          : events.map((event, i) => [i === 0 ? '' : ', ', code(event)]),
        `, and then it is ${end}`,
      ]),
    ),
  )
}

/** What came and went with a release, for whoever names nothing else. */
function changesWith(release: string): Child {
  const before = data.releases[data.releases.findIndex(({ name }) => name === release) - 1]?.name
  if (before === undefined) return undefined
  const rules = (now: string, other: string): Child => {
    const found = data.rules.filter(({ mask }) => isIn(mask, now) && !isIn(mask, other))
    return found.length === 0
      ? h('p', {}, 'None.')
      : list(
          found.map(({ id, name, machine, says }) => [
            link(at('rule', id, now), name),
            h('span', { class: 'note' }, ` ${machine} `),
            says.length === 0 ? undefined : code(says.join(', ')),
          ]),
        )
  }
  return h(
    'section',
    { 'aria-label': `What changed with QEMU ${release}` },
    h('h2', {}, `What changed with QEMU ${release}, since ${before}`),
    dated(release),
    list([
      link(at('machine', 'postcopy-source', release, 'compare', before), 'MigrationStatus on the source, as a picture'),
      link(at('diagrams', release), `all diagrams of ${release}`),
    ]),
    h('h3', {}, 'Rules that are new'),
    rules(release, before),
    h('h3', {}, 'Rules that are gone'),
    rules(before, release),
  )
}

/** What was found. */
export function searchView(query: string): View {
  const all = wordsOf(query)
  const named = all.filter(word => bitOf(word) !== 0)
  const words = all.filter(word => !ignored.has(word) && bitOf(word) === 0)
  const wanted = named.length === 0 ? [newest] : named
  const found = wanted.map(release => ({
    release,
    answers: direct(words, release),
    hits:
      words.length === 0
        ? []
        : items(release)
            .map(item => ({ item, value: score(item, words) }))
            .filter(({ value }) => value > 0)
            .toSorted((a, b) => b.value - a.value)
            .slice(0, wanted.length > 1 ? 12 : 40),
  }))
  const changes = words.length === 0 ? named.map(changesWith) : []
  const count = found.reduce((sum, { hits, answers }) => sum + hits.length + answers.length, changes.length)
  return {
    title: `Search: ${query}`,
    body: [
      h(
        'p',
        { role: 'status' },
        count === 0 ? 'Nothing was found. Try a status, a command, an event, or a word of a rule.' : `${count} found.`,
      ),
      changes,
      found.map(({ release, answers, hits }) => [
        wanted.length > 1 ? h('h2', {}, `QEMU ${release}`) : undefined,
        answers,
        // Whoever asks what is asked often is told at once, where nothing else fits better.
        hits
          .slice(0, ANSWERED)
          .filter(({ value }) => value === hits[0]?.value)
          .map(({ item: { question } }) => (question === undefined ? undefined : answered(question, release))),
        list(hits.map(({ item }) => [link(item.to, item.title), h('span', { class: 'note' }, ` ${item.kind}`)])),
      ]),
    ],
  }
}
