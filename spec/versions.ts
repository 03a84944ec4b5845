/**
 * The QEMU releases that have a profile here, in order.
 *
 * A release between two of these is judged by the older one; one that is newer
 * than all, by the newest.  A release older than all of them
 * has no profile: it is named as such, never judged by another's rules in
 * silence.
 */
export const versions = ['7.2', '10.0', '10.2', '11.1'] as const
