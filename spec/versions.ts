/**
 * The QEMU releases that have a profile here, in order.
 *
 * A release between two of these is judged by the older one; one that is newer
 * than all, by the newest.  `spec/` holds rules for 11.1 so far; a release
 * that has no profile is named as such, never judged by another's rules in
 * silence.
 */
export const versions = ['11.1'] as const
