/** Which version's rules a QEMU is held against. */
import { compareVersions } from '../impl/flat.ts'
import { versions } from '../spec/versions.ts'

/** `11.1.3` without what comes after the second number. */
export const release = (version: string): string => version.split('.').slice(0, 2).join('.')

/**
 * The profile for a QEMU version such as `11.1.3`: the newest that is not newer.
 * Nothing for one that is older than all: it is judged by nobody's rules.
 */
export const profileOf = (version: string): string | undefined =>
  versions.findLast(profile => compareVersions(profile, version) <= 0)
