/**
 * What only a QEMU with certain things on its command line can do: where a command
 * line is known and has none of them, and no command has added any, it does not come.
 */

/** Rules that take something. */
export interface Takes {
  /** The rules, by their names; `*` stands for anything. */
  readonly rules: readonly string[]
  /** Patterns of words of a command line, each of which would do. */
  readonly words: readonly string[]
  /** Commands that can bring it later; `*` stands for anything. */
  readonly commands: readonly string[]
}

/** Whatever these do to a machine, the monitor for people can do. */
const anything = ['human-monitor-command'] as const

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
