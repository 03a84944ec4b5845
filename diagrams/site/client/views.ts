/** What each address shows. */
import type { AnswerInfo, ClaimInfo, EdgeInfo, MachineInfo, RuleInfo, Story } from '../types.ts'
import { type ChartView, changeOf, chart, labelOf } from './chart.ts'
import { at, bitOf, type Child, code, data, h, isIn, link, newest, releaseText, table } from './dom.ts'
import { dated, list, ruleRows, runLinks, sequence } from './parts.ts'
import { takeAlong } from './take.ts'

/** A view: its title, and what is below it. */
export interface View {
  readonly title: string
  readonly body: readonly Child[]
  /** The release that it speaks of, and the address of the same in another. */
  readonly release?: string
  readonly other?: (release: string) => string
}

const judged = data.releases.filter(release => release.judged).map(({ name }) => name)
const kinds: { readonly [kind: string]: string } = {
  never: 'No state that can be reached is like this.',
  sometimes: 'A surprise that is there: some state that can be reached is like this.',
  rests: 'A surprise that is there: QEMU may stay like this, and owes no step.',
  recovers: 'From every state like this, one of the others can still be reached.',
  leadsTo: 'Every fair path from a state like this comes to one of the others.',
}

const unique = <T>(items: readonly T[]): T[] => [...new Set(items)]

/** In one word, what became of a claim. */
const word = (claim: ClaimInfo, version: string): string => (claim.broken[version] === undefined ? 'holds' : 'broken')

const claimCell = (claim: ClaimInfo, version: string): Child =>
  h('a', { class: word(claim, version), href: at('claim', claim.id, version) }, word(claim, version))

function claimTable(claims: readonly ClaimInfo[]): Child[] {
  return [...Map.groupBy(claims, ({ system }) => system)].map(([system, some]) =>
    table(
      `Claims about: ${system}`,
      ['claim', 'kind', ...judged],
      some.map(claim => [claim.name, claim.kind, ...judged.map(version => claimCell(claim, version))]),
    ),
  )
}

const machineList = (release: string): Child =>
  [...Map.groupBy(data.machines, ({ system }) => system)].map(([system, machines]) =>
    h(
      'div',
      {},
      h('h3', {}, `In the system “${system}”`),
      list(machines.map(({ id, title }) => link(at('machine', id, release), title))),
    ),
  )

/** The front page: claims x versions. */
export function front(): View {
  const broken = data.claims.filter(claim => judged.some(version => claim.broken[version] !== undefined))
  const filter = h('input', {
    id: 'claim-filter',
    type: 'search',
    'aria-describedby': 'claim-count',
  }) as HTMLInputElement
  const only = h('input', { id: 'claim-broken', type: 'checkbox' }) as HTMLInputElement
  const count = h('p', { id: 'claim-count', role: 'status' })
  const place = h('div', {})
  const fill = (): void => {
    const words = filter.value.toLowerCase().split(/\s+/)
    const some = (only.checked ? broken : data.claims).filter(({ name, system }) =>
      words.every(one => `${name} ${system}`.toLowerCase().includes(one)),
    )
    count.textContent = `${some.length} of ${data.claims.length} claims; ${broken.length} are broken by some release.`
    place.replaceChildren(...(claimTable(some) as Node[]))
  }
  filter.addEventListener('input', fill)
  only.addEventListener('change', fill)
  fill()
  return {
    title: 'What a consumer of QMP may rely on, in which QEMU',
    body: [
      h(
        'p',
        { class: 'lead' },
        'QEMU’s live migration, postcopy recovery, COLO and failover as rules, explored whole. Each cell below is what a model checker found; each way in it can be gone step by step, and is linked to QEMU’s source.',
      ),
      h(
        'div',
        { class: 'cards' },
        h(
          'section',
          { 'aria-label': 'Asked often' },
          h('h2', {}, 'Asked often'),
          list(data.questions.map(({ id, title }) => link(at('question', id, newest), title))),
          list([
            link(
              at('command', 'migrate_cancel', newest),
              'Is a command accepted, in which status? For instance migrate_cancel',
            ),
            link(at('consumers'), 'What do libvirt, Proxmox and KubeVirt do with each status?'),
            link(at('answers-of-2018'), 'The questions of 2018 about COLO, answered'),
          ]),
        ),
        h(
          'section',
          { 'aria-label': 'Sequence diagrams' },
          h('h2', {}, 'Who tells whom what'),
          list(data.tellings.map(({ id, title }) => link(at('sequence', id, newest), title))),
          h(
            'p',
            {},
            link(at('cases'), `${data.cases.length} recorded cases, as QEMU’s documentation prints them`),
            '.',
          ),
        ),
        h(
          'section',
          { class: 'all', 'aria-label': 'State machines' },
          h('h2', {}, 'State machines'),
          h('p', {}, link(at('diagrams', newest), 'All at a glance'), '.'),
          h('div', { class: 'columns' }, machineList(newest)),
        ),
      ),
      h('h2', { id: 'claims' }, 'Claims and releases'),
      h(
        'div',
        { class: 'tools' },
        h('label', { for: 'claim-filter' }, 'Filter claims'),
        filter,
        only,
        h('label', { for: 'claim-broken' }, 'only those that some release breaks'),
      ),
      count,
      place,
    ],
  }
}

