/**
 * Rules that no client of QMP and no fault of ours sets off, and why: that real
 * QEMU was not seen to take them says nothing of the suite.
 */

/** Rules that are out of reach, by their names; `*` stands for anything. */
export interface Beyond {
  readonly rules: readonly string[]
  readonly reason: string
}

/** All that is out of reach. */
export const beyond: readonly Beyond[] = [
  {
    rules: [
      'wait for a device to be unplugged',
      'see the device unplugged',
      'wait for devices to be unplugged before a snapshot',
      'announce that a snapshot waits for devices',
      'become active once they are unplugged',
      'find a cancel once they are unplugged',
      'see the wait for the device cancelled',
      'refuse capabilities in wait-unplug',
      'refuse to continue from another state than wait-unplug',
      'take it that wait-unplug continues',
    ],
    reason: 'It takes a network card with a failover partner, and a guest with the driver that lets it go.',
  },
  {
    rules: ['do what the accelerator cannot', '*internal-error*'],
    reason: 'TCG can do whatever a guest does; KVM cannot.',
  },
  {
    rules: [
      'have no xen-colo-do-checkpoint',
      'have no xen-set-replication',
      'have no query-xen-replication-status',
      'have no x-colo-lost-heartbeat',
      'have no query-colo-status',
    ],
    reason: 'It takes a QEMU that was built without replication.',
  },
  {
    rules: ['fail to checkpoint the disks'],
    reason:
      'The replication driver has nothing to do on a primary, block/replication.c:replication_do_checkpoint; another driver might.',
  },
  {
    rules: [
      'attach to the *',
      'stop at a breakpoint or after a step',
      'go on from a breakpoint',
      'suspend the guest after a step of the debugger',
    ],
    reason: 'It takes a debugger that is attached to the guest.',
  },
]
