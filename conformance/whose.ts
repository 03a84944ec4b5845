/**
 * Which release a transcript is of, and by whose rules it is judged.
 */
import { versions } from '../spec/versions.ts'
import { isObject, type JsonObject } from './json.ts'
import { profileOf as newestFor, release } from './profile.ts'
import type { Transcript } from './transcript.ts'

/** A release and the profile that judges it; `rules` is undefined where there is none, and `problem` says why. */
export interface Profile {
  readonly version: string
  readonly rules: string | undefined
  readonly problem: string
  /** Whether it is newer than any that there are rules for. */
  readonly newer: boolean
}

/** A release that nobody knows: a usage error, exit code 2. */
export class VersionError extends Error {
  override readonly name = 'VersionError'
}

/** The profile of a release: its own, or the newest that is not newer, which is said. */
export function profileFor(version: string): Profile {
  const wanted = release(version)
  const rules = newestFor(wanted)
  if (rules === undefined) {
    return {
      version,
      rules,
      newer: false,
      problem: `there are no rules for QEMU ${wanted} yet; there are for ${versions.join(', ')}`,
    }
  }
  const newer = rules !== wanted && rules === versions.at(-1)
  return {
    version,
    rules,
    newer,
    problem:
      rules === wanted
        ? ''
        : `there are no rules for QEMU ${wanted}${newer ? ', which is newer than all that are known' : ''}; judged by those of ${rules}`,
  }
}

/** The release that a message names: a greeting, or the answer to `query-version`. */
export function versionIn(msg: JsonObject): string | undefined {
  const version = isObject(msg.QMP) ? msg.QMP.version : msg.return
  if (!isObject(version) || !isObject(version.qemu)) return undefined
  const { major, minor, micro } = version.qemu
  return [major, minor, micro].every(Number.isSafeInteger) ? [major, minor, micro].join('.') : undefined
}

/** The version that a side's greeting, or its answer to `query-version`, names; else the header. */
function greeted(transcript: Transcript): string | undefined {
  for (const { dir, msg } of transcript.lines) {
    const found = dir === '<-' ? versionIn(msg) : undefined
    if (found !== undefined) return found
  }
  const { qemu } = transcript.header
  return typeof qemu === 'string' ? qemu : (qemu?.src ?? qemu?.dst)
}

/**
 * The profile for a transcript.  `asked` is `auto` or a release.
 * Throws `VersionError` for a release that is asked for and that nobody knows.
 */
export function profileOfTranscript(transcript: Transcript, asked: string): Profile {
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
      newer: false,
      problem: `${transcript.file}: no greeting and no header names the version; say --version`,
    }
  }
  return profileFor(found)
}