const rulesOf = (edge: EdgeInfo, release: string): RuleInfo[] =>
  edge.rules.flatMap(({ rule, mask }) => (isIn(mask, release) ? (data.rules[rule] ?? []) : []))

function arrowList(
  edges: readonly EdgeInfo[],
  machine: MachineInfo,
  release: string,
  name: (edge: EdgeInfo) => string,
): Child {
  return list(
    edges.map(edge => [
      link(at('machine', machine.id, release, 'arrow', edge.from, edge.to), name(edge)),
      ': ',
      labelOf(edge, release).map((line, i) => [
        i === 0 ? '' : ' ',
        line.startsWith('*') ? h('b', {}, line.slice(1)) : line,
      ]),
    ]),
  )
}

/** What each command is answered where a machine has a value. */
const answersAt = (machine: string, side: string, state: string, release: string): AnswerInfo[] =>
  data.answers.filter(
    one => one.machine === machine && one.side === side && one.states.includes(state) && isIn(one.mask, release),
  )

const outcomes = { accepted: 'accepted', refused: 'refused', aborts: 'ends the process' } as const

const outcome = (answer: AnswerInfo): Child => [
  h('span', { class: answer.outcome }, outcomes[answer.outcome]),
  answer.text === '' ? undefined : [' ', code(answer.text)],
  answer.arguments.length === 0 ? undefined : h('span', { class: 'note' }, ` with ${answer.arguments.join(', or ')}`),
]

const enumOf = (variable: string): readonly [machine: string, side: string] => {
  const [side = '', name = ''] = variable.split('.')
  const role = side === 'src' ? 'source' : 'destination'
  return [name === 'vm' ? 'RunState' : name === 'failover' ? 'FailoverStatus' : 'MigrationStatus', role]
}

