/**
 * One QMP session: greeting, negotiation, ids, and who waits for whom.
 *
 * In-band commands are answered one after another; a command that is executed
 * out of band overtakes them.
 */
import type { Json } from '../spec/lang.ts'
import { isObject, type Members, readJson } from './frames.ts'
import type { Reference } from './reference.ts'
import type { Ask, Outcome } from './runner.ts'

interface Request {
  readonly name: string
  readonly arguments: Members
  readonly outOfBand: boolean
  readonly id?: Json
  /** What is wrong with it, known before it is anybody's turn. */
  readonly wrong?: string
}

const failure = (desc: string, errorClass = 'GenericError'): Outcome => ({ error: { class: errorClass, desc } })
const members = new Set(['execute', 'exec-oob', 'arguments', 'id'])
const builtIn = ['qmp_capabilities', 'query-commands', 'query-version'] as const

/** A client's session with one side of a reference. */
export class Monitor {
  readonly side: string
  /** Which of the side's monitors it is, counted from 0. */
  readonly number: number
  /** Called when the session has ended because the process has. */
  onExit: () => void = () => {}
  /** Called when a request has been answered. */
  onAnswer: () => void = () => {}
  private readonly reference: Reference
  private readonly say: (message: Members) => void
  private readonly queue: Request[] = []
  private readonly asks = new Set<Ask>()
  /** In-band and not answered yet. */
  private busy = false
  private pumping = false
  private outside = 0
  private ready: boolean
  private outOfBand: boolean
  private open = true

  constructor(reference: Reference, side: string, number: number, say: (message: Members) => void, fresh: boolean) {
    this.reference = reference
    this.side = side
    this.number = number
    this.say = say
    this.ready = !fresh
    this.outOfBand = !fresh
  }

  /** How many requests have come and are not answered. */
  get pending(): number {
    return this.queue.length + this.outside + (this.busy ? 1 : 0)
  }

  /** Says hello, as QEMU does when somebody connects. */
  greet(): void {
    if (this.open) this.say({ QMP: { version: this.version(), capabilities: ['oob'] } })
  }

  /** Takes one value as text. */
  receiveText(text: string): void {
    let message: Json
    try {
      message = readJson(text)
    } catch (error) {
      this.reject(error instanceof Error ? error.message : 'JSON parse error')
      return
    }
    this.receive(message)
  }

  /** Takes what is not even JSON: it is answered, in its turn, with what is wrong. */
  reject(desc: string): void {
    this.accept({ name: '', arguments: {}, outOfBand: false, wrong: desc })
  }

  /** Takes one message. */
  receive(message: Json): void {
    if (!this.open) return
    if (!isObject(message)) {
      this.reject('QMP input must be a JSON object')
      return
    }
    this.reference.options.tap?.(this.side, '->', message, this.number)
    this.accept(this.request(message))
  }

  /** Emits an event, once negotiation is over. */
  event(message: Members): void {
    if (this.open && this.ready) this.say(message)
  }

  /** Ends the session because the process has ended. */
  exited(): void {
    this.close()
    this.onExit()
  }

  /** Ends the session; what waits is not done. */
  close(): void {
    this.open = false
    this.queue.length = 0
    this.outside = 0
    this.busy = false
    for (const ask of this.asks) this.reference.withdraw(ask)
    this.asks.clear()
    this.reference.closed(this.side, this)
  }

  private request(message: Members): Request {
    const has = (member: string) => Object.hasOwn(message, member)
    const outOfBand = has('exec-oob')
    const name = message[outOfBand ? 'exec-oob' : 'execute']
    const given = has('arguments') ? message.arguments : {}
    const unexpected = Object.keys(message).find(m => !members.has(m) || (m === 'exec-oob' && !this.outOfBand))
    let wrong: string | undefined
    if (unexpected !== undefined) wrong = `QMP input member '${unexpected}' is unexpected`
    else if (outOfBand && has('execute')) wrong = "QMP input member 'execute' clashes with 'exec-oob'"
    else if (!outOfBand && !has('execute')) wrong = "QMP input lacks member 'execute'"
    else if (typeof name !== 'string')
      wrong = `QMP input member '${outOfBand ? 'exec-oob' : 'execute'}' must be a string`
    else if (!isObject(given)) wrong = "QMP input member 'arguments' must be an object"
    return {
      name: typeof name === 'string' ? name : '',
      arguments: isObject(given) ? given : {},
      outOfBand: outOfBand && this.outOfBand,
      ...(has('id') && { id: message.id ?? null }),
      ...(wrong !== undefined && { wrong }),
    }
  }

