/** What the lines of a pair transcript must look like; open, for members may be added at any time. */
import * as v from 'valibot'
import { excerpt, isObject, type Json, type JsonObject } from './json.ts'

/** A shape that `problemOf` holds a value against. */
export type Shape = v.GenericSchema<unknown>

const strings = v.array(v.string())
const anyObject = v.custom<JsonObject>(isObject, ({ input }) => `Expected an object but received ${excerpt(input)}`)
// A loose object alone would let a list pass.
const object = (entries: v.ObjectEntries) => v.pipe(anyObject, v.looseObject(entries) as v.GenericSchema<JsonObject>)
/** The first line of a transcript. */
export const headerShape = object({
  lockstep: v.literal(1),
  qemu: v.optional(
    v.union(
      [v.string(), object({ src: v.optional(v.string()), dst: v.optional(v.string()) })],
      'expected a version or two',
    ),
  ),
  case: v.optional(v.string()),
  scenario: v.optional(v.string()),
  seed: v.optional(v.number()),
  faults: v.optional(v.literal('listed')),
  traced: v.optional(strings),
  args: v.optional(
    v.union(
      [strings, object({ src: v.optional(strings), dst: v.optional(strings) })],
      'expected arguments, or two lists',
    ),
  ),
})
/** Each line after it. */
export const lineShape = object({
  t: v.number(),
  side: v.picklist(['src', 'dst']),
  dir: v.picklist(['->', '<-', '!!']),
  msg: anyObject,
})
const by = v.picklist(['harness', 'self'])
/** The message of a `!!` line, as far as we know it. */
export const observationShape = object({
  exit: v.optional(object({ code: v.nullable(v.number()), signal: v.nullable(v.string()), by })),
  fault: v.optional(v.string()),
  quiet: v.optional(v.number()),
  seconds: v.optional(v.number()),
  closed: v.optional(v.literal(true)),
  broken: v.optional(v.string()),
  trace: v.optional(v.string()),
  text: v.optional(v.string()),
  thread: v.optional(v.string()),
  gap: v.optional(v.literal(true)),
  life: v.optional(v.pipe(v.number(), v.integer(), v.minValue(2))),
  source: v.optional(v.picklist(['src', 'dst'])),
})

/** The first thing wrong with a value, such as `msg: expected an object but received []`; nothing when all is well. */
export function problemOf(shape: Shape, value: Json): string | undefined {
  const result = v.safeParse(shape, value, { abortEarly: true })
  if (result.success) return undefined
  const [issue] = result.issues
  const where = v.getDotPath(issue) ?? 'the line'
  if (issue.received === 'undefined') return `${where} is missing`
  return `${where}: ${issue.message.replace(/^(Invalid \w+: )?E/, 'e')}`
}