function statePanel(machine: MachineInfo, value: string, release: string): Child[] {
  const edges = machine.edges.filter(edge => isIn(edge.mask, release))
  const [out, into] = [edges.filter(({ from }) => from === value), edges.filter(({ to }) => to === value)]
  const rules = unique([...into, ...out].flatMap(edge => rulesOf(edge, release)))
  const answers = answersAt(...enumOf(machine.variable), value, release)
  const byCommand = [...Map.groupBy(answers, ({ command }) => command)].sort(([a], [b]) => (a < b ? -1 : 1))
  const place = `${machine.variable} ${value}`
  const runs = data.runs.flatMap(({ id, passes }) =>
    Object.hasOwn(passes, place) ? [{ id, step: passes[place] ?? 0 }] : [],
  )
  const consumer = data.consumers.find(({ status }) => status === value && /migration|incoming/.test(machine.variable))
  return [
    h('h2', { id: 'panel', tabindex: -1 }, `State ${value}`),
    h('h3', {}, `Arrows out (${out.length})`),
    out.length === 0
      ? h('p', {}, 'Nothing leads out of it.')
      : arrowList(out, machine, release, ({ to }) => `to ${to}`),
    h('h3', {}, `Arrows in (${into.length})`),
    into.length === 0 ? h('p', {}, 'It begins here.') : arrowList(into, machine, release, ({ from }) => `from ${from}`),
    consumer === undefined
      ? undefined
      : [
          h('h3', {}, 'Consumers'),
          list([
            `libvirt: ${consumer.libvirt}. ${consumer.reaction}`,
            `Proxmox: ${consumer.proxmox}`,
            `KubeVirt: ${consumer.kubevirt}`,
          ]),
        ],
    // What is seen from afar is a pattern of many variables: no run says it in a word.
    machine.variable === '' ? undefined : [h('h3', {}, 'Recorded runs that pass through it'), runLinks(runs, release)],
    byCommand.length === 0
      ? undefined
      : table(
          `Commands at ${value}, QEMU ${release}`,
          ['command', 'what it is answered'],
          byCommand.map(([command, some]) => [
            link(at('command', command, release), code(command)),
            list(some.map(outcome)),
          ]),
        ),
    ruleRows(rules, release, `Rules on the arrows of ${value}`),
  ]
}

function arrowPanel(machine: MachineInfo, from: string, to: string, release: string): Child[] {
  const edge = machine.edges.find(one => one.from === from && one.to === to)
  if (edge === undefined || !isIn(edge.mask, release)) {
    const where = edge === undefined ? 'in no release' : `in ${releaseText(edge.mask)}`
    return [
      h('h2', { id: 'panel', tabindex: -1 }, `${from} → ${to}`),
      h('p', {}, `Nothing takes this arrow in QEMU ${release}; it is ${where}.`),
    ]
  }
  const way = edge.ways.find(({ mask }) => isIn(mask, release))
  const story = way === undefined ? undefined : data.stories[way.story]
  return [
    h('h2', { id: 'panel', tabindex: -1 }, `${from} → ${to}`),
    h('p', {}, `In ${releaseText(edge.mask)}.`),
    ruleRows(rulesOf(edge, release), release, `Rules that take it in QEMU ${release}`),
    story === undefined || way === undefined
      ? undefined
      : [
          h('h3', {}, `The shortest way there (${story.frames.length} steps)`),
          h('p', {}, link(at('way', story.id, 1), 'Go it step by step'), '.'),
          sequence(story, -1, step => at('way', story.id, step + 1)),
          takeAlong(story),
        ],
  ]
}

function comparison(machine: MachineInfo, before: string, now: string): Child {
  const found = machine.edges.flatMap(edge => {
    if ((edge.mask & (bitOf(before) | bitOf(now))) === 0) return []
    const change = changeOf(edge, before, now)
    return change === '' ? [] : [{ edge, change }]
  })
  const rules = (edge: EdgeInfo, a: string, b: string): Child =>
    list(
      edge.rules
        .filter(({ mask }) => isIn(mask, a) && !isIn(mask, b))
        .flatMap(({ rule }) =>
          data.rules[rule] === undefined ? [] : [link(at('rule', data.rules[rule].id, a), data.rules[rule].name)],
        ),
    )
  return table(
    `What changed from QEMU ${before} to ${now}`,
    ['arrow', 'change', `rules of ${before} only`, `rules of ${now} only`],
    found.map(({ edge, change }) => [
      `${edge.from} → ${edge.to}`,
      h('span', { class: `mark ${change}` }, change),
      rules(edge, before, now),
      rules(edge, now, before),
    ]),
  )
}

