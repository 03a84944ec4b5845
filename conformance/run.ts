/**
 * Runs one case against its endpoints and writes down what came.
 *
 * A run judges nothing and never hangs: what does not come in time ends it,
 * and is in the transcript.  A monitor that stops answering ends it at once.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Chance } from '../impl/chance.ts'
import { isIn } from '../impl/flat.ts'
import { matches } from '../impl/match.ts'
import type { Act, Arguments, Capability, Case } from '../spec/script.ts'
import { ClosedError, QmpError, TimeoutError } from './failure.ts'
import { NotFitError } from './foreign.ts'
import { type Json, type JsonObject, printJson } from './json.ts'
import { dyingMs } from './launch.ts'
import type { NetworkAct } from './network.ts'
import { fill } from './places.ts'
import { release } from './profile.ts'
import type { Reply, Tap } from './qmp.ts'
import { Recorder } from './record.ts'
import { type Player, type Setting, type Stage, type Target, within } from './stage.ts'
import { isAtRest, unlessStalled, waitsForLock } from './stall.ts'
import type { Side, Transcript } from './transcript.ts'
import { look } from './wait.ts'

/** How to run a case. */
export interface RunOptions {
  readonly seed?: number
  /** For slow machines; 1. */
  readonly timeoutScale?: number
  /** Where the transcript is written as it comes; nowhere when left out. */
  readonly file?: string
  /** How long to wait for a reply, in milliseconds before scaling; 5000. */
  readonly replyMs?: number
  /**
   * Whether the rules let things be as they are in a recording whose monitor has not answered: whoever is
   * excused and sits in a lock is not waited for as long as one who is not.  Nobody is when left out.
   */
  readonly excused?: (transcript: Transcript) => Promise<boolean>
  /** The longest a case may take at all, in milliseconds before scaling; 120000. */
  readonly deadlineMs?: number
}

/** A monitor that stopped answering. */
export interface Frozen {
  readonly side: Side
  readonly command: string
  /** When it was sent, in seconds since the start. */
  readonly at: number
  readonly seconds: number
  /** Whether a command out of band was answered all the same; undefined where there is no such thing. */
  readonly outOfBand: boolean | undefined
  /** Whether the kernel says that no thread of its process can go on. */
  readonly stalled: boolean
  /** Its main loop waits for a lock, and the rules let it: it was not waited for any longer. */
  readonly excused?: true
}

/** What came of a run. */
export interface Run {
  readonly transcript: Transcript
  readonly versions: { readonly [side in Side]?: string }
  /** Why the script was not done to its end; nothing when it was. */
  readonly short?: string
  /** The command that was refused and should not have been, where that is why. */
  readonly refused?: string
  readonly frozen?: Frozen
  /** Processes that outlived their end, and were killed by their pid. */
  readonly left?: readonly number[]
  /** The last of what each process wrote to its standard error. */
  readonly stderr: { readonly [side in Side]?: string }
}

/** What the sides are called in sentences. */
export const sideName = { src: 'the source', dst: 'the destination' } as const

/** The script cannot go on, and the run is brought to its end. */
class Short extends Error {
  /** The command that was refused, where that is why. */
  refused?: string
}

/** No answer came while we held up the one who is to give it, or the network. */
class HeldUp extends Short {}

/** The monitor of this side does not answer. */
class FrozenError extends Error {
  readonly side: Side
  /** Found by what its threads do, before a command had waited for its answer long enough. */
  readonly stalled: boolean
  readonly excused: boolean
  constructor(side: Side, { stalled = false, excused = false } = {}) {
    super(`${sideName[side]} is frozen`)
    this.side = side
    this.stalled = stalled
    this.excused = excused
  }
}

const queries = ['query-status', 'query-migrate', 'query-colo-status'] as const

const sanity = ['query-version', 'query-migrate-capabilities'] as const

/** How long a monitor is mute before its main loop is looked at, and how long that must not move, in milliseconds before scaling. */
const mutedMs = 500

/** Between two questions of the same kind, in milliseconds. */
const askAgainMs = 20

/** Silence that counts as the end, in seconds, of endpoints that do not say what does; see `Stage.silence`. */
const patience = 1

/** One run: what its parts share. */
class Runner {
  private readonly recorder: Recorder
  private readonly options: RunOptions
  private readonly scale: number
  private readonly chance: Chance
  private readonly events: Record<Side, JsonObject[]> = { src: [], dst: [] }
  /** For each side, how many events the script has passed. */
  private readonly passed: Record<Side, number> = { src: 0, dst: 0 }
  private readonly gone = new Set<Side>()
  /** The part that each plays just now, which who survives the other changes. */
  private parts: Record<Side, { side: Side }> = { src: { side: 'src' }, dst: { side: 'dst' } }
  private lives = 1
  private refused: string | undefined
  /** Who was frozen by us. */
  private readonly still = new Set<Side>()
  private stage: Stage | undefined
  /** Of those on stage, such as `11.1`. */
  private release = ''

