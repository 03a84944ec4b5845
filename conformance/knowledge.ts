/** What a reference endpoint answers besides what its rules do: its schema, its name, and figures. */
import type { Flat, Row } from '../impl/flat.ts'
import type { Members } from '../impl/frames.ts'
import type { ReferenceOptions } from '../impl/reference.ts'
import type { Ask, Outcome } from '../impl/runner.ts'
import { Arguments } from './arguments.ts'
import { Figures, only } from './figures.ts'
import { besides, introspectionOf, membersOf } from './introspect.ts'

/** What a QEMU is told by its command line and tells again. */
export interface Identity {
  /** `-name` */
  readonly name?: string | undefined
  /** `-uuid` */
  readonly uuid?: string | undefined
}

/** What a guest has none of; monitors are not told of. */
const empty = [
  ...['query-chardev', 'query-hotpluggable-cpus', 'query-block', 'query-named-block-nodes', 'query-iothreads'],
  'qom-list',
]

/** The one that it has. */
const cpu = {
  'cpu-index': 0,
  'qom-path': '/machine/unattached/device[0]',
  'thread-id': process.pid,
  'qom-type': 'qemu64-x86_64-cpu',
  target: 'x86_64',
  props: { 'socket-id': 0, 'core-id': 0, 'thread-id': 0 },
}

const nobody = '00000000-0000-0000-0000-000000000000'

/**
 * The options of a server that knows this much.
 *
 * @param migrates whether a side has a migration that can be yanked
 */
export function knowledge(
  flat: Flat,
  { name, uuid }: Identity,
  migrates: (side: string) => boolean,
): Required<Pick<ReferenceOptions, 'knows' | 'outOfBand' | 'known' | 'problemOf' | 'figures'>> & {
  readonly onStep: (row: Row, ask?: Ask) => void
} {
  const { schema } = introspectionOf(flat.version)
  const given = new Arguments(schema)
  const figures = new Figures(
    flat.version,
    flat.variables.map(variable => variable.name),
  )
  const answers: { readonly [command: string]: (side: string, given: Members) => Outcome } = {
    'query-qmp-schema': () => ({ return: schema }),
    'query-name': () => ({ return: name === undefined ? {} : { name } }),
    'query-uuid': () => ({ return: { UUID: uuid ?? nobody } }),
    'query-kvm': () => ({ return: { enabled: false, present: false } }),
    'query-target': () => ({ return: { arch: 'x86_64' } }),
    ...Object.fromEntries(empty.map(command => [command, () => ({ return: [] })])),
    'query-cpus-fast': () => ({ return: [only(cpu, membersOf(flat.version, 'query-cpus-fast'))] }),
    'qom-get': (_, { path, property }) =>
      path === cpu['qom-path'] && property === 'unavailable-features'
        ? { return: [] }
        : { error: { class: 'GenericError', desc: `Property '${path}.${property}' not found` } },
    'query-yank': side => ({ return: migrates(side) ? [{ type: 'migration' }] : [] }),
  }
  return {
    knows: besides,
    outOfBand: schema.flatMap(entry => (entry['allow-oob'] === true ? [entry.name] : [])),
    known: (side, command, asked) => (Object.hasOwn(answers, command) ? answers[command]?.(side, asked) : undefined),
    problemOf: (command: string, members: Members) => given.problemOf(command, members),
    figures: (answer, side, what) => given.filled(what, figures.complete(answer, side, what)),
    onStep: (row, ask) => figures.taken(row, (variable, to) => flat.variables[variable]?.values[to] ?? '', ask),
  }
}

/** Statuses in which a migration can be yanked. */
const over = new Set(['none', 'completed', 'failed', 'cancelled'])

/** Whether a side has a migration under way, by what its variables are. */
export const isMigrating = (side: string, value: (variable: string) => string): boolean =>
  !over.has(value(`${side}.migration`)) || !over.has(value(`${side}.incoming`))
