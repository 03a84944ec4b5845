/**
 * What only a QEMU with certain things on its command line can do: where a command
 * line is known and has none of them, and no command has added any, it does not come.
 * And what a QEMU cannot have done yet, as what it was told to do slowly.
 */
import type { Match } from './lang.ts'

/** Rules that take something. */
export interface Takes {
  /** The rules, by their names; `*` stands for anything. */
  readonly rules: readonly string[]
  /** Patterns of words of a command line, each of which would do. */
  readonly words: readonly string[]
  /** Commands that can bring it later; `*` stands for anything. */
  readonly commands: readonly string[]
}

/** Rules that cannot be taken without an event that no rule speaks of. */
export interface Shows {
  /** The rules, as above. */
  readonly rules: readonly string[]
  readonly event: string
  readonly data: Match
}

/** Rules by what shows them. */
export const shows: readonly Shows[] = [
  {
    // A job that fails comes to its end by way of aborting (`job_completed_txn_abort_locked()`), and by no other.
    rules: [
      'find that it cannot save a snapshot',
      'find a migration in the way of the snapshot',
      'fail to write the snapshot',
      'fail to load a snapshot *',
      'fail to load the snapshot *',
    ],
    event: 'JOB_STATUS_CHANGE',
    data: { status: 'aborting' },
  },
]

/** Whatever these do to a machine, the monitor for people can do. */
const anything = ['human-monitor-command'] as const

/** Rules that a parameter keeps a source from for a while, whatever else is done to it. */
export interface Held {
  /** The rules, as above. */
  readonly rules: readonly string[]
  /** A parameter, and the most that it may be. */
  readonly parameter: string
  readonly most: number
  /** How long it keeps them away, in seconds: less than what there is to send takes. */
  readonly seconds: number
  /** Patterns of words of the command line of the source, one of which it must have. */
  readonly words: readonly string[]
}

/** What is sent only once there has been time for it. */
export const held: readonly Held[] = [
  {
    // A page each tenth of a second (`migration_rate_limit()`), and the firmware of a busy guest has 512 that nobody asks for.
    rules: ['send the last page', 'have sent everything before the devices are loaded'],
    parameter: 'max-postcopy-bandwidth',
    most: 4096,
    seconds: 40,
    words: ['*guest.bin'],
  },
]

/** Rules by what they take. */
export const takes: readonly Takes[] = [
  {
    rules: ['attach to the *', 'stop at a breakpoint or after a step', 'go on from a breakpoint'],
    words: ['-s', '-gdb', '-readconfig'],
    commands: [...anything],
  },
  {
    rules: ['do what the accelerator cannot'],
    words: ['-enable-kvm', 'kvm*', '*accel=*', 'hvf*', 'whpx*', 'nvmm*', 'xen*', 'mshv*'],
    commands: [],
  },
  {
    rules: ['fail to read or write and *'],
    words: ['-drive', '-blockdev', '-hd*', '-fd*', '-cdrom', '-sd', '-mtdblock', '-pflash', '-readconfig'],
    commands: [...anything, 'blockdev-*', 'device_add', 'nbd-*'],
  },
  {
    rules: ['fire the watchdog *'],
    words: ['-watchdog*', '*ib700*', '*i6300esb*', '*diag288*', '-readconfig', '*wdt*'],
    commands: [...anything, 'device_add'],
  },
]