  private accept(request: Request): void {
    if (request.outOfBand) {
      this.outside++
      this.perform(request, () => this.outside--)
    } else {
      this.queue.push(request)
      this.pump()
    }
  }

  private pump(): void {
    // An answer may come at once; the loop that is already running then goes on.
    if (this.pumping) return
    this.pumping = true
    for (let next = this.next(); next !== undefined; next = this.next()) {
      this.busy = true
      this.perform(next, () => {
        this.busy = false
        this.pump()
      })
    }
    this.pumping = false
  }

  private next(): Request | undefined {
    return this.busy ? undefined : this.queue.shift()
  }

  private perform(request: Request, done: () => void): void {
    const at = this.atOnce(request)
    const prepared =
      at === undefined ? this.reference.options.prepare?.(this.side, request.name, request.arguments) : undefined
    if (at !== undefined) this.reply(request, at, done)
    else if (prepared !== undefined) void prepared.then(() => this.post(request, done))
    else this.post(request, done)
  }

  private post(request: Request, done: () => void): void {
    if (this.open) {
      let ask: Ask | undefined
      const answer = (outcome: Outcome) => {
        if (ask !== undefined) this.asks.delete(ask)
        this.reply(request, outcome, done)
      }
      ask = this.reference.post(this.side, request.name, request.arguments, answer)
      if (ask !== undefined) this.asks.add(ask)
    }
  }

  private reply({ id }: Request, outcome: Outcome, done: () => void): void {
    if (!this.open) return
    this.say(id === undefined ? outcome : { ...outcome, id })
    done()
    this.onAnswer()
  }

  /** What needs no rule to be answered. */
  private atOnce({ name, wrong, arguments: given, outOfBand }: Request): Outcome | undefined {
    const { ignored = [], outOfBand: allowed = [], knows = [], known } = this.reference.options
    if (wrong !== undefined) return failure(wrong)
    if (!this.ready) {
      if (name === 'qmp_capabilities') return this.negotiate(given)
      return failure("Expecting capabilities negotiation with 'qmp_capabilities'", 'CommandNotFound')
    }
    if (name === 'qmp_capabilities') {
      return failure('Capabilities negotiation is already complete, command ignored', 'CommandNotFound')
    }
    const rules = this.reference.commands(this.side)
    if (![...builtIn, ...ignored, ...knows].includes(name) && !rules.has(name)) {
      return failure(`The command ${name} has not been found`, 'CommandNotFound')
    }
    if (outOfBand && !allowed.includes(name) && !this.reference.overtakes(this.side, name))
      return failure(`The command ${name} does not support OOB`)
    const problem = this.reference.options.problemOf?.(name, given)
    if (problem !== undefined) return failure(problem)
    if (rules.has(name)) return undefined
    const said = known?.(this.side, name, given)
    if (said !== undefined) return said
    if (name === 'query-version') return { return: this.version() }
    if (name === 'query-commands') {
      return { return: [...new Set([...builtIn, ...rules, ...ignored, ...knows])].map(command => ({ name: command })) }
    }
    return { return: {} }
  }

  private negotiate(given: Members): Outcome {
    const enable = Object.hasOwn(given, 'enable') ? given.enable : []
    const extra = Object.keys(given).find(member => member !== 'enable')
    if (extra !== undefined) return failure(`Parameter '${extra}' is unexpected`)
    if (!Array.isArray(enable)) return failure("Invalid parameter type for 'enable', expected: array")
    const unknown = (enable as readonly Json[]).findIndex(capability => capability !== 'oob')
    if (unknown >= 0) return failure(`Parameter 'enable[${unknown}]' does not accept value '${text(enable[unknown])}'`)
    this.outOfBand = enable.length > 0
    this.ready = true
    return { return: {} }
  }

  private version(): Json {
    const [major = 0, minor = 0] = this.reference.flat.version.split('.').map(Number)
    return { qemu: { micro: 0, minor, major }, package: this.reference.options.package ?? 'lockstep reference' }
  }
}

const text = (value: Json | undefined): string =>
  String(typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 100)
