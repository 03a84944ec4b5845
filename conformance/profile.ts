/**
 * Which release a transcript is of, and by whose rules it is judged.
 */
import { compareVersions } from '../impl/flatten.ts'
import { versions } from '../spec/versions.ts'
import { isObject } from './json.ts'
import type { Transcript } from './transcript.ts'

/** A release and the profile that judges it; `rules` is undefined where there is none, and `problem` says why. */
export interface Profile {
  readonly version: string
  readonly rules: string | undefined
  readonly problem: string
}

/** A release that nobody knows: a usage error, exit code 2. */
export class VersionError extends Error {
  override readonly name = 'VersionError'
}

/** `11.1.3` as `11.1`. */
export const release = (version: string): string => version.split('.').slice(0, 2).join('.')

/** The profile of a release: its own, or for a newer one than all, the newest, which is said. */
export function profileFor(version: string): Profile {
  const wanted = release(version)
  const newest = versions[versions.length - 1] ?? ''
  const known = versions.find(v => v === wanted)
  if (known !== undefined) return { version, rules: known, problem: '' }
  if (compareVersions(wanted, newest) > 0) {
    return { version, rules: newest, problem: `QEMU ${version} is newer than the rules; judged by those of ${newest}` }
  }
  return {
    version,
    rules: undefined,
    problem: `there are no rules for QEMU ${wanted} yet; there are for ${versions.join(', ')}`,
  }
}

/** The version that a side's greeting names, else the header. */
function greeted(transcript: Transcript): string | undefined {
  for (const { dir, msg } of transcript.lines) {
    const { QMP } = msg
    if (dir !== '<-' || !isObject(QMP) || !isObject(QMP.version)) continue
    const { qemu } = QMP.version
    if (isObject(qemu)) return [qemu.major, qemu.minor, qemu.micro].map(String).join('.')
  }
  const { qemu } = transcript.header
  return typeof qemu === 'string' ? qemu : (qemu?.src ?? qemu?.dst)
}

/**
 * The profile for a transcript.  `asked` is `auto` or a release.
 * Throws `VersionError` for a release that is asked for and that nobody knows.
 */
export function profileOf(transcript: Transcript, asked: string): Profile {
  if (asked !== 'auto') {
    if (!/^\d+\.\d+(\.\d+)?$/.test(asked))
      throw new VersionError(`"${asked}" is no version; there are rules for ${versions.join(', ')}`)
    const profile = profileFor(asked)
    if (profile.rules === undefined) throw new VersionError(profile.problem)
    return profile
  }
  const found = greeted(transcript)
  if (found === undefined || !/^\d+\.\d+/.test(found)) {
    return {
      version: 'unknown',
      rules: undefined,
      problem: `${transcript.file}: no greeting and no header names the version; say --version`,
    }
  }
  return profileFor(found)
}
