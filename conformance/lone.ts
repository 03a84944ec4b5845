/**
 * One QEMU by its rules.  Who receives or sends its migration is elsewhere: in
 * another process that is one too, found by the address that `migrate` and
 * `migrate-incoming` are given, and spoken to on that very socket.
 *
 * With `-incoming` it is the destination of its pair, else the source.
 */
import { connect, type Server, type Socket } from 'node:net'
import type { Address } from '../impl/address.ts'
import { Director } from '../impl/director.ts'
import { compareVersions, type Row } from '../impl/flat.ts'
import { isObject, type Members } from '../impl/frames.ts'
import { Half, halve } from '../impl/half.ts'
import type { Ask } from '../impl/runner.ts'
import { type Endpoint, type ServeOptions, serve } from '../impl/server.ts'
import { calls, failures } from '../spec/cases.ts'
import { asWished, flatPair, obey, type Wishes, without } from './behaviour.ts'
import { concerns } from './cues.ts'
import { type Identity, isMigrating, knowledge } from './knowledge.ts'
import { type Destination, destinationOf, listenFor, Talk, toldOf } from './meeting.ts'
import { later } from './wait.ts'

/** What one QEMU is to be. */
export interface LoneOptions extends Pick<ServeOptions, 'seed' | 'onExit' | 'anywhere' | 'drive'>, Wishes, Identity {
  /** The release to be. */
  readonly version: string
  /** Where its monitors listen, as `unix:PATH` or `tcp:HOST:PORT`. */
  readonly monitors: readonly string[]
  /** `-incoming`'s value: `defer`, or a URI to listen on from the start; it is a source when left out. */
  readonly incoming?: string
  /** `-S`: the guest waits for `cont`. */
  readonly paused?: boolean
}

/** Greets who might be one of us; the number is the version of the talk. */
const hello = { lockstep: 1 }

/** How long whoever connects may say nothing before it is taken for a stranger, in milliseconds. */
const shy = 300

/** What the source wants to know of its destination before it counts as connected. */
const told = ['dst.process', 'dst.listening', 'dst.incoming', 'dst.stranger']

/** Rules by which whoever listens fails to. */
const deaf = failures.filter(id => id.startsWith('fail-to-listen'))

/** Rules that speak of a connection to nobody. */
const nowhere = ['connect-to-where-nobody-answers', 'connect-to-where-a-snapshot-goes']

/** A migration that has been cancelled fails to connect like any other. */
const refused: readonly string[] = [
  ...calls.refused,
  'fail-to-connect-after-a-cancel',
  'fail-to-connect-once-cancelled',
]

const idOf = ({ rule }: Row): string => rule.id.slice(rule.id.indexOf('/') + 1)
const succeeds = (row: Row): boolean => row.outputs.some(output => output.kind === 'returns')

/** One QEMU that serves its monitors. */
export class Lone {
  /** What is served; its side is `src` or `dst`. */
  readonly side: 'src' | 'dst'
  private served: Endpoint | undefined
  private half: Half | undefined
  private readonly options: LoneOptions
  private readonly servers = new Set<Server>()
  private readonly talks = new Set<Talk>()
  /** What a command has had opened, and whether that went well, until it is answered. */
  private bound: Server | 'failed' | undefined
  /** How far the source is in reaching its destination. */
  private call: 'none' | 'calling' | 'failed' | 'welcome' | 'elsewhere' = 'none'
  private caller: Talk | undefined
  /** The source that a destination speaks with. */
  private joined: Talk | undefined
  private director: Director | undefined
  /** Its process was killed, and did not abort. */
  wasKilled = false
  /** A stranger is connected to where a migration is awaited. */
  private strangers = 0

  /** Use `serveOne`. */
  constructor(options: LoneOptions) {
    this.options = options
    this.side = options.incoming === undefined ? 'src' : 'dst'
  }

  /** The endpoint that is served. */
  get endpoint(): Endpoint {
    if (this.served === undefined) throw new Error('it is not served yet')
    return this.served
  }

