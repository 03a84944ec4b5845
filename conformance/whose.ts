/**
 * Which release a transcript is of, and by whose rules it is judged.
 */
import { versions } from '../spec/versions.ts'
import { isObject } from './json.ts'
import { profileOf as newestFor, release } from './profile.ts'
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

/** The profile of a release: its own, or the newest that is not newer, which is said. */
export function profileFor(version: string): Profile {
  const wanted = release(version)
  const rules = newestFor(wanted)
  if (rules === undefined) {
    return {
      version,
      rules,
      problem: `there are no rules for QEMU ${wanted} yet; there are for ${versions.join(', ')}`,
    }
  }
  return {
    version,
    rules,
    problem: rules === wanted ? '' : `there are no rules for QEMU ${wanted}; judged by those of ${rules}`,
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
      problem: `${transcript.file}: no greeting and no header names the version; say --version`,
    }
  }
  return profileFor(found)
}
