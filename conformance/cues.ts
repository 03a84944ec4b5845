/** A script for a reference endpoint, as text: sentences of `spec/cues.ts`, or the lines that they stand for. */
import { existsSync, readFileSync } from 'node:fs'
import type { Cue, Line, Moment } from '../impl/director.ts'
import { problemOf } from '../impl/director.ts'
import { type Flat, isIn, slug } from '../impl/flat.ts'
import { isObject, type Members, readJson } from '../impl/frames.ts'
import { type Sentence, sentences } from '../spec/cues.ts'

/** A script cannot be read, or speaks of what is not there. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError'
}

const sides = '(src|dst)'
const nth = '(?: for the (first|second|third|\\d{1,4})(?:st|nd|rd|th)? time)?'
const words: { readonly [word: string]: number } = { first: 1, second: 2, third: 3, once: 1, twice: 2 }
const number = (word: string | undefined): number | undefined =>
  word === undefined ? undefined : (words[word] ?? Number(word))

/** A rule as it is written: `src/fail-to-connect`, or `src: fail to connect`. */
const rule = (text: string): string => {
  const [, side, name = text] = /^(src|dst)(?:\/|: ?)(.*)$/.exec(text) ?? []
  return side === undefined ? slug(name) : `${side}/${slug(name)}`
}

function cueOf(text: string): Cue | undefined {
  const [, take, once, times] = /^take (.+?)(?: (once|twice)| (\d{1,6}) times)?$/.exec(text) ?? []
  if (take !== undefined) {
    const often = number(once ?? times)
    return { take: rule(take), ...(often !== undefined && { times: often }) }
  }
  const [, verb, name = ''] = /^(avoid|allow) (.+)$/.exec(text) ?? []
  if (verb === 'avoid') return { avoid: rule(name) }
  if (verb === 'allow') return { allow: rule(name) }
  if (text === 'cut') return { fault: 'cut', at: '' }
  const [, victim] = new RegExp(`^kill ${sides}$`).exec(text) ?? []
  if (victim !== undefined) return { fault: 'kill', at: victim }
  const [, fault, at = ''] = new RegExp(`^fault (.+?)(?: at ${sides})?$`).exec(text) ?? []
  if (fault !== undefined) return { fault, at }
  const [, command, given, to] = new RegExp(`^send ([\\w-]+)(?: (\\{.*\\}))? to ${sides}$`, 's').exec(text) ?? []
  if (command === undefined || to === undefined) return undefined
  return { send: command, to, ...(given !== undefined && { arguments: membersOf(given) }) }
}

function membersOf(text: string): Members {
  let value: unknown
  try {
    value = readJson(text)
  } catch (error) {
    throw new ScriptError(`${text}: ${(error as Error).message}`)
  }
  if (!isObject(value)) throw new ScriptError(`${text} is no object`)
  return value
}

const cues = '(?:take|avoid|allow|fault|cut|kill|send)\\b'
const when = new RegExp(`^when ([\\w.>-]+) is (.+?)${nth}: *(${cues}.*)$`, 's')
const after = new RegExp(`^after (.+?)${nth}: *(${cues}.*)$`, 's')

function lineOf(text: string): Line | undefined {
  const [, variable, value, which, then] = when.exec(text) ?? []
  const [, name, time, next] = after.exec(text) ?? []
  const does = cueOf(then ?? next ?? text)
  if (does === undefined) return undefined
  const count = number(which ?? time)
  const only = count === undefined ? {} : { time: count }
  let moment: Moment | undefined
  if (variable !== undefined && value !== undefined) moment = { variable, value, ...only }
  else if (name !== undefined) moment = { rule: rule(name), ...only }
  return moment === undefined ? { does } : { when: moment, does }
}

/** What a sentence stands for, if the text is that one. */
function meant({ sentence, lines }: Sentence, text: string): string[] | undefined {
  const [before = '', behind] = sentence.split('{status}')
  if (behind === undefined) return text.toLowerCase() === sentence ? [...lines] : undefined
  if (!text.toLowerCase().startsWith(before) || !text.endsWith(behind)) return undefined
  const status = text.slice(before.length, text.length - behind.length)
  return /^[\w-]+$/.test(status) ? lines.map(line => line.replace('{status}', status)) : undefined
}

/**
 * Reads a script for a system.  Lines end with a line end or a semicolon; `#` begins a remark.
 *
 * @param name what it is called in messages
 * @throws ScriptError
 */
export function readScript(flat: Flat, text: string, name = 'script'): Line[] {
  return text.split('\n').flatMap((row, i) =>
    row
      .replace(/(^|\s)#.*$/, '')
      .split(';')
      .map(part => part.trim().replace(/^- /, '').replace(/\.$/, '').trim())
      .filter(part => part !== '')
      .flatMap(part => {
        const where = `${name}:${i + 1}`
        const found = sentences.find(one => meant(one, part) !== undefined)
        if (found !== undefined && !isIn(flat.version, found))
          throw new ScriptError(`${where}: ${flat.version} cannot ${found.sentence}`)
        const all = found === undefined ? [part] : (meant(found, part) ?? [])
        const lines = all.flatMap(one => {
          let line: Line | undefined
          try {
            line = lineOf(one)
          } catch (error) {
            throw new ScriptError(`${where}: ${(error as Error).message}`)
          }
          if (line === undefined)
            throw new ScriptError(
              `${where}: "${part.slice(0, 200)}" is no cue and no sentence; there are:\n${vocabulary()}`,
            )
          const problem = problemOf(flat, line)
          // Of a sentence, each release takes those rules that it has.
          if (problem !== undefined && found !== undefined && problem.startsWith('there is no rule')) return []
          if (problem !== undefined) throw new ScriptError(`${where}: ${problem}`)
          return [line]
        })
        if (lines.length === 0) throw new ScriptError(`${where}: ${flat.version} has no rule that could "${part}"`)
        return lines
      }),
  )
}

/** All that a script may say, as text. */
export function vocabulary(): string {
  const small = [
    'take RULE [once|N times], avoid RULE, allow RULE',
    'fault NAME [at SIDE], cut, kill SIDE, send COMMAND [{...}] to SIDE',
    'when VARIABLE is VALUE [for the Nth time]: any of these',
    'after RULE [for the Nth time]: any of these',
  ]
  return [...sentences.map(({ sentence }) => sentence), ...small].map(text => `  ${text}`).join('\n')
}

/**
 * The text that `--script` means, and its name: what a file of that name holds, or the text itself.
 *
 * @throws what reading the file throws
 */
export function scriptText(given: string): { readonly text: string; readonly name: string } {
  return given.length < 4096 && !given.includes('\n') && existsSync(given)
    ? { text: readFileSync(given, 'utf8'), name: given }
    : { text: given, name: 'script' }
}

/** Whether a line has anything to do with a side, where the other is somewhere else. */
export function concerns({ when, does }: Line, side: string, whole: boolean): boolean {
  const own = (name: string) => !/^(src|dst)[/.]/.test(name) || name.startsWith(side)
  if (when !== undefined && !own('variable' in when ? when.variable : when.rule)) return false
  if ('fault' in does) return does.at === side || (does.at === '' && (whole || when !== undefined))
  if ('send' in does) return does.to === side
  return own('take' in does ? does.take : 'avoid' in does ? does.avoid : does.allow)
}
