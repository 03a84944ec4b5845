/** Transcripts in print: NDJSON for programs, QEMU's `->` and `<-` for people. */
import { isObject, type JsonObject, printJson } from './json.ts'
import type { Header, Line, Transcript } from './transcript.ts'

/** One line of NDJSON, with its line end. */
export function printLine({ t, side, dir, msg }: Omit<Line, 'line'>): string {
  return `${printJson({ t, side, dir, msg })}\n`
}

/** The header line, with its line end. */
export function printHeader(header: Header): string {
  return `${printJson(header as unknown as JsonObject)}\n`
}

/** The whole transcript as NDJSON; `readTranscript` reads it back. */
export function printTranscript({ header, lines }: Pick<Transcript, 'header' | 'lines'>): string {
  return printHeader(header) + lines.map(printLine).join('')
}

/** What a `!!` message says, as the end of a sentence about its side: `was killed by the harness`. */
export function printObservation(msg: JsonObject): string {
  if (isObject(msg.exit)) {
    const { code, signal, by } = msg.exit
    const how = signal === null ? `exited with code ${code}` : `died of ${signal}`
    return by === 'harness' ? `${how}, which the harness sent` : how
  }
  if (msg.fault !== undefined) return `is about to suffer: ${msg.fault}`
  if (msg.quiet !== undefined) return `said nothing more for ${msg.quiet} s`
  if (msg.unanswered !== undefined) return `did not answer ${printJson(msg.unanswered)} within ${msg.seconds} s`
  if (msg.closed !== undefined) return 'closed its monitor and lives on'
  if (typeof msg.broken === 'string') return `does not speak QMP: ${msg.broken}`
  if (msg.life !== undefined)
    return `is a new process from here on; the source is who was ${msg.source === 'dst' ? 'the destination' : 'the source'}`
  if (typeof msg.trace === 'string') return `traced ${msg.trace} ${msg.text}`
  return printJson(msg)
}

/** QEMU's manual wraps its examples near here. */
const width = 70

/** An object on as many lines as it takes, broken between its own members only. */
function wrap(mark: string, msg: JsonObject): string {
  const lines: string[] = []
  let line = `${mark} {`
  const members = Object.entries(msg).map(([name, value]) => `${printJson(name)}: ${printJson(value)}`)
  members.forEach((member, i) => {
    const text = member + (i < members.length - 1 ? ',' : '}')
    const fresh = line.endsWith('{')
    if (!fresh && line.length + 1 + text.length > width) {
      lines.push(line)
      line = `    ${text}`
    } else line += fresh ? text : ` ${text}`
  })
  return [...lines, members.length > 0 ? line : `${line}}`].join('\n')
}

/**
 * The form of QEMU's manual, for people: `-> {...}` is sent, `<- {...}` comes back.
 *
 * Who speaks is a comment, printed when it changes, and so is what the harness
 * saw.  A lone source has no comments but those, and then pastes into a
 * `qmp-example` as it is.
 */
export function printText({ lines }: Pick<Transcript, 'lines'>): string {
  const pair = lines.some(line => line.side === 'dst')
  let speaker = pair ? '' : 'src'
  let text = ''
  for (const { side, dir, msg } of lines) {
    if (dir === '!!') {
      text += `# ${side} ${printObservation(msg)}\n`
      speaker = ''
      continue
    }
    if (side !== speaker && pair) text += `# ${side}\n`
    speaker = side
    text += `${wrap(dir, msg)}\n`
  }
  return text
}