/** A machine in a release, something of it clicked, perhaps held against another release. */
export function machineView(id: string, release: string, rest: readonly string[]): View {
  const machine = data.machines.find(one => one.id === id)
  if (machine === undefined) return missing(`There is no machine ${id}.`)
  const [before, ...clicked] = rest[0] === 'compare' ? [rest[1], ...rest.slice(2)] : [undefined, ...rest]
  const [what, first = '', second = ''] = clicked
  const view: ChartView = {
    release,
    ...(before === undefined ? {} : { before }),
    ...(what === 'state' ? { state: first } : {}),
    ...(what === 'arrow' ? { arrow: [first, second] as const } : {}),
  }
  const machines = h(
    'select',
    { id: 'machine-choice' },
    ...data.machines.map(one => h('option', { value: one.id, selected: one.id === id ? '' : undefined }, one.title)),
  ) as HTMLSelectElement
  machines.addEventListener('change', () => {
    location.hash = at('machine', machines.value, release)
  })
  const other = h(
    'select',
    { id: 'compare-choice' },
    h('option', { value: '' }, 'nothing'),
    ...data.releases
      .filter(({ name }) => name !== release)
      .map(({ name }) => h('option', { value: name, selected: name === before ? '' : undefined }, name)),
  ) as HTMLSelectElement
  other.addEventListener('change', () => {
    location.hash = other.value === '' ? at('machine', id, release) : at('machine', id, release, 'compare', other.value)
  })
  const edges = machine.edges.filter(edge => isIn(edge.mask, release))
  return {
    title: `${machine.title}, QEMU ${release}`,
    release,
    other: to => at('machine', id, to, ...clicked),
    body: [
      h(
        'div',
        { class: 'tools' },
        h('label', { for: 'machine-choice' }, 'Machine'),
        machines,
        h('label', { for: 'compare-choice' }, 'Compare with'),
        other,
      ),
      dated(release),
      before === undefined
        ? h(
            'p',
            { class: 'legend' },
            h('b', {}, 'bold'),
            ' command, ⇒ event, ← message received; ',
            h('span', { class: 'key rest' }, 'may stay'),
            ' until somebody or something acts; ',
            h('span', { class: 'key final' }, 'never left'),
            '. Click a state or an arrow.',
          )
        : h(
            'p',
            { class: 'legend' },
            'Against QEMU ',
            before,
            ': ',
            h('span', { class: 'mark new' }, 'new'),
            ' ',
            h('span', { class: 'mark gone' }, 'gone'),
            ' ',
            h('span', { class: 'mark changed' }, 'changed'),
            ' (other rules take it).',
          ),
      h(
        'div',
        { class: 'picture', role: 'region', tabindex: 0, 'aria-label': `${machine.title} as a picture` },
        chart(machine, view),
      ),
      h(
        'section',
        { class: 'panel' },
        what === 'state'
          ? statePanel(machine, first, release)
          : what === 'arrow'
            ? arrowPanel(machine, first, second, release)
            : undefined,
      ),
      before === undefined ? undefined : comparison(machine, before, release),
      h(
        'details',
        {},
        h('summary', {}, `All ${edges.length} arrows as a list`),
        arrowList(edges, machine, release, ({ from, to }) => `${from} → ${to}`),
      ),
    ],
  }
}

/** One rule, or several that took turns. */
export function ruleView(id: string, release: string): View {
  const rules = data.rules.filter(rule => rule.id === id)
  const [first] = rules
  if (first === undefined) return missing(`There is no rule ${id}.`)
  const arrows = data.machines.flatMap(machine =>
    machine.edges
      .filter(edge => edge.rules.some(({ rule, mask }) => data.rules[rule]?.id === id && isIn(mask, release)))
      .map(edge =>
        link(
          at('machine', machine.id, release, 'arrow', edge.from, edge.to),
          `${machine.title}: ${edge.from} → ${edge.to}`,
        ),
      ),
  )
  return {
    title: first.name,
    release,
    other: to => at('rule', id, to),
    body: [
      h('p', {}, `A rule of the machine “${first.machine}”: one atomic step.`),
      dated(release),
      ruleRows(rules, release, 'The rule'),
      ...rules.map(rule => [
        h('h2', {}, rule.versions === '' ? 'What must be, and what becomes of it' : `In QEMU: ${rule.versions}`),
        list(rule.does.map(code)),
      ]),
      h('h2', {}, `Arrows that it takes in QEMU ${release}`),
      arrows.length === 0 ? h('p', {}, 'None of those that are drawn.') : list(arrows),
    ],
  }
}

