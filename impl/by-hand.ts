/**
 * Has somebody choose each step: shows what may be taken, and takes what is picked.
 *
 * Queries are answered at once, for an answer moves nothing.  When the input
 * ends, the seed goes on.
 */
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { Flat, Row } from './flat.ts'
import type { Reference } from './reference.ts'
import { type Driver, Schedule } from './schedule.ts'

const help = [
  'a number takes that step; an empty line lets the seed choose',
  'run          the seed goes on as long as something is owed',
  'fault NAME [SIDE]   has a fault happen: to a side, or to the whole',
  'state [WORD]        the variables whose names hold this word, or are not what they start as',
].join('\n  ')

/** What a step does, in one line. */
export function describe(flat: Flat, { rule, cause, cells, outputs }: Row): string {
  const [, side = '', name = rule.id] = /^([^/]*)\/(.*)$/.exec(rule.id) ?? []
  const shown = outputs.map(output => {
    if (output.kind === 'event') return `${output.name} ${JSON.stringify(output.data)}`
    if (output.kind === 'sends') return `sends ${output.message}`
    if (output.kind === 'fails') return `refuses: ${output.desc}`
    return output.kind === 'exits' ? `exits with ${output.code ?? 'a signal'}` : 'returns'
  })
  const moves = cells.flatMap(({ variable, to }) => {
    const { name: of, values } = flat.variables[variable] ?? { name: '', values: [] }
    return to < 0 ? [] : [`${of} -> ${values[to]}`]
  })
  const by = cause === undefined ? '' : ` on ${'name' in cause ? cause.name : cause.kind}`
  return `${side.padEnd(3)} ${name.replaceAll('-', ' ')}${by}: ${[...shown, ...moves].join('; ')}`
}

/** Drives a system by what is read from `input`; a driver for `ServeOptions.drive`. */
export class ByHand implements Driver {
  private readonly reference: Reference
  private readonly output: Writable
  private readonly broken: (error: unknown) => void
  private readonly start: Readonly<Record<string, string>>
  private readonly lines: ReturnType<typeof createInterface>
  private readonly pending: string[] = []
  private immediate: NodeJS.Immediate | undefined
  private shown: readonly Row[] = []
  private alone: Schedule | undefined
  private ended = false
  private stopped = false

  constructor(reference: Reference, broken: (error: unknown) => void, input: Readable, output: Writable) {
    this.reference = reference
    this.broken = broken
    this.output = output
    this.start = reference.state()
    this.lines = createInterface({ input })
    this.lines.on('line', line => {
      this.pending.push(line)
      this.wake()
    })
    this.lines.on('close', () => {
      this.ended = true
      this.wake()
    })
    this.say(help)
  }

  wake(): void {
    if (this.alone !== undefined) this.alone.wake()
    else if (!this.stopped) this.immediate ??= setImmediate(() => this.tick())
  }

  stop(): void {
    this.stopped = true
    clearImmediate(this.immediate)
    this.alone?.stop()
    this.lines.close()
  }

  private say(text: string): void {
    if (!this.stopped) this.output.write(`  ${text}\n`)
  }

  private tick(): void {
    this.immediate = undefined
    if (this.stopped) return
    try {
      while (this.reference.reply());
      // What was picked was picked from what was shown, so it is shown first.
      this.present()
      const line = this.pending.shift()
      if (line !== undefined) {
        this.obey(line.trim())
        this.wake()
      } else if (this.ended) {
        this.say('the input has ended; the seed goes on')
        this.alone = new Schedule(this.reference, {}, this.broken)
        this.alone.wake()
      }
    } catch (error) {
      this.stopped = true
      this.broken(error)
    }
  }

  private present(): void {
    const rows = this.reference.enabled()
    if (rows.length === this.shown.length && rows.every((row, i) => row === this.shown[i])) return
    this.shown = rows
    const { flat } = this.reference
    const lines = rows.map((row, i) => `${String(i + 1).padStart(3)}  ${describe(flat, row)}\n`)
    this.output.write(
      lines.length === 0 ? '  nothing may be taken; a command or a fault may come\n' : `${lines.join('')}> `,
    )
  }

  private obey(line: string): void {
    const { reference } = this
    const [word = '', name = '', side = ''] = line.split(/\s+/)
    const row = this.shown[Number(word) - 1]
    if (line === '') {
      if (!reference.step() && !reference.decide()) this.say('there is nothing to choose from')
    } else if (/^\d+$/.test(word)) {
      if (row === undefined) this.say(`there is no step ${word}`)
      else if (!reference.perform(row)) this.say(`step ${word} may not be taken any more`)
      else this.say(`took ${row.rule.id}`)
    } else if (word === 'run') this.say(`took ${reference.settle()} steps`)
    else if (word === 'fault') {
      if (!reference.fault(side, name)) this.say(`"${name}" cannot happen${side && ` to ${side}`} now`)
    } else if (word === 'state') this.state(name)
    else this.say(help)
  }

  private state(part: string): void {
    for (const [name, value] of Object.entries(this.reference.state()))
      if (part === '' ? value !== this.start[name] : name.includes(part)) this.say(`${name} ${value}`)
  }
}
