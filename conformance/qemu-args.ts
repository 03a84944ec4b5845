/**
 * What of QEMU's command line has a part in a migration.
 *
 * Syntax as in qemu-system-x86_64(1): options with one dash or two, values with
 * commas, where a doubled comma is a comma.
 */

/** A place for a monitor: where QEMU listens, or whom it calls. */
export interface MonitorPlace {
  /** `unix:PATH`, `tcp:HOST:PORT`, `stdio`, or `fd:N`: a socket that whoever started us has opened. */
  readonly address: string
  readonly listens: boolean
}

/** What was asked for. */
export interface QemuArgs {
  readonly monitors: readonly MonitorPlace[]
  /** `-incoming`'s value. */
  readonly incoming?: string
  readonly paused: boolean
  readonly name?: string
  readonly pidfile?: string
  /** `-uuid` */
  readonly uuid?: string
  /** `-daemonize`: return once the monitors can be reached, and go on in the background. */
  readonly daemonize?: true
  /** `-version` or `-help`: print something and end. */
  readonly asks?: 'version' | 'help'
  /** What has no part in it. */
  readonly ignored: readonly string[]
}

/** The command line cannot be read; QEMU exits with 1. */
export class QemuArgsError extends Error {
  override readonly name = 'QemuArgsError'
}

/** Options that stand alone, of those that are usual; any other takes the word behind it, if that is no option. */
const alone = new Set(['S', 'nodefaults', 'no-user-config', 'nographic', 'enable-kvm', 'no-reboot', 'snapshot'])

/** `a,b=c,d=e,,f` to the first word and the others by name; a word without a value is `on`. */
function properties(text: string): { first: string; named: Map<string, string> } {
  const [first = '', ...words] = text
    .replaceAll(',,', '\0')
    .split(',')
    .map(word => word.replaceAll('\0', ','))
  const named = new Map<string, string>()
  for (const word of first.includes('=') && !/^(unix|tcp):/.test(first) ? [first, ...words] : words) {
    const at = word.indexOf('=')
    if (at < 0) named.set(word.replace(/^no(?=wait$)/, ''), word === 'nowait' ? 'off' : 'on')
    else named.set(word.slice(0, at), word.slice(at + 1))
  }
  return { first, named }
}

function chardev(text: string): { id: string; place: MonitorPlace } | undefined {
  const { first, named } = properties(text)
  const [id, path, host = '127.0.0.1', port, fd] = ['id', 'path', 'host', 'port', 'fd'].map(name => named.get(name))
  if (id === undefined) throw new QemuArgsError(`-chardev ${text}: it has no id`)
  if (first === 'stdio') return { id, place: { address: 'stdio', listens: false } }
  if (first !== 'socket') return undefined
  const listens = (named.get('server') ?? 'off') === 'on'
  if (path !== undefined) return { id, place: { address: `unix:${path}`, listens } }
  if (port !== undefined)
    return { id, place: { address: `tcp:${host.includes(':') ? `[${host}]` : host}:${port}`, listens } }
  if (fd !== undefined && /^\d{1,6}$/.test(fd)) return { id, place: { address: `fd:${fd}`, listens } }
  throw new QemuArgsError(`-chardev ${text}: it has neither a path nor a port`)
}

function qmp(text: string, chardevs: ReadonlyMap<string, MonitorPlace>): MonitorPlace {
  const { first, named } = properties(text)
  if (first.startsWith('chardev:')) return placeOf(first.slice('chardev:'.length), chardevs)
  if (first === 'stdio') return { address: 'stdio', listens: false }
  if (!/^(unix:.|tcp:.*:\d+$)/s.test(first))
    throw new QemuArgsError(`-qmp ${text}: lockstep knows unix:, tcp: and stdio`)
  return { address: first, listens: (named.get('server') ?? 'off') === 'on' }
}

function placeOf(id: string, chardevs: ReadonlyMap<string, MonitorPlace>): MonitorPlace {
  const place = chardevs.get(id)
  if (place === undefined) throw new QemuArgsError(`there is no chardev "${id}" that a monitor could have`)
  return place
}

/** Reads a command line.  Throws `QemuArgsError`. */
export function readQemuArgs(words: readonly string[]): QemuArgs {
  const chardevs = new Map<string, MonitorPlace>()
  const wanted: ((all: ReadonlyMap<string, MonitorPlace>) => MonitorPlace)[] = []
  const ignored: string[] = []
  let [incoming, name, pidfile, uuid, asks]: (string | undefined)[] = []
  let paused = false
  let daemonize = false
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? ''
    const option = /^--?(?=.)/.test(word) ? word.replace(/^--?/, '') : undefined
    const value = (): string => {
      const next = words[++i]
      if (next === undefined) throw new QemuArgsError(`${word}: requires an argument`)
      return next
    }
    if (option === 'S') paused = true
    else if (option === 'version' || option === 'help' || option === 'h') asks = option === 'h' ? 'help' : option
    else if (option === 'incoming') incoming = value()
    else if (option === 'pidfile') pidfile = value()
    else if (option === 'uuid') uuid = value()
    else if (option === 'daemonize') daemonize = true
    else if (option === 'name') name = properties(value()).named.get('guest') ?? properties(words[i] ?? '').first
    else if (option === 'qmp' || option === 'qmp-pretty') {
      const text = value()
      wanted.push(all => qmp(text, all))
    } else if (option === 'chardev') {
      const text = value()
      const found = chardev(text)
      if (found === undefined) ignored.push(word, text)
      else chardevs.set(found.id, found.place)
    } else if (option === 'mon') {
      const text = value()
      const { first, named } = properties(text)
      const id = named.get('chardev') ?? first
      if (named.get('mode') === 'control') wanted.push(all => placeOf(id, all))
      else ignored.push(word, text)
    } else {
      ignored.push(word)
      if (option !== undefined && !alone.has(option) && i + 1 < words.length && !words[i + 1]?.startsWith('-'))
        ignored.push(value())
    }
  }
  return {
    monitors: wanted.map(of => of(chardevs)),
    paused,
    ignored,
    ...(incoming !== undefined && { incoming }),
    ...(name !== undefined && { name }),
    ...(pidfile !== undefined && { pidfile }),
    ...(uuid !== undefined && { uuid }),
    ...(daemonize && { daemonize }),
    ...(asks !== undefined && { asks: asks === 'version' ? 'version' : 'help' }),
  }
}
