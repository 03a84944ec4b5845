/**
 * Recorded runs as examples in the form of QEMU's documentation: `qmp-example`
 * directives whose blocks its lexer reads, which knows `-> `, `<- `, `...` and
 * JSON.  Both sides, in the order in which the recorder saw them.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PRINTED, wrap } from './mermaid.ts'
import { rstHead } from './page.ts'

type Obj = { readonly [member: string]: unknown }
const isObject = (value: unknown): value is Obj => value !== null && typeof value === 'object' && !Array.isArray(value)

/** One recorded run, with what its case says of it. */
export interface Example {
  readonly id: string
  readonly qemu: string
  readonly description: string
  readonly expectation: string
  readonly lines: readonly { readonly side: string; readonly dir: string; readonly msg: Obj }[]
}

/** Where the recorded cases are. */
export const casesFolder = join(import.meta.dirname, 'cases')

/** The runs of a folder, of each case the newest release's, with the words of the case. */
export function examplesOf(
  cases: readonly { readonly id: string; readonly description: string; readonly expectation: string }[],
  folder: string = casesFolder,
): Example[] {
  const files = readdirSync(folder).filter(file => file.endsWith('.ndjson'))
  const all = files.map(file => {
    const [head = '', ...lines] = readFileSync(join(folder, file), 'utf8').trimEnd().split('\n')
    const header = JSON.parse(head) as { readonly case: string; readonly qemu: { readonly src: string } }
    return {
      id: header.case,
      qemu: header.qemu.src,
      lines: lines.map(line => JSON.parse(line) as Example['lines'][number]),
    }
  })
  const newest = new Map<string, (typeof all)[number]>()
  for (const one of all) {
    const other = newest.get(one.id)
    if (other === undefined || byRelease(other.qemu, one.qemu) < 0) newest.set(one.id, one)
  }
  return cases.flatMap(({ id, description, expectation }) => {
    const one = newest.get(id)
    return one === undefined ? [] : [{ ...one, description, expectation }]
  })
}

/** Orders versions as `11.1.3` by their numbers. */
function byRelease(a: string, b: string): number {
  const [these, those] = [a, b].map(version => version.split('.').map(Number))
  const at = (these ?? []).findIndex((number, i) => number !== those?.[i])
  return at < 0 ? 0 : (these?.[at] ?? 0) - (those?.[at] ?? 0)
}

const WIDTH = 70

/** JSON with blanks inside braces, as QEMU's examples have it; broken before members and items where it is long. */
export function printJson(value: unknown, indent = 3): string {
  const flat = spaced(value)
  if (flat.length + indent <= WIDTH) return flat
  const pad = ' '.repeat(indent)
  if (Array.isArray(value)) return `[ ${value.map(inner => printJson(inner, indent + 2)).join(`,\n${pad}  `)} ]`
  if (!isObject(value)) return flat
  const members = Object.entries(value).map(
    ([name, inner]) => `${JSON.stringify(name)}: ${printJson(inner, indent + 2)}`,
  )
  return `{ ${members.join(`,\n${pad}  `)} }`
}

function spaced(value: unknown): string {
  if (value === ELIDED) return '{ ... }'
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[ ${value.map(spaced).join(', ')} ]`
  if (!isObject(value)) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}: ${spaced(inner)}`)
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}

/** Stands for what nobody wants to read. */
const ELIDED: Obj = { '...': true }

const DULL = new Set(['qmp_capabilities', 'query-version', 'query-commands'])
const LARGE = new Set(['ram', 'xbzrle-cache', 'vfio'])

/** A value of a reply that is longer than this is not what an example is about. */
const MOST = 400

const brief = (value: unknown): unknown => (spaced(value).length > MOST ? ELIDED : value)

/** A message as it is shown: no ids, no times, no counters. */
function shown(msg: Obj): Obj {
  const { id: _, timestamp, ...rest } = msg
  const { return: returned } = rest
  const members = (value: Obj): Obj =>
    Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, LARGE.has(name) ? ELIDED : brief(inner)]))
  const result = returned === undefined ? {} : { return: brief(isObject(returned) ? members(returned) : returned) }
  return { ...(timestamp === undefined ? {} : { timestamp: ELIDED }), ...rest, ...result }
}

const names: { readonly [side: string]: string } = { src: 'source', dst: 'destination' }

