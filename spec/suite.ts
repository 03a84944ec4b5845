/** The whole conformance suite. */
import { asQuick, cases } from './cases.ts'
import { trials } from './commands.ts'
import type { Case } from './script.ts'

/** Every case, in the order in which they are run: those that were written one by one, then those that were not. */
export const suite: readonly Case[] = [...cases, ...trials.map(asQuick)]
