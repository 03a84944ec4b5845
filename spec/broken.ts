/** How a claim names the versions that break it. */
import { versions } from './versions.ts'

type Broken = { readonly [version: string]: string }
type Version = (typeof versions)[number]

const at = (version: Version): number => versions.indexOf(version)
const those = (which: (index: number) => boolean, why: string): Broken =>
  Object.fromEntries(versions.filter((_, index) => which(index)).map(version => [version, why]))

/** Every version breaks it, in the same way. */
export const always = (why: string): Broken => those(() => true, why)
/** This version and every later one. */
export const from = (first: Version, why: string): Broken => those(index => index >= at(first), why)
/** This version and every earlier one. */
export const upTo = (last: Version, why: string): Broken => those(index => index <= at(last), why)
/** From one version to another. */
export const between = (first: Version, last: Version, why: string): Broken =>
  those(index => index >= at(first) && index <= at(last), why)
/** These versions, all in the same way. */
export const among = (which: readonly Version[], why: string): Broken =>
  those(index => which.includes(versions[index] as Version), why)
