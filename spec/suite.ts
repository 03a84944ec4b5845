/** The whole conformance suite. */
import { cases } from './cases.ts'
import type { Case } from './script.ts'

/** Every case, in the order in which they are run. */
export const suite: readonly Case[] = [...cases]