  constructor(options: RunOptions) {
    this.options = options
    this.recorder = new Recorder(options.file)
    this.scale = options.timeoutScale ?? 1
    this.chance = new Chance(options.seed ?? 0)
  }

  async run(of: Case, target: Target): Promise<Run> {
    const { seed = 0, deadlineMs = 120_000 } = this.options
    const setting: Setting = { case: of, seed, timeoutScale: this.scale, tap: side => this.tap(side) }
    let stage: Stage
    try {
      stage = await target.open(setting)
    } catch (error) {
      this.recorder.finish()
      throw error
    }
    this.stage = stage
    this.release = release(Object.values(stage.players)[0]?.client.version ?? '')
    if (!isIn(this.release, of)) {
      this.recorder.finish()
      await stage.close()
      throw new NotFitError(of.why ?? `it is not for QEMU ${this.release}`, true)
    }
    // What came before the script is not what it waits for.
    for (const side of ['src', 'dst'] as const) this.passed[side] = this.events[side].length
    const players = Object.entries(stage.players) as [Side, Player][]
    for (const [side, player] of players) this.follow(side, player)
    const versions = Object.fromEntries(players.map(([side, { client }]) => [side, client.version]))
    this.recorder.begin({
      lockstep: 1,
      qemu: versions,
      case: of.id,
      seed,
      faults: 'listed',
      ...(stage.args && { args: stage.args }),
      ...(stage.traced && { traced: stage.traced }),
    })
    let late = false
    const timer = setTimeout(() => {
      late = true
      // What is waited for ends with the connections.
      void stage.close()
    }, deadlineMs * this.scale)
    let short: string | undefined
    let frozen: Frozen | undefined
    let left: readonly number[] = []
    try {
      short = await this.perform(of, versions)
      await this.finale(of, short !== undefined)
    } catch (error) {
      if (error instanceof FrozenError) {
        frozen = await this.probe(error)
        this.recorder.stop()
      } else if (!(error instanceof QmpError)) throw error
      else short ??= error.message
    } finally {
      clearTimeout(timer)
      left = (await stage.close()) ?? []
    }
    if (!stage.kept) await within(dyingMs * this.scale, this.recorder.ended())
    if (late) short = `the case took longer than ${(deadlineMs * this.scale) / 1000} s`
    return {
      transcript: this.recorder.finish(),
      versions,
      stderr: Object.fromEntries(
        Object.entries(this.stage?.players ?? {}).flatMap(([side, { stderr }]) => (stderr ? [[side, stderr()]] : [])),
      ),
      ...(short !== undefined && { short }),
      ...(this.refused !== undefined && { refused: this.refused }),
      ...(frozen !== undefined && { frozen }),
      ...(left.length > 0 && { left }),
    }
  }

  /** Shows a side's messages to the recorder, and keeps its events. */
  private tap(at: Side): Tap {
    const part = this.parts[at]
    return (dir, msg) => {
      this.recorder.tap(part.side)(dir, msg)
      if (dir === '<-' && typeof msg.event === 'string') this.events[part.side].push(msg)
    }
  }

  private follow(at: Side, player: Player): void {
    const part = this.parts[at]
    this.recorder.follow(part, player)
    void player.client.closed.then(() => this.gone.add(part.side))
  }

  /** Who survives is the source, and a new destination is started. */
  private async again(survivor: Side, capabilities: readonly Capability[]): Promise<void> {
    const { stage } = this
    if (stage?.again === undefined) throw new Short('nobody can be started anew here')
    const other = survivor === 'src' ? 'dst' : 'src'
    const player = this.player(survivor)
    if (!this.gone.has(other) || this.gone.has(survivor)) throw new Short(`${sideName[other]} has not ended alone`)
    await within(dyingMs * this.scale, this.recorder.endOf(other))
    // Whatever still comes of what was belongs to it.
    const silence = (stage.silence ?? patience) * this.scale
    const rests = () => player.pid === undefined || isAtRest(player.pid)
    if (!(await this.recorder.quiet(silence, 10 * silence, rests)))
      throw new Short(`${sideName[survivor]} did not come to rest`)
    this.recorder.observe('dst', { life: ++this.lives, source: survivor })
    const part = this.parts[survivor]
    this.gone.clear()
    this.parts = { src: part, dst: { side: 'dst' } }
    part.side = 'src'
    this.events.src = this.events[survivor]
    this.passed.src = this.events.src.length
    this.events.dst = []
    this.passed.dst = 0
    this.stage = { ...stage, players: { src: player } }
    const made = await stage.again(this.tap('dst'))
    this.stage = { ...stage, players: { src: player, dst: made } }
    this.follow('dst', made)
    await this.setCapabilities('dst', capabilities, made.client.version)
  }