/** One claim under one release, with its witness. */
export function claimView(id: string, release: string): View {
  const claim = data.claims.find(one => one.id === id)
  if (claim === undefined) return missing(`There is no claim ${id}.`)
  const number = claim.witness[release]
  const story = number === undefined ? undefined : data.stories[number]
  const broken = claim.broken[release]
  return {
    title: claim.name,
    release,
    other: to => at('claim', id, to),
    body: [
      h(
        'p',
        {},
        `A claim about the system “${claim.system}”, of the kind `,
        h('b', {}, claim.kind),
        `. ${kinds[claim.kind] ?? ''}`,
      ),
      table(
        'What became of it',
        ['release', 'verdict', 'what happens', 'seen on a real binary'],
        judged.map(version => [
          link(at('claim', id, version), version),
          h('span', { class: word(claim, version) }, word(claim, version)),
          claim.broken[version] ?? '',
          claim.seen[version] ?? '',
        ]),
      ),
      h('h2', {}, `In QEMU ${release}: ${broken === undefined ? 'it holds' : 'it is broken'}`),
      story === undefined || number === undefined
        ? h('p', {}, 'Every state was looked at; there is no way to show.')
        : [
            h(
              'p',
              {},
              `The shortest way there has ${story.frames.length} steps. `,
              link(at('way', story.id, 1), 'Go it step by step'),
              '.',
            ),
            sequence(story, -1, step => at('way', story.id, step + 1)),
            takeAlong(story),
            h('p', {}, 'In a terminal: ', code(`lockstep explain ${id}`)),
          ],
    ],
  }
}

/** What a command is answered, in every status. */
export function commandView(command: string, release: string): View {
  const answers = data.answers.filter(one => one.command === command)
  const all = unique(data.answers.map(one => one.command)).sort()
  if (answers.length === 0) return missing(`No rule speaks of the command ${command}.`)
  const choice = h(
    'select',
    { id: 'command-choice' },
    ...all.map(name => h('option', { value: name, selected: name === command ? '' : undefined }, name)),
  ) as HTMLSelectElement
  choice.addEventListener('change', () => {
    location.hash = at('command', choice.value, release)
  })
  const groups = Map.groupBy(answers, ({ machine, side }) => `${machine} on the ${side}`)
  return {
    title: `${command} in every status, QEMU ${release}`,
    release,
    other: to => at('command', command, to),
    body: [
      h('div', { class: 'tools' }, h('label', { for: 'command-choice' }, 'Command'), choice),
      dated(release),
      h(
        'p',
        {},
        'Where more than one answer stands, something besides the status decides: arguments, capabilities, or how far a thread is.',
      ),
      ...[...groups].map(([title, some]) => {
        const states = unique(some.flatMap(one => one.states))
        return table(
          `${title}, QEMU ${release}`,
          ['status', 'what it is answered'],
          states.flatMap(state => {
            const here = some.filter(one => one.states.includes(state) && isIn(one.mask, release))
            return here.length === 0 ? [] : [[code(state), list(here.map(outcome))]]
          }),
        )
      }),
    ],
  }
}

const events = (said: readonly string[]): Child =>
  said.length === 0
    ? h('em', {}, 'no event at all')
    : h('ol', { class: 'events' }, ...said.map(one => h('li', {}, code(one))))

