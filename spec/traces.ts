/**
 * What QEMU writes of itself: the trace events that tell what no monitor does.
 *
 * A trace event stands in the C function that makes the move, right behind the
 * compare-and-swap or the message it tells of; it names the value after, and
 * of `runstate_set()` the value before as well.  Where a rule is one step of
 * what are several in C, or moves something that no trace event stands behind,
 * it is listed under `instead` with what is written in its place; a rule that
 * leaves open whether it came as far as a message, under `may`.
 */

/** A trace event: what its line says, and which move it stands behind. */
export interface TraceEvent {
  readonly event: string
  /** `file:function` in QEMU's source tree of what writes it. */
  readonly cite: string
  /** What the line says behind the event's name; `to` is the value after or the message, `from` the value before. */
  readonly text: string
  /** The variables of which one has moved. */
  readonly moves?: readonly string[]
  /** The line names the value before as well. */
  readonly from?: true
  /** The messages of which one was sent. */
  readonly sends?: readonly string[]
  /** The messages of which one has come. */
  readonly receives?: readonly string[]
  /** Moves that QEMU makes before its monitor listens. */
  readonly opening?: readonly (readonly [from: string, to: string])[]
  /** Of rules: what is written, in order, where that is not what they move. */
  readonly instead?: { readonly [rule: string]: readonly string[] }
  /** Of rules: what may be written besides. */
  readonly may?: { readonly [rule: string]: readonly string[] }
  readonly since?: string
  readonly until?: string
}

/** `enum COLOMessage`, in its order. */
export const coloMessages = [
  'checkpoint-ready',
  'checkpoint-request',
  'checkpoint-reply',
  'vmstate-send',
  'vmstate-size',
  'vmstate-received',
  'vmstate-loaded',
] as const

/** The trace events that rules are held against. */
export const traceEvents: readonly TraceEvent[] = [
  {
    event: 'migrate_set_state',
    cite: 'migration/migration.c:migrate_set_state',
    text: '^new state (?<to>[a-z-]+)$',
    moves: ['migration', 'incoming'],
    instead: {
      // migrate_set_state() twice or more, one right behind the other.
      'fail for an address that cannot be read': ['setup', 'failed'],
      'fail at once to open what was named': ['setup', 'failed'],
      'fail to open what was named': ['setup', 'failing', 'failed'],
      'fail to connect': ['failing', 'failed'],
      'cancel for good while connecting': ['cancelling', 'cancelled'],
      'cancel for good on the way out while connecting': ['cancelling', 'cancelled'],
      // A status that is set to what it is.
      'cancel once more': ['cancelling'],
      'find the channel broken after a multifd channel': ['failing'],
      'leave the pause after a multifd channel has failed': ['failing'],
      'fail again after a multifd channel': ['failed'],
      'leave the pause of a migration that a multifd channel has ended': ['failed'],
      // The process ends before anybody can see where the move led.
      'abort on a migration begun before the last one is cleaned up': ['setup'],
      'abort on a migration of a guest that is not wholly here': ['setup'],
    },
  },
  {
    event: 'colo_failover_set_state',
    cite: 'migration/colo-failover.c:failover_set_state',
    text: '^new state (?<to>[a-z-]+)$',
    moves: ['failover'],
    instead: {
      // failover_init_state() stores without a trace.
      'forget any earlier failover': [],
      'forget any earlier failover on the secondary': [],
      'forget any earlier failover, whether there is a return path or not': [],
    },
  },
  {
    event: 'colo_send_message',
    cite: 'migration/colo.c:colo_send_message',
    text: "^Send '(?<to>[a-z-]+)' message$",
    sends: coloMessages,
    instead: {
      // Written whether it could be sent or not.
      'fail to ask for a checkpoint': ['checkpoint-request'],
      'fail to begin to send the state': ['vmstate-send'],
      'fail to send while started': ['checkpoint-ready'],
      'fail to send while stopped': ['checkpoint-reply'],
      'fail to send while buffered': ['vmstate-received'],
      'fail to send while loaded': ['vmstate-loaded'],
    },
    may: {
      // The size is announced before the devices are sent, and behind the memory.
      'fail to send the state': ['vmstate-size'],
      'fail to send the size of the state': ['vmstate-size'],
      'fail to send the size of the state without the lock': ['vmstate-size'],
      'fail to send the memory without the lock': ['vmstate-size'],
      'fail to send the memory and take the lock unawares': ['vmstate-size'],
    },
  },
  {
    event: 'colo_receive_message',
    cite: 'migration/colo.c:colo_receive_message',
    text: "^Receive '(?<to>[a-z-]+)' message$",
    receives: coloMessages,
    may: {
      // The rule waits for all that the size announces.
      'lose the primary while receiving': ['vmstate-size'],
      'lose the primary while receiving and let the lock go': ['vmstate-size'],
    },
  },
  {
    event: 'runstate_set',
    cite: 'system/runstate.c:runstate_set',
    text: '^current_run_state \\d+ \\((?<from>[a-z-]+)\\) new_state \\d+ \\((?<to>[a-z-]+)\\)$',
    moves: ['vm'],
    from: true,
    opening: [
      ['prelaunch', 'running'],
      ['prelaunch', 'inmigrate'],
      ['prelaunch', 'paused'],
    ],
  },
]
