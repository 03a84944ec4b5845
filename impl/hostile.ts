/** What a client might send that wishes an endpoint ill, or is merely broken; for tests and benches. */
import fc from 'fast-check'
import type { Json } from '../spec/lang.ts'
import type { Flat } from './flat.ts'
import { Frames, isObject, type Members } from './frames.ts'
import type { Monitor } from './monitor.ts'
import { Reference, type ReferenceOptions } from './reference.ts'

/** Names that are dangerous where an object is taken for a map. */
const traps = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '']

/** Inputs of every kind, as bytes; `words` are names that the endpoint knows. */
export function hostile(words: readonly string[]): fc.Arbitrary<Buffer> {
  const word = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...words) },
    { weight: 1, arbitrary: fc.constantFrom(...traps) },
    { weight: 1, arbitrary: fc.string({ maxLength: 20, unit: 'binary' }) },
  )
  const { value } = fc.letrec<{ value: Json; list: Json; object: Json }>(tie => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<Json>(null, true, false, 0, -1, 1.5, 1e308, 2 ** 53, ''),
      word,
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('value'), { maxLength: 4 }),
    object: fc.array(fc.tuple(word, tie('value')), { maxLength: 4 }).map(own),
  }))
  const request = fc
    .record({
      verb: fc.constantFrom('execute', 'exec-oob', 'execute ', 'arguments', '__proto__'),
      name: fc.oneof({ weight: 8, arbitrary: word }, { weight: 1, arbitrary: value }),
      given: fc.option(value, { nil: undefined }),
      id: fc.option(value, { nil: undefined }),
      more: fc.option(fc.tuple(word, value), { nil: undefined }),
    })
    .map(({ verb, name, given, id, more }) =>
      own([
        [verb, name],
        ...(given === undefined ? [] : [['arguments', given] as const]),
        ...(id === undefined ? [] : [['id', id] as const]),
        ...(more === undefined ? [] : [more]),
      ]),
    )
  const whole = fc.oneof({ weight: 6, arbitrary: request }, { weight: 1, arbitrary: value }).map(text)
  const broken = fc.oneof(
    fc.tuple(whole, fc.nat()).map(([all, at]) => all.slice(0, at % (all.length + 1))),
    fc.tuple(whole, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([all, at, byte]) => {
      const bytes = Buffer.from(all)
      if (bytes.length > 0) bytes[at % bytes.length] = byte
      return bytes.toString('latin1')
    }),
    fc
      .constantFrom('[', '{"a":', '{', ']', '}', '"', "'", '\\')
      .chain(part => fc.integer({ min: 1, max: 3000 }).map(n => part.repeat(n))),
    fc.integer({ min: 1, max: 20_000 }).map(n => `{"execute":"${'x'.repeat(n)}"}`),
    fc.string({ maxLength: 60, unit: 'binary' }),
  )
  return fc.oneof(
    { weight: 6, arbitrary: whole.map(all => Buffer.from(`${all}\n`)) },
    { weight: 2, arbitrary: broken.map(all => Buffer.from(`${all}\n`)) },
    { weight: 1, arbitrary: broken.map(all => Buffer.from(all)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes)) },
  )
}

// `__proto__` is to be a member like any other.
const own = (members: readonly (readonly [string, Json])[]): Json =>
  Object.defineProperties(
    {},
    Object.fromEntries(
      members.map(([name, value]) => [name, { value, enumerable: true, configurable: true }] as const),
    ),
  )

const text = (value: Json): string => JSON.stringify(value)

/** What the prototype of every object looks like, to see whether somebody has changed it. */
const clean = (): string =>
  JSON.stringify([Object.prototype, Array.prototype, Function.prototype].map(Object.getOwnPropertyNames))
const before = clean()

/** A reference that is fed by clients of all sorts, and looked at after each bite; throws what is wrong with it. */
export class Victim {
  private readonly flat: Flat
  private readonly options: ReferenceOptions
  private reference: Reference
  private session: { readonly frames: Frames; readonly monitor: Monitor } | undefined
  /** How many answers have come. */
  answers = 0

  constructor(flat: Flat, options: ReferenceOptions) {
    this.flat = flat
    this.options = options
    this.reference = new Reference(flat, options)
  }

  /** Feeds some bytes to a client's session; a new one each time that `fresh` says so. */
  feed(bytes: Buffer, fresh: boolean): void {
    if (this.reference.isGone(this.side)) {
      this.reference = new Reference(this.flat, this.options)
      this.session = undefined
    }
    if (fresh) {
      this.session?.monitor.close()
      this.session = undefined
    }
    this.session ??= this.open()
    const { frames, monitor } = this.session
    for (const frame of frames.push(bytes)) {
      if ('text' in frame) monitor.receiveText(frame.text)
      else monitor.reject(frame.error)
    }
    this.reference.settle(500)
    if (clean() !== before) throw new Error('a prototype has been changed')
    if (fresh) this.probe()
  }

  private get side(): string {
    return this.flat.sides[0] ?? ''
  }

  private open(): NonNullable<typeof this.session> {
    const monitor = this.reference.monitor(this.side, message => this.hear(message))
    monitor.greet()
    monitor.receiveText('{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}')
    return { frames: new Frames(), monitor }
  }

  private hear(message: Members): void {
    const kinds = ['return', 'error', 'event', 'QMP'].filter(kind => Object.hasOwn(message, kind))
    if (kinds.length !== 1) throw new Error(`an answer of no kind, or of several: ${JSON.stringify(message)}`)
    if (kinds[0] === 'return' || kinds[0] === 'error') this.answers++
    const { error } = message
    if (error !== undefined && !(isObject(error) && typeof error.class === 'string' && typeof error.desc === 'string'))
      throw new Error(`an error of no shape: ${JSON.stringify(message)}`)
    if (JSON.stringify(message).length > 1_000_000) throw new Error('an answer that is too long')
  }

  /** Whoever comes next is served. */
  private probe(): void {
    if (this.reference.isGone(this.side)) return
    let greeted = 0
    const monitor = this.reference.monitor(this.side, () => greeted++)
    monitor.greet()
    monitor.receiveText('{"execute": "qmp_capabilities"}')
    monitor.close()
    if (greeted !== 2) throw new Error('nobody else is served any more')
  }
}