/** A question that many ask. */
export function questionView(id: string, release: string): View {
  const question = data.questions.find(one => one.id === id)
  if (question === undefined) return missing(`There is no question ${id}.`)
  const cast = data.stories[question.outcomes[0]?.story ?? -1]?.cast ?? {}
  const who = cast[question.side] ?? question.side
  const here = question.outcomes.filter(({ mask }) => isIn(mask, release))
  const rows = (some: readonly (typeof here)[number][], last: (one: (typeof here)[number]) => Child): Child[][] =>
    some.map(one => [
      events(one.events),
      one.end,
      link(at('way', data.stories[one.story]?.id ?? '', 1), 'the way, step by step'),
      last(one),
    ])
  return {
    title: question.title,
    release,
    other: to => at('question', id, to),
    body: [
      h('p', { class: 'lead' }, question.about),
      dated(release),
      table(
        `What the ${who} says in QEMU ${release}, in order, and what it comes to`,
        ['events', 'where it ends', 'how', 'also in'],
        rows(here, one => releaseText(one.mask)),
        false,
      ),
      h('h2', {}, 'See also'),
      list(question.see.map(({ text, to }) => link(`#/${to.replace('{release}', release)}`, text))),
      h('h2', {}, 'Recorded runs'),
      runLinks(
        question.runs.map(run => ({ id: run, step: 0 })),
        release,
      ),
      h(
        'details',
        {},
        h('summary', {}, 'In all releases'),
        table(
          'In all releases',
          ['events', 'where it ends', 'how', 'in'],
          rows(question.outcomes, one => releaseText(one.mask)),
          false,
        ),
      ),
    ],
  }
}

/** What consumers do with each status. */
export const consumersView = (): View => ({
  title: 'What consumers do with each status',
  body: [
    h(
      'p',
      {},
      'libvirt: read in qemu_monitor.h, qemu_monitor_json.c, qemu_migration.c and qemu_process.c. Proxmox: read in PVE/QemuMigrate.pm, which asks query-migrate. KubeVirt sees libvirt’s job.',
    ),
    table(
      'Consumers',
      ['status', 'libvirt', 'libvirt, on the event', 'Proxmox', 'KubeVirt'],
      data.consumers.map(one => [code(one.status), one.libvirt, one.reaction, one.proxmox, one.kubevirt]),
    ),
  ],
})

/** Machines that have something of a story to show, of one side. */
function machinesFor(story: Story, side: string): MachineInfo[] {
  const values = new Set(
    story.frames.flatMap(number =>
      Object.entries(data.frames[number]?.set ?? {}).map(([name, value]) => `${name} ${value}`),
    ),
  )
  const fits = ({ variable, nodes }: MachineInfo): number =>
    variable.startsWith(`${side}.`) ? nodes.filter(({ value }) => values.has(`${variable} ${value}`)).length : 0
  const own = (machine: MachineInfo): number => (machine.system === story.system ? 100 : 0) + fits(machine)
  const status = ({ variable }: MachineInfo): number => (/migration|incoming/.test(variable) ? 1000 : 0)
  return data.machines
    .filter(
      machine => machine.variable.startsWith(`${side}.`) && (fits(machine) > 0 || machine.system === story.system),
    )
    .toSorted((a, b) => status(b) + own(b) - status(a) - own(a))
}