  /** @internal */
  async start(): Promise<this> {
    const { version, monitors, incoming, paused = false } = this.options
    const { side } = this
    const listening = incoming !== undefined && incoming !== 'defer'
    const setup = listening && compareVersions(version, '8.2') >= 0
    if (listening) this.servers.add(await this.bind({ uri: incoming }))
    const wished = asWished(this.options)
    const { script = [], edits, note } = this.options
    const flat = halve(flatPair(version, edits), side, side === 'src')
    this.director = new Director(
      script.filter(line => concerns(line, side, side === 'src')),
      { fault: (_, name) => this.breakOff(name), ...(note !== undefined && { note }) },
    )
    const { director } = this
    const known = knowledge(flat, this.options, at =>
      isMigrating(at, variable => this.served?.reference.valueOf(variable) ?? 'none'),
    )
    try {
      this.served = await serve(flat, {
        ...wished,
        ...known,
        ...this.options,
        listen: { [side]: monitors },
        start: {
          'src.vm': side === 'src' && paused ? 'prelaunch' : 'running',
          'dst.autostart': side === 'dst' && paused ? 'no' : 'yes',
          'dst.listening': listening ? 'yes' : 'no',
          'dst.incoming': setup ? 'setup' : 'none',
        },
        // These are what the world says of a socket, not what chance does.
        avoid: without(wished.avoid, [...deaf, ...nowhere]),
        prepare: (_, command, given) => this.prepare(command, given),
        allows: row => this.allows(row),
        tap: (_, direction, message) => {
          if (direction === '->' && message.execute === 'migrate-set-parameters' && this.served !== undefined)
            obey(this.served.reference, message.arguments)
        },
        onStep: (row, ask) => {
          if (row.cause?.kind === 'fault' && row.cause.name === 'kill') this.wasKilled = true
          known.onStep(row, ask)
          director.taken(row)
          this.taken(row, ask)
        },
        onShown: () => director.shown(),
        onExit: (at, code) => {
          void this.leave()
          this.options.onExit?.(at, code)
        },
      })
      this.half = new Half(this.served.reference, {
        own: side,
        other: side === 'src' ? 'dst' : 'src',
        link: { variable: 'link', up: 'up', cut: 'cut' },
      })
      director.begin(this.served.reference)
      return this
    } catch (error) {
      await this.leave()
      throw error
    }
  }

  /** Ends all that it has open; may be called again. */
  async close(): Promise<void> {
    await this.leave()
    await this.served?.close()
  }

  /** What a destination can do to a connection that is the source's. */
  private breakOff(fault: string): boolean {
    const { joined } = this
    if (fault !== 'cut' || joined === undefined) return false
    joined.destroy()
    return true
  }

  private async leave(): Promise<void> {
    for (const talk of this.talks) talk.destroy()
    const all = [...this.servers].map(server => new Promise(resolve => server.close(resolve)))
    this.servers.clear()
    await Promise.all(all)
  }

  private async bind(given: Members): Promise<Server> {
    const { anywhere = false } = this.options
    const where = destinationOf(given, anywhere)
    if (where?.kind !== 'socket') throw new RangeError('lockstep can listen on sockets only')
    return await listenFor(where.address, anywhere, socket => this.answer(socket))
  }

  /** Opens what a command names before anybody says how it went. */
  private prepare(command: string, given: Members): Promise<void> | undefined {
    if (this.side !== 'dst' || (command !== 'migrate-incoming' && command !== 'migrate-recover')) return undefined
    return this.bind(given).then(
      server => {
        this.bound = server
      },
      () => {
        this.bound = 'failed'
      },
    )
  }

  private allows(row: Row): boolean {
    const id = idOf(row)
    if (this.half?.allows(row) === false || this.director?.allows(row) === false) return false
    if (this.director?.insists(row) === true) return true
    if (
      this.bound !== undefined &&
      row.cause?.kind === 'command' &&
      /^migrate-(incoming|recover)$/.test(row.cause.name)
    ) {
      if (succeeds(row)) return this.bound !== 'failed'
      if (deaf.some(one => one === id)) return this.bound === 'failed'
    }
    if (this.side === 'dst') return this.strangers === 0 || !/stranger-leaves|lose-the-stranger/.test(id)
    if (refused.includes(id)) return this.call === 'failed'
    if (nowhere.includes(id)) return this.call === 'elsewhere'
    if (calls.inVain.some(one => one === id))
      return this.call === 'welcome' && this.endpoint.reference.valueOf('dst.incoming') !== 'postcopy-paused'
    return true
  }

  private taken(row: Row, ask: Ask | undefined): void {
    const { half } = this
    if (this.served === undefined || half === undefined) return
    const { reference } = this.served
    if (ask !== undefined && this.bound !== undefined && /^migrate-(incoming|recover)$/.test(ask.command)) {
      if (this.bound !== 'failed' && succeeds(row)) this.servers.add(this.bound)
      else if (this.bound !== 'failed') this.bound.close()
      this.bound = undefined
    }
    half.taken(row)
    if (this.side !== 'src') return
    if (ask?.command === 'migrate' && succeeds(row)) {
      // Another destination, and nothing left of the last one.
      if (ask.arguments.resume !== true && reference.valueOf('link') === 'cut')
        reference.set({ link: 'down', path: 'shut', advice: 'none', follows: 'nothing' })
      this.dial(destinationOf(ask.arguments, this.options.anywhere ?? false))
    }
    const isCalling =
      reference.valueOf('src.thread') === 'connecting' || reference.valueOf('src.resuming') === 'connecting'
    if (this.call === 'none' || this.call === 'calling' || isCalling) return
    // It has been reached, or not; what is known of it was known for this.
    if (reference.valueOf('link') !== 'up') this.caller?.destroy()
    this.call = 'none'
    this.caller = undefined
    reference.set({ 'dst.listening': 'no' })
  }

