/**
 * Of many transcripts, those that show something that the others before them do not:
 * most runs of a large suite are much alike, and to look into each takes long.
 */
import { isObject, type JsonObject } from './json.ts'
import type { Transcript } from './transcript.ts'

/** What a message is, whatever its figures. */
function nameOf(dir: string, msg: JsonObject): string {
  const { event, data, execute, fault, exit } = msg
  const command = execute ?? msg['exec-oob']
  if (typeof event === 'string') {
    const { status, reason, action } = isObject(data) ? data : {}
    return `${event} ${[status, reason, action].filter(one => one !== undefined).join(' ')}`
  }
  if (typeof command === 'string') return `> ${command}`
  if (isObject(msg.error)) return `error ${String(msg.error.desc).replaceAll(/[^a-z ]/gi, '')}`
  const answer = msg.return
  if (isObject(answer)) return `return ${String(answer.status ?? answer.mode ?? '')} ${String(answer.reason ?? '')}`
  if (typeof fault === 'string') return `! ${fault}`
  return isObject(exit) ? `exit ${String(exit.code)} ${String(exit.signal)}` : dir
}

/** Each message together with what its side had said or been told just before, and its status then. */
export function traits({ lines, header }: Transcript): Set<string> {
  const found = new Set<string>()
  const last: { [side: string]: string } = {}
  const status: { [side: string]: string } = {}
  const release = JSON.stringify(header.qemu ?? '')
  for (const { side, dir, msg } of lines) {
    const name = nameOf(dir, msg)
    found.add([release, side, status[side], name.startsWith('>') ? '' : last[side], name].join('|'))
    last[side] = name
    if (name.startsWith('MIGRATION ')) status[side] = name
  }
  return found
}

/** Whether a transcript has any trait that is not among these, to which its own are added. */
export function isNovel(transcript: Transcript, among: Set<string>): boolean {
  const before = among.size
  for (const trait of traits(transcript)) among.add(trait)
  return among.size > before
}