/** A story step by step, both machines side by side. */
export function storyView(
  story: Story,
  step: number,
  href: (step: number) => string,
  choice: Map<string, string>,
  again: () => void,
): View {
  const last = story.frames.length
  const now = Math.min(Math.max(step, 1), last)
  const known: Record<string, string> = { ...story.start }
  const previous: Record<string, string> = {}
  for (const number of story.frames.slice(0, now)) {
    const set = data.frames[number]?.set ?? {}
    for (const name of Object.keys(known)) previous[name] = known[name] ?? ''
    Object.assign(known, set)
  }
  const frame = data.frames[story.frames[now - 1] ?? -1]
  const moved = new Set(Object.keys(frame?.set ?? {}))
  const side = (name: string): Child => {
    const machines = machinesFor(story, name)
    const machine = machines.find(({ id }) => id === choice.get(name)) ?? machines[0]
    if (machine === undefined) return undefined
    const select = h(
      'select',
      { id: `lit-${name}` },
      ...machines.map(one => h('option', { value: one.id, selected: one === machine ? '' : undefined }, one.title)),
    ) as HTMLSelectElement
    select.addEventListener('change', () => {
      choice.set(name, select.value)
      again()
    })
    const value = known[machine.variable] ?? ''
    const view: ChartView = {
      release: story.release,
      lit: value,
      ...(moved.has(machine.variable) ? { from: previous[machine.variable] ?? '' } : {}),
    }
    const others = Object.entries(known).filter(([key]) => key.startsWith(`${name}.`))
    return h(
      'section',
      { class: `side ${name}`, 'aria-label': story.cast[name] ?? name },
      h('h2', {}, `${story.cast[name] ?? name}: ${value === '' ? 'not told yet' : value}`),
      h(
        'p',
        { class: 'state' },
        ...others.map(([key, is]) =>
          h(
            'span',
            { class: moved.has(key) ? 'moved' : undefined },
            `${key.slice(name.length + 1)} `,
            h('b', {}, is),
            ' ',
          ),
        ),
      ),
      h('p', {}, h('label', { for: `lit-${name}` }, 'Shown: '), select),
      chart(machine, view),
    )
  }
  const button = (to: number, name: string, key: string): Child =>
    to < 1 || to > last
      ? h('span', { class: 'button off', 'aria-hidden': 'true' }, name)
      : h('a', { class: 'button', href: href(to), 'aria-keyshortcuts': key }, name)
  return {
    title: `${story.title}, QEMU ${story.release}`,
    release: story.release,
    body: [
      h(
        'nav',
        { class: 'stepper', 'aria-label': 'Steps' },
        button(1 === now ? 0 : 1, 'First', 'Home'),
        button(now - 1, 'Previous', 'ArrowLeft'),
        h('span', { role: 'status' }, `Step ${now} of ${last}`),
        button(now + 1, 'Next', 'ArrowRight'),
        button(last === now ? last + 1 : last, 'Last', 'End'),
      ),
      h('div', { class: 'pair' }, side('src'), side('dst')),
      h('h2', {}, 'All steps'),
      sequence(story, now - 1, i => href(i + 1)),
      takeAlong(story),
    ],
  }
}

/** The runs that there are. */
export const runsView = (): View => ({
  title: 'Recorded runs of real binaries',
  body: [...Map.groupBy(data.runs, ({ qemu }) => qemu)]
    .sort(([a], [b]) => (a < b ? 1 : -1))
    .map(([qemu, runs]) =>
      h(
        'details',
        {},
        h('summary', {}, `QEMU ${qemu}: ${runs.length} runs`),
        list(runs.map(({ id, title }) => link(at('run', id, 1), title))),
      ),
    ),
})

/** The questions of 2018 in order. */
export const askedView = (): View => ({
  title: 'The questions of 2018, answered',
  body: data.asked.map(({ title, who, answer, claims, moves }, i) =>
    h(
      'section',
      {},
      h('h2', {}, `${i + 1}. ${title}`),
      h('p', { class: 'note' }, who),
      h('p', {}, answer),
      moves.length === 0
        ? undefined
        : table(
            'The pairs around colo that runstate_set() allows',
            ['from', 'to', 'how, and with which events'],
            moves.map(([from, to, how]) => [code(from), code(to), how]),
          ),
      claims.length === 0
        ? undefined
        : table(
            `The claims that answer question ${i + 1}`,
            ['claim', 'kind', ...judged],
            claims.flatMap(id =>
              data.claims
                .filter(claim => claim.id === id)
                .map(claim => [claim.name, claim.kind, ...judged.map(version => claimCell(claim, version))]),
            ),
          ),
    ),
  ),
})

/** Something that is not there. */
export const missing = (text: string): View => ({
  title: 'Not found',
  body: [h('p', {}, text), h('p', {}, link('#/', 'The front page'))],
})