/** What stands in one example: a message, or a remark on what was done from outside. */
interface Said {
  readonly side: string
  readonly text: string
  readonly outside: boolean
}

/** An example that is longer is shown by how it begins and how it ends. */
const [BEGIN, END] = [60, 20]

/** All of it, or the beginning and the end of what goes on and on. */
export function shortened(said: readonly Said[]): readonly Said[] {
  const left = said.length - BEGIN - END
  // Three lines saved are not worth a remark.
  if (left < 4) return said
  const remark = { side: '', text: `And so on: ${left} more messages are left out here.`, outside: true }
  return [...said.slice(0, BEGIN), remark, ...said.slice(-END)]
}

/** One run as an annotated example. */
export function printExample({ id, qemu, description, expectation, lines }: Example): string[] {
  const asked = new Map<string, string>()
  const said: Said[] = []
  for (const { side, dir, msg } of lines) {
    const key = `${side} ${JSON.stringify(msg.id)}`
    const command = msg.execute ?? msg['exec-oob']
    if (typeof command === 'string') asked.set(key, command)
    if ('QMP' in msg || DULL.has(String(command ?? asked.get(key)))) continue
    if (dir === '!!') {
      const text = observed(side, msg)
      if (text !== undefined) said.push({ side, text, outside: true })
      continue
    }
    said.push({ side, text: `${dir} ${printJson(shown(msg))}`, outside: false })
  }
  const body: string[] = []
  let last = ''
  for (const { side, text, outside } of shortened(said)) {
    if (outside) {
      body.push('', ...wrap(text, WIDTH))
      last = ''
      continue
    }
    if (side !== last) body.push('', `On the ${names[side] ?? side}::`, '')
    last = side
    body.push(...text.split('\n').map(line => `    ${line}`))
  }
  return [
    '.. qmp-example::',
    `   :title: ${id}, recorded on QEMU ${qemu}`,
    '   :annotated:',
    '',
    // In QEMU's documentation a single back-tick is a cross-reference.
    ...wrap(`${description} ${expectation}`.replaceAll('`', '``'), WIDTH).map(line => `   ${line}`),
    ...body.map(line => (line === '' ? '' : `   ${line}`)),
  ]
}

function observed(side: string, msg: Obj): string | undefined {
  const { exit } = msg
  if (isObject(exit)) {
    const how = exit.signal === null ? `ends with exit code ${String(exit.code)}` : `ends by ${String(exit.signal)}`
    return `The process of the ${names[side] ?? side} ${how}.`
  }
  return typeof msg.fault === 'string' ? `What is done to the network: ${msg.fault}.` : undefined
}

/** A page of examples in rST. */
export const examplesPage = (title: string, before: string, examples: readonly Example[]): string =>
  `${[...rstHead(title), ...wrap(before, 79), ...examples.flatMap(example => ['', ...printExample(example)])].join(
    '\n',
  )}\n`

/** A part of an example: words, or what was sent and received. */
export interface Block {
  readonly code: boolean
  readonly lines: readonly string[]
}

/** One run in parts, the first of which is what its case says of it; for whoever has another way to set off code. */
export function exampleBlocks(example: Example): Block[] {
  const [, , , , ...rest] = printExample(example)
  const blocks: { code: boolean; lines: string[] }[] = []
  for (const line of rest.map(text => text.replace(/^ {3}/, ''))) {
    const code = line.startsWith('    ')
    const last = blocks.at(-1)
    if (line === '') {
      if (last?.code === false && last.lines.length > 0) blocks.push({ code: false, lines: [] })
      continue
    }
    const own = last?.code === code ? last : { code, lines: [] }
    if (own !== last) blocks.push(own)
    own.lines.push(code ? line.slice(4) : line.replace(/::$/, ':'))
  }
  return blocks.filter(({ lines }) => lines.length > 0)
}

/** The same for GitHub: code blocks, which it does not read. */
export const examplesMarkdown = (title: string, before: string, examples: readonly Example[]): string =>
  `${[
    `<!-- ${PRINTED} -->`,
    '',
    `# ${title}`,
    '',
    before,
    ...examples.flatMap(example => [
      '',
      `## ${example.id}`,
      ...exampleBlocks(example).flatMap(({ code, lines }) => (code ? ['', '```', ...lines, '```'] : ['', ...lines])),
    ]),
  ].join('\n')}\n`