  /** Sets out to reach a destination. */
  private dial(to: Destination | undefined): void {
    this.call = 'calling'
    if (to === undefined) this.reached('failed')
    else if (to.kind === 'elsewhere') this.sink()
    else this.dialSocket(to.address)
  }

  private dialSocket(address: Address): void {
    const socket = connect({ ...(address.kind === 'unix' ? { path: address.path } : address), allowHalfOpen: true })
    let greeted = false
    const talk = this.talk(
      socket,
      message => {
        const known = message?.welcome
        if (!greeted && isObject(known)) {
          greeted = true
          clearTimeout(timer)
          return this.welcome(talk, known)
        }
        this.hear(talk, message)
      },
      () => {
        clearTimeout(timer)
        if (!greeted) this.reached('failed')
        else if (this.caller === talk && this.call === 'welcome') this.reached('failed')
        else this.half?.ended()
      },
    )
    const timer = later(10 * shy, () => talk.destroy())
    this.caller = talk
    socket.once('connect', () => talk.say(hello))
  }

  /** The destination has said how it is; whether that is a connection is for the rules to say. */
  private welcome(talk: Talk, known: Members): void {
    const values = told.map(name => [name, known[name]] as const)
    try {
      this.endpoint.reference.set(Object.fromEntries(values.map(([name, value]) => [name, String(value)])))
    } catch {
      talk.destroy()
      return
    }
    this.half?.join(
      message => talk.say(message),
      () => talk.end(),
    )
    this.reached('welcome')
  }

  /** A file, or a command: whatever is written is taken. */
  private sink(): void {
    const { half } = this
    half?.join(
      message => {
        if ('sends' in message) setImmediate(() => half.hear({ took: message.sends }))
      },
      () => setImmediate(() => half.ended()),
    )
    this.reached('elsewhere')
  }

  private reached(call: 'failed' | 'welcome' | 'elsewhere'): void {
    if (this.call === 'none') return
    this.call = call
    if (call === 'failed') this.caller = undefined
    this.endpoint.reference.set(call === 'failed' ? { 'dst.listening': 'no' } : {})
  }

  /** Somebody has connected to where a migration is awaited. */
  private answer(socket: Socket): void {
    const { reference } = this.endpoint
    let who: 'nobody yet' | 'us' | 'joined' | 'stranger' = 'nobody yet'
    const isFree = () => reference.valueOf('link') !== 'up'
    const stranger = (fault: string) => {
      who = 'stranger'
      this.strangers++
      if (!isFree() || !reference.fault('dst', fault)) talk.destroy()
    }
    const talk = this.talk(
      socket,
      message => {
        clearTimeout(timer)
        if (who === 'stranger') return
        if (who === 'nobody yet') {
          if (message?.lockstep !== hello.lockstep) return stranger('stray garbage')
          who = 'us'
          talk.say({ welcome: Object.fromEntries(told.map(name => [name, reference.valueOf(name)])) })
        } else {
          if (who === 'us' && isFree()) {
            who = 'joined'
            this.joined = talk
            this.half?.join(
              given => talk.say(given),
              () => talk.end(),
            )
          }
          if (who === 'joined') this.hear(talk, message)
          else talk.destroy()
        }
      },
      () => {
        clearTimeout(timer)
        if (who === 'joined') this.half?.ended()
        if (this.joined === talk) this.joined = undefined
        if (who === 'stranger') this.strangers--
        socket.end()
        reference.set({})
      },
    )
    const timer = later(shy, () => {
      if (who === 'nobody yet') stranger('stray')
    })
  }

  private talk(socket: Socket, hear: (message: Members | undefined) => void, over: () => void): Talk {
    const talk = new Talk(socket, hear, over)
    this.talks.add(talk)
    socket.on('close', () => this.talks.delete(talk))
    return talk
  }

  private hear(talk: Talk, message: Members | undefined): void {
    const what = toldOf(message)
    // Who does not keep to the talk is as good as gone.
    if (what === undefined || this.half?.hear(what) !== undefined) talk.destroy()
  }
}

/** Serves one QEMU.  Throws `AddressError` or what listening throws, with nothing left open. */
export const serveOne = (options: LoneOptions): Promise<Lone> => new Lone(options).start()