  /** Does what the script says; answers why it could not be done to its end, if it could not. */
  private async perform(of: Case, versions: { readonly [side: string]: string }): Promise<string | undefined> {
    try {
      for (const side of of.sides) await this.setCapabilities(side, of.capabilities, versions[side] ?? '')
      for (const act of of.script) {
        if (act.do === 'again') await this.again(act.survivor, of.capabilities)
        else await this.act(act)
      }
      return undefined
    } catch (error) {
      if (error instanceof Short) {
        this.refused = error.refused
        return error.message
      }
      // The connection has ended, which the recorder has seen; the other side is still worth asking.
      if (error instanceof QmpError && !(error instanceof TimeoutError)) return error.message
      throw error
    }
  }

  private async sendAct(act: Extract<Act, { do: 'send' }>): Promise<void> {
    if (act.refused === 'or not' && this.gone.has(act.at)) return
    try {
      await this.send(act.at, act.command, act.arguments, act)
    } catch (error) {
      // What may be refused may be answered late, too, where that is our doing.
      if (act.refused !== 'or not' || !(error instanceof ClosedError || error instanceof HeldUp)) throw error
    }
  }

  private async setCapabilities(side: Side, capabilities: readonly Capability[], version: string): Promise<void> {
    const wanted = capabilities
      .filter(item => typeof item === 'string' || (isIn(release(version), item) && (item.at ?? side) === side))
      .map(item => ({ capability: typeof item === 'string' ? item : item.name, state: true }))
    await this.send(side, 'migrate-set-capabilities', { capabilities: wanted })
  }

  private async act(act: Act): Promise<void> {
    switch (act.do) {
      case 'again':
        throw new Short('a second life begins between acts, not within them')
      case 'send':
        return this.sendAct(act)
      case 'await':
        return this.awaitEvent(act)
      case 'ask':
        return this.ask(act)
      case 'kill': {
        const player = this.player(act.at)
        if (player.kill === undefined) throw new Short(`${sideName[act.at]} is not ours to kill`)
        // What was said before a fault is read before it, as far as it has come.
        await look()
        player.kill()
        await within(5000 * this.scale, player.client.closed)
        return
      }
      case 'burst':
        return this.burst(act)
      case 'in':
        if (isIn(this.release, act)) for (const one of act.script) await this.act(one)
        return
      case 'freeze':
      case 'thaw':
        await look()
        return this.freeze(act.at, act.do === 'freeze')
      case 'pause':
        await sleep(Math.max(act.most * this.chance.below(1001), (act.least ?? 0) * 1000))
        return
      default:
        return this.disturb(act)
    }
  }

