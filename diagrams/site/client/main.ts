/** The page: reads the address, shows its view, and follows keys. */
import type { Story } from '../types.ts'
import { at, bitOf, data, h, newest } from './dom.ts'
import { casesView, caseView, diagramsView, tellingView } from './library.ts'
import { searchView } from './search.ts'
import {
  askedView,
  claimView,
  commandView,
  consumersView,
  front,
  machineView,
  missing,
  questionView,
  ruleView,
  runsView,
  storyView,
  type View,
} from './views.ts'

const main = document.getElementById('main') as HTMLElement
const choice = document.getElementById('release') as HTMLSelectElement
const form = document.getElementById('search') as HTMLFormElement
const input = document.getElementById('query') as HTMLInputElement
const lit = new Map<string, string>()
let steps: ((step: number) => string) | undefined
let step = 0
let length = 0
let before = ''

choice.replaceChildren(
  ...data.releases.map(({ name, judged }) => h('option', { value: name }, judged ? name : `${name} (by dates)`)),
)

function stories(story: Story | undefined, at1: string, href: (step: number) => string): View {
  if (story === undefined) return missing('There is no such way.')
  steps = href
  step = Number(at1) || 1
  length = story.frames.length
  return storyView(story, step, href, lit, show)
}

function viewOf(parts: readonly string[]): View {
  const [kind = '', id = '', third = '', ...rest] = parts
  const release = bitOf(third) === 0 ? newest : third
  switch (kind) {
    case '':
      return front()
    case 'machine':
      return machineView(id, release, rest)
    case 'rule':
      return ruleView(id, release)
    case 'claim':
      return claimView(id, release)
    case 'command':
      return commandView(id, release)
    case 'question':
      return questionView(id, release)
    case 'way':
      return stories(
        data.stories.find(story => story.id === id),
        third,
        to => at('way', id, to),
      )
    case 'run':
      return stories(
        data.runs.find(run => run.id === id),
        third,
        to => at('run', id, to),
      )
    case 'diagrams':
      return diagramsView(bitOf(id) === 0 ? newest : id)
    case 'sequence':
      return tellingView(id, release)
    case 'cases':
      return casesView()
    case 'case':
      return caseView(id)
    case 'runs':
      return runsView()
    case 'consumers':
      return consumersView()
    case 'answers-of-2018':
      return askedView()
    case 'search':
      return searchView(id)
    default:
      return missing('There is nothing at this address.')
  }
}

function partsOf(hash: string): string[] {
  try {
    return hash
      .replace(/^#?\/?/, '')
      .split('/')
      .map(decodeURIComponent)
  } catch {
    return ['unreadable']
  }
}

function show(): void {
  const parts = partsOf(location.hash)
  steps = undefined
  const view = viewOf(parts)
  document.title = `${view.title} · lockstep`
  const title = h('h1', { tabindex: -1 }, view.title)
  main.replaceChildren(title, h('div', { class: 'body' }, ...view.body))
  choice.value = view.release ?? newest
  choice.disabled = view.other === undefined
  const to = view.other
  choice.onchange = () => {
    if (to !== undefined) location.hash = to(choice.value)
  }
  const place = parts.slice(0, 2).join('/')
  const panel = document.getElementById('panel')
  // A screen reader goes on where something is new; the rest of the page stays where it was.
  if (panel !== null && before !== '') panel.focus({ preventScroll: parts.length < 5 })
  else if (place !== before && before !== '') title.focus()
  if (place !== before) {
    if (panel === null) scrollTo(0, 0)
  }
  before = place
  document.documentElement.dataset.shown = location.hash
}

form.addEventListener('submit', event => {
  event.preventDefault()
  location.hash = at('search', input.value)
})
addEventListener('hashchange', show)
addEventListener('keydown', event => {
  const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return
  if (event.key === '/') {
    event.preventDefault()
    input.focus()
  }
  if (steps === undefined) return
  const to = { ArrowLeft: step - 1, ArrowRight: step + 1, Home: 1, End: length }[event.key]
  if (to === undefined || to < 1 || to > length) return
  event.preventDefault()
  location.hash = steps(to)
})
show()