  /** What is sent and not answered because the process ends is no reason to stop. */
  private async burst({ at, commands }: Extract<Act, { do: 'burst' }>): Promise<void> {
    const sent = commands.map(({ command, arguments: args }) => this.attempt(at, command, args))
    const failed = (await Promise.allSettled(sent)).find(result => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  private async attempt(at: Side, command: string, args: Arguments): Promise<void> {
    try {
      await this.send(at, command, args, { refused: 'or not' })
    } catch (error) {
      if (!(error instanceof ClosedError)) throw error
    }
  }

  private freeze(side: Side, still: boolean): void {
    const { freeze } = this.player(side)
    if (freeze === undefined) throw new Short(`${sideName[side]} is not ours to freeze`)
    freeze(still)
    if (still) this.still.add(side)
    else this.still.delete(side)
  }

  private async disturb(act: NetworkAct): Promise<void> {
    const { network } = this.stage ?? {}
    await look()
    const problem = network === undefined ? 'there is no network here to disturb' : await network.act(act)
    if (problem !== undefined) throw new Short(problem)
  }

  /** Ends what only delays. */
  private heal(): void {
    for (const side of this.still) if (!this.gone.has(side)) this.freeze(side, false)
    this.stage?.network?.heal()
  }

  private player(side: Side): Player {
    const player = this.stage?.players[side]
    if (player === undefined) throw new Short(`there is no ${side}`)
    return player
  }

  /** Sends a command; a monitor that does not answer it is frozen. */
  private async execute(side: Side, command: string, args?: JsonObject, oob = false): Promise<Reply> {
    const { client } = this.player(side)
    try {
      // Where nothing is out of band, it has to wait its turn.
      const options = { oob: oob && client.oob, timeoutMs: this.options.replyMs ?? 5000 }
      return await this.unlessStalled(this.unlessExcused(side, command, client.execute(command, args, options)))
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
      // What we hold up ourselves may be silent; it is asked again once it is not held up any more.
      if (this.still.size > 0 || this.stage?.network?.late())
        throw new HeldUp(`${sideName[side]} did not answer ${command} while it was held up`)
      throw new FrozenError(side)
    }
  }

  private async send(
    side: Side,
    command: string,
    args: { readonly [name: string]: Json } | object,
    { oob = false, refused = false }: { readonly oob?: boolean; readonly refused?: boolean | 'or not' } = {},
  ): Promise<void> {
    const stage = this.stage
    const filled = (stage === undefined ? args : fill(args as Json, stage, side)) as JsonObject
    const reply = await this.execute(side, command, Object.keys(filled).length > 0 ? filled : undefined, oob)
    if (refused === true && !('error' in reply)) throw new Short(`${sideName[side]} accepted ${command}`)
    if (!refused && 'error' in reply) {
      const short = new Short(`${sideName[side]} refused ${command}: ${reply.error.desc}`)
      short.refused = command
      throw short
    }
  }

  private async awaitEvent({ at, event, data, within: seconds }: Extract<Act, { do: 'await' }>): Promise<void> {
    const { client } = this.player(at)
    const fits = (msg: { readonly event?: Json; readonly data?: Json }) =>
      msg.event === event && matches(data, msg.data ?? {})
    const words = Object.values(data as JsonObject).join(' ')
    const what = `${event}${words && ` ${words}`}`
    const deadline = performance.now() + seconds * 1000 * this.scale
    for (;;) {
      const events = this.events[at]
      const found = events.findIndex((msg, i) => i >= this.passed[at] && fits(msg))
      if (found >= 0) {
        this.passed[at] = found + 1
        return
      }
      if (this.gone.has(at)) throw new Short(`${sideName[at]} ended, and no ${what} had come`)
      const left = Math.max(deadline - performance.now(), 1) / this.scale
      try {
        await this.unlessStalled(client.waitFor(fits, left, { what }))
      } catch (error) {
        if (error instanceof ClosedError) throw new Short(`${sideName[at]} ended, and no ${what} had come`)
        if (!(error instanceof TimeoutError)) throw error
        this.recorder.tap(at)('!!', { missed: what, seconds: seconds * this.scale })
        throw new Short(`no ${what} came from ${sideName[at]} within ${seconds * this.scale} s`)
      }
    }
  }

  private async ask({ at, query, until, within: seconds }: Extract<Act, { do: 'ask' }>): Promise<void> {
    const deadline = performance.now() + seconds * 1000 * this.scale
    for (;;) {
      const reply = await this.execute(at, query)
      const answer = 'return' in reply ? reply.return : undefined
      if (answer !== undefined && matches(until, answer)) return
      if (performance.now() > deadline) {
        const wanted = printJson(until as Json)
        this.recorder.tap(at)('!!', { missed: `${query} ${wanted}`, seconds: seconds * this.scale })
        throw new Short(`${query} of ${sideName[at]} never answered ${wanted} within ${seconds * this.scale} s`)
      }
      await sleep(askAgainMs)
    }
  }

  /**
   * Asks who lives how they are, listens until nothing more comes, asks again, and ends them.
   *
   * @param early the script waited in vain: what owes a step is found by its silence, before a question finds it mute
   */
  private async finale({ end }: Case, early: boolean): Promise<void> {
    const players = Object.entries(this.stage?.players ?? {}) as [Side, Player][]
    this.heal()
    const living = () => players.filter(([side]) => !this.gone.has(side))
    const politely = async (side: Side, command: string) => {
      try {
        await this.execute(side, command)
      } catch (error) {
        // It may end at any time, of what was done to it.
        if (!(error instanceof ClosedError)) throw error
      }
    }
    const silence = (this.stage?.silence ?? patience) * this.scale
    const listen = async (): Promise<boolean> => {
      const pids = living().flatMap(([, { pid }]) => pid ?? [])
      return living().length > 0 && this.recorder.quiet(silence, 10 * silence, () => pids.every(isAtRest))
    }
    if (early) await listen()
    // Of what we did not start, see that it is still the one that it was.
    for (const [side, { kill }] of living())
      for (const query of kill === undefined ? [...queries, ...sanity] : queries) await politely(side, query)
    // A step that nobody announces shows in the answers only, once it has had its time.
    if (await listen()) for (const [side] of living()) for (const query of queries) await politely(side, query)
    if (this.stage?.kept) return
    // At once, and the source last: a destination that sees its source die may be about to exit.
    const dying = living().filter(([, { kill }]) => end === 'kill' && kill !== undefined)
    // What we do to end them is no part of it, and must not explain what did not come before.
    if (dying.length > 0 && dying.length === living().length) this.recorder.stop()
    for (const [, { kill }] of dying.reverse()) kill?.()
    await Promise.all(dying.map(([, { client }]) => within(5000 * this.scale, client.closed)))
    for (const [side, { client, exited, kill }] of living()) {
      await politely(side, 'quit')
      const ending = exited === undefined ? client.closed.then(() => true) : exited.then(() => true)
      if ((await within(5000 * this.scale, ending)) === undefined) kill?.()
    }
  }

  /** Waits no longer once a process of ours can do nothing more. */
  private unlessStalled<T>(promise: Promise<T>): Promise<T> {
    const ours = Object.entries(this.stage?.players ?? {}).flatMap(([side, { pid }]) =>
      pid === undefined || this.gone.has(side as Side) ? [] : [{ side: side as Side, pid }],
    )
    return unlessStalled(promise, ours, ({ side }) => new FrozenError(side, { stalled: true }))
  }

  /**
   * Waits no longer for a reply once the main loop that is to give it sits in a lock, its monitor answers
   * out of band, and the rules say that it may be so.
   */
  private async unlessExcused(side: Side, command: string, reply: Promise<Reply>): Promise<Reply> {
    const { client, pid } = this.player(side)
    const { excused } = this.options
    if (excused === undefined || pid === undefined || !client.oob) return reply
    const start = performance.now()
    const unanswered = (): { unanswered: Json; seconds: number } => {
      const sent = this.recorder.lines.findLast(
        line => line.side === side && line.dir === '->' && line.msg.execute === command,
      )
      return { unanswered: sent?.msg.id ?? null, seconds: Math.round(performance.now() - start) / 1000 }
    }
    let settled = false
    const done = reply.finally(() => {
      settled = true
    })
    const found = async (): Promise<boolean> => {
      await Promise.race([sleep(mutedMs * this.scale), done.catch(() => {})])
      if (settled || this.still.size > 0 || this.stage?.network?.late()) return false
      if (!(await waitsForLock(pid, mutedMs * this.scale)) || settled) return false
      const oob = { oob: true, timeoutMs: mutedMs }
      const spoke = await client.execute('query-yank', undefined, oob).then(
        () => true,
        () => false,
      )
      return spoke && (await excused(this.recorder.supposing(side, unanswered())))
    }
    const watch = async (): Promise<never> => {
      if (!(await found()) || settled) return new Promise(() => {})
      // That it did not answer is to be seen in the transcript, too.
      this.recorder.observe(side, unanswered())
      throw new FrozenError(side, { excused: true })
    }
    return Promise.race([done, watch()])
  }

  /** Asks a frozen monitor once more, out of band. */
  private async probe({ side, stalled, excused }: FrozenError): Promise<Frozen> {
    // That it does not answer is to be seen in the transcript, too.
    if (stalled)
      await this.player(side)
        .client.execute('query-status', undefined, { timeoutMs: 300 })
        .catch(() => {})
    const { lines } = this.recorder
    const silent = lines.findLast(line => line.side === side && line.dir === '!!' && 'unanswered' in line.msg)?.msg
    const sent = lines.find(line => line.side === side && line.dir === '->' && line.msg.id === silent?.unanswered)
    const { client } = this.player(side)
    let outOfBand: boolean | undefined
    if (client.oob) {
      const asked = client.execute('query-yank', undefined, { oob: true, timeoutMs: 2000 })
      outOfBand = await asked.then(
        () => true,
        () => false,
      )
    }
    const command = String(sent?.msg.execute ?? sent?.msg['exec-oob'])
    const seconds = Number(silent?.seconds)
    return { side, command, at: sent?.t ?? 0, seconds, outOfBand, stalled, ...(excused && { excused }) }
  }
}

/**
 * Runs a case.
 *
 * @throws NotFitError when they are of a release that the case is not for
 * @throws LaunchError, ConnectError, GreetingError and others of failure.ts when the endpoints cannot be had
 */
export const run = (of: Case, target: Target, options: RunOptions = {}): Promise<Run> =>
  new Runner(options).run(of, target)
