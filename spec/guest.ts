/**
 * What the guest and its devices do to the run state, and what an operator
 * does to them: suspend and wake-up, reset, shutdown, panic, watchdog, I/O
 * errors, a debugger.
 *
 * A vCPU or a device does not move the run state.  It sets a request, kicks the
 * main loop and goes on or stops; `main_loop_should_exit()` takes the requests
 * up once in each round, in a fixed order, which is told here where it shows.
 * A monitor command that only sets a request is answered a round later, so its
 * event usually comes before its answer.
 *
 * `WATCHDOG`, and since 10.0 a `BLOCK_IO_ERROR` that does not stop the guest,
 * are limited to one a second: a second one within it comes late, or not at all.
 * The guest here has one vCPU, and does no more once QEMU is on its way out.
 */
import { absent, command, each, event, exits, fails, machine, returns } from './lang.ts'
import { dispatched, halted, handled, shared } from './run-state.ts'

/** No vCPU runs, and nothing is saved, loaded or checkpointed just now. */
const still = [...halted, 'inmigrate', 'finish-migrate'] as const

/** A vCPU carries out an instruction; one that waits for the main loop does not. */
const executes = {
  bql: 'free',
  quitting: 'no',
  vm: 'running',
  asks: 'nothing',
  vmstop: ['none', 'io-error', 'watchdog'],
} as const

/** A device calls back in the main loop. */
const calls = { ...handled, vm: 'running' } as const

/** `set-action` and `-action`: what each can be, the first being what it is by itself. */
const actions = {
  reboot: ['reset', 'shutdown'],
  shutdown: ['poweroff', 'pause'],
  panic: ['shutdown', 'pause', 'none', 'exit-failure'],
} as const
/**
 * Every way to mention, or not to mention, these in one `set-action`.  What it
 * says of `watchdog` is told by the event of that name, so no variable keeps it.
 */
const settings = [undefined, ...actions.reboot].flatMap(reboot =>
  [undefined, ...actions.shutdown].flatMap(shutdown =>
    [undefined, ...actions.panic].map(panic => ({
      name: `set the actions: ${[reboot, shutdown, panic].map(action => action ?? 'as it was').join(', ')}`,
      given: { reboot: reboot ?? absent, shutdown: shutdown ?? absent, panic: panic ?? absent },
      moves: {
        ...(reboot === undefined ? {} : ({ reboot: `-> ${reboot}` } as const)),
        ...(shutdown === undefined ? {} : ({ shutdown: `-> ${shutdown}` } as const)),
        ...(panic === undefined ? {} : ({ panic: `-> ${panic}` } as const)),
      },
    })),
  ),
)

/** What the guest may ask for that ends in a `SHUTDOWN` event, and the reason that it gives. */
const ends = [
  { asked: 'shutdown', reason: 'guest-shutdown' },
  { asked: 'end by reset', reason: 'guest-reset' },
] as const

/** The guest, its devices, and what is done to them. */
export const guest = machine(
  'guest',
  {
    ...shared,
    /** The outgoing connection; it goes with the process. */
    link: ['down', 'up', 'cut'],
    /** `vmstop_requested`. */
    vmstop: ['none', 'io-error', 'watchdog', 'guest-panicked', 'internal-error'],
    /** The status that the process ends with. */
    exitCode: ['success', 'failure'],
    /** What the vCPU has asked the main loop for: `suspend_requested`, `shutdown_requested` or `reset_requested`. */
    asks: ['nothing', 'suspend', 'shutdown', 'reset', 'end by reset', 'panic'],
    /** `reset_requested`, or with `reboot=shutdown` `shutdown_requested`, by `system_reset`. */
    reset: ['no', 'asked', 'end'],
    /** `powerdown_requested`. */
    powerdown: ['no', 'asked'],
    /** `wakeup_reason`: the run state is `running` again, and the machine is not yet told. */
    waking: ['no', 'yes'],
    ...actions,
  },
  {
    monitor: [
      {
        name: 'ask for a reset',
        cite: 'hw/core/machine-qmp-cmds.c:qmp_system_reset, system/runstate.c:qemu_system_reset_request',
        on: command('system_reset'),
        where: { ...handled, reboot: 'reset', reset: '!end' },
        // There is one request: the later one is the one that is told.
        does: { reset: '-> asked', asks: 'reset ~> nothing' },
        says: [returns()],
      },
      {
        name: 'ask for a reset that ends the guest',
        cite: 'hw/core/machine-qmp-cmds.c:qmp_system_reset, system/runstate.c:qemu_system_reset_request',
        on: command('system_reset'),
        where: { ...handled, reboot: 'shutdown', asks: ['nothing', 'suspend', 'reset'] },
        does: { reset: '-> end' },
        says: [returns()],
      },
      {
        name: 'ask for a reset over an end that the guest has asked for',
        cite: 'hw/core/machine-qmp-cmds.c:qmp_system_reset, system/runstate.c:qemu_system_reset_request',
        on: command('system_reset'),
        where: { ...handled, reboot: 'shutdown', asks: ['shutdown', 'end by reset', 'panic'] },
        does: { reset: '-> end', asks: '-> nothing' },
        says: [returns()],
      },
      {
        name: 'ask for one more reset before an end',
        cite: 'hw/core/machine-qmp-cmds.c:qmp_system_reset, system/runstate.c:qemu_system_reset_request',
        on: command('system_reset'),
        where: { ...handled, reboot: 'reset', reset: 'end' },
        does: {},
        says: [returns()],
      },
      {
        name: 'ask for a powerdown',
        cite: 'hw/core/machine-qmp-cmds.c:qmp_system_powerdown',
        on: command('system_powerdown'),
        where: handled,
        does: { powerdown: '-> asked' },
        says: [returns()],
      },
      {
        name: 'wake the suspended guest',
        cite: 'system/runstate.c:qemu_system_wakeup_request',
        on: command('system_wakeup'),
        where: handled,
        does: { vm: 'suspended -> running', waking: '-> yes' },
        says: [returns()],
      },
      {
        // A machine without ACPI says "wake-up from suspend is not supported by this guest".
        name: 'refuse to wake a guest that is not suspended',
        cite: 'system/runstate.c:qemu_system_wakeup_request, hw/core/machine-qmp-cmds.c:qmp_system_wakeup',
        on: command('system_wakeup'),
        where: { ...handled, vm: '!suspended' },
        does: {},
        says: [fails('Unable to wake up: guest is not in suspended state')],
      },
      {
        name: 'continue a guest that is about to be stopped',
        cite: 'system/cpus.c:vm_prepare_start, system/runstate.c:qemu_vmstop_requested',
        on: command('cont'),
        where: { ...handled, dump: 'none', vm: 'running', vmstop: '!none' },
        does: { vmstop: '-> none' },
        says: [event('STOP'), event('RESUME'), returns()],
      },
      ...each(settings, ({ name, given, moves }) => ({
        name,
        cite: 'system/runstate-action.c:qmp_set_action',
        on: command('set-action', given),
        where: handled,
        does: moves,
        says: [returns()],
      })),
    ],

    guest: [
      {
        name: 'suspend to memory',
        cite: 'hw/acpi/core.c:acpi_pm_cnt_write, system/runstate.c:qemu_system_suspend_request',
        where: executes,
        does: { asks: '-> suspend' },
        may: true,
      },
      {
        name: 'suspend to disk',
        cite: 'hw/acpi/core.c:acpi_pm_cnt_write',
        where: executes,
        does: { asks: '-> shutdown' },
        says: [event('SUSPEND_DISK')],
        may: true,
      },
      {
        name: 'power off',
        cite: 'hw/acpi/core.c:acpi_pm_cnt_write',
        where: executes,
        does: { asks: '-> shutdown' },
        may: true,
      },
      {
        name: 'power off by pvpanic',
        cite: 'system/runstate.c:qemu_system_guest_pvshutdown',
        where: executes,
        does: { asks: '-> shutdown' },
        says: [event('GUEST_PVSHUTDOWN')],
        since: '9.1',
        may: true,
      },
      {
        // A keyboard controller, port 0xcf9, a triple fault.
        name: 'reset the machine',
        cite: 'system/runstate.c:qemu_system_reset_request',
        where: { ...executes, reboot: 'reset' },
        does: { asks: '-> reset', reset: 'asked ~> no' },
        may: true,
      },
      {
        name: 'reset a machine that ends by it',
        cite: 'system/runstate.c:qemu_system_reset_request',
        where: { ...executes, reboot: 'shutdown' },
        does: { asks: '-> end by reset', reset: 'end ~> no' },
        may: true,
      },
      {
        name: 'panic and be paused',
        cite: 'system/runstate.c:qemu_system_guest_panicked',
        where: { ...executes, panic: 'pause' },
        does: { vmstop: '-> guest-panicked' },
        says: [event('GUEST_PANICKED', { action: 'pause' })],
        may: true,
      },
      {
        name: 'panic and be paused for want of a shutdown',
        cite: 'system/runstate.c:qemu_system_guest_panicked',
        where: { ...executes, panic: 'shutdown', shutdown: 'pause' },
        does: { vmstop: '-> guest-panicked' },
        says: [event('GUEST_PANICKED', { action: 'pause' })],
        may: true,
      },
      {
        name: 'panic and be powered off',
        cite: 'system/runstate.c:qemu_system_guest_panicked',
        where: { ...executes, panic: 'shutdown', shutdown: 'poweroff' },
        does: { vmstop: '-> guest-panicked', asks: '-> panic' },
        says: [event('GUEST_PANICKED', { action: 'poweroff' })],
        may: true,
      },
      {
        name: 'panic and have the process fail',
        cite: 'system/runstate.c:qemu_system_guest_panicked',
        where: { ...executes, panic: 'exit-failure' },
        does: { vmstop: '-> guest-panicked', asks: '-> panic' },
        says: [event('GUEST_PANICKED', { action: 'poweroff' })],
        may: true,
      },
      {
        name: 'panic and run on',
        cite: 'system/runstate.c:qemu_system_guest_panicked',
        where: { ...executes, panic: 'none' },
        does: {},
        says: [event('GUEST_PANICKED', { action: 'run' })],
        may: true,
      },
      {
        name: 'load its crash kernel',
        cite: 'system/runstate.c:qemu_system_guest_crashloaded',
        where: executes,
        does: {},
        says: [event('GUEST_CRASHLOADED', { action: 'run' })],
        may: true,
      },
      {
        // KVM and its like only: TCG has no such end.
        name: 'do what the accelerator cannot',
        cite: 'accel/kvm/kvm-all.c:kvm_cpu_exec',
        where: executes,
        does: { vmstop: '-> internal-error' },
        may: true,
      },
    ],

    device: [
      {
        name: 'fail to read or write and want the guest stopped',
        cite: 'block/block-backend.c:blk_error_action',
        where: { ...handled, vm: ['running', 'suspended'] },
        does: { vmstop: '-> io-error' },
        says: [event('BLOCK_IO_ERROR', { action: 'stop' })],
        may: true,
      },
      ...each(
        ['report', 'ignore'] as const,
        action =>
          ({
            name: `fail to read or write and ${action} it`,
            cite: 'block/block-backend.c:blk_error_action',
            where: { ...handled, vm: ['running', 'suspended'] },
            does: {},
            says: [event('BLOCK_IO_ERROR', { action })],
            may: true,
          }) as const,
      ),
      {
        // A key, the clock, the ACPI timer.
        name: 'wake the guest by itself',
        cite: 'system/runstate.c:qemu_system_wakeup_request',
        where: handled,
        does: { vm: 'suspended -> running', waking: '-> yes' },
        may: true,
      },
      {
        name: 'fire the watchdog to reset the machine',
        cite: 'hw/watchdog/watchdog.c:watchdog_perform_action',
        where: { ...calls, reboot: 'reset' },
        does: { asks: 'nothing -> reset', reset: 'asked ~> no' },
        says: [event('WATCHDOG', { action: 'reset' })],
        may: true,
      },
      {
        name: 'fire the watchdog to reset a machine that ends by it',
        cite: 'hw/watchdog/watchdog.c:watchdog_perform_action',
        where: { ...calls, reboot: 'shutdown' },
        does: { asks: 'nothing -> end by reset', reset: 'end ~> no' },
        says: [event('WATCHDOG', { action: 'reset' })],
        may: true,
      },
      {
        name: 'fire the watchdog to power the guest down',
        cite: 'hw/watchdog/watchdog.c:watchdog_perform_action',
        where: calls,
        does: { powerdown: '-> asked' },
        says: [event('WATCHDOG', { action: 'shutdown' })],
        may: true,
      },
      {
        // No SHUTDOWN comes, and nothing is cleaned up.
        name: 'fire the watchdog to end the process',
        cite: 'hw/watchdog/watchdog.c:watchdog_perform_action',
        where: calls,
        does: { link: 'up ~> cut' },
        says: [event('WATCHDOG', { action: 'poweroff' }), exits(0)],
        may: true,
      },
      {
        name: 'fire the watchdog to pause the guest',
        cite: 'hw/watchdog/watchdog.c:watchdog_perform_action',
        where: calls,
        does: { vmstop: '-> watchdog' },
        says: [event('WATCHDOG', { action: 'pause' })],
        may: true,
      },
      ...each(
        ['inject-nmi', 'debug', 'none'] as const,
        action =>
          ({
            name: `fire the watchdog with ${action}`,
            cite: 'hw/watchdog/watchdog.c:watchdog_perform_action',
            where: calls,
            does: {},
            says: [event('WATCHDOG', { action })],
            may: true,
          }) as const,
      ),
    ],

    debugger: [
      {
        name: 'attach to the running guest',
        cite: 'gdbstub/system.c:gdb_chr_event',
        where: dispatched,
        does: { vm: 'running -> paused' },
        says: [event('STOP')],
        may: true,
      },
      {
        name: 'attach to the suspended guest',
        cite: 'gdbstub/system.c:gdb_chr_event',
        where: dispatched,
        does: { vm: 'suspended -> paused', suspended: '-> yes' },
        says: [event('STOP')],
        since: '9.0',
        may: true,
      },
      {
        name: 'stop at a breakpoint or after a step',
        cite: 'system/cpus.c:cpu_handle_guest_debug, system/runstate.c:main_loop_should_exit',
        where: dispatched,
        does: { vm: 'running -> debug' },
        says: [event('STOP')],
        may: true,
      },
      {
        name: 'go on from a breakpoint',
        cite: 'gdbstub/system.c:gdb_continue',
        where: { ...dispatched, suspended: 'no' },
        does: { vm: 'debug -> running' },
        says: [event('RESUME')],
        may: true,
      },
    ],

    'main loop': [
      {
        name: 'suspend the guest',
        cite: 'system/runstate.c:qemu_system_suspend',
        where: dispatched,
        does: { asks: 'suspend -> nothing', vm: 'running -> suspended' },
        says: [event('SUSPEND')],
      },
      {
        name: 'suspend the guest after a step of the debugger',
        cite: 'system/runstate.c:qemu_system_suspend',
        where: dispatched,
        does: { asks: 'suspend -> nothing', vm: 'debug -> suspended' },
        says: [event('SUSPEND')],
      },
      {
        // A command of the same round has stopped it, or a snapshot that could not be loaded.
        name: 'suspend a guest that was stopped meanwhile',
        cite: 'system/runstate.c:qemu_system_suspend',
        where: { ...dispatched, vm: ['paused', 'restore-vm'] },
        does: { asks: 'suspend -> nothing', vm: '-> suspended' },
        says: [event('SUSPEND')],
        since: '9.0',
      },
      {
        name: 'abort on suspending a guest that was stopped meanwhile',
        cite: 'system/runstate.c:qemu_system_suspend, system/runstate.c:runstate_set',
        where: { ...dispatched, vm: ['paused', 'restore-vm'], asks: 'suspend' },
        does: { link: 'up ~> cut' },
        says: [exits(null)],
        until: '8.2',
      },
      ...each(
        ends,
        ({ asked, reason }) =>
          ({
            name: `shut down for ${reason}`,
            cite: 'system/runstate.c:main_loop_should_exit, system/runstate.c:qemu_system_shutdown',
            where: { ...dispatched, shutdown: 'poweroff' },
            does: { asks: `${asked} -> nothing`, quitting: '-> announced' },
            says: [event('SHUTDOWN', { guest: true, reason })],
          }) as const,
      ),
      ...each(
        ends,
        ({ asked, reason }) =>
          ({
            name: `pause the running guest for ${reason}`,
            cite: 'system/runstate.c:main_loop_should_exit',
            where: { ...dispatched, quitting: 'no', shutdown: 'pause' },
            does: { asks: `${asked} -> nothing`, vm: 'running -> shutdown' },
            says: [event('SHUTDOWN', { guest: true, reason }), event('STOP')],
          }) as const,
      ),
      ...each(
        ends,
        ({ asked, reason }) =>
          ({
            name: `find the guest stopped that is to be paused for ${reason}`,
            cite: 'system/runstate.c:main_loop_should_exit',
            where: { ...dispatched, quitting: 'no', shutdown: 'pause', vm: '!running' },
            does: { asks: `${asked} -> nothing` },
            says: [event('SHUTDOWN', { guest: true, reason })],
          }) as const,
      ),
      {
        name: 'shut down for guest-panic',
        cite: 'system/runstate.c:main_loop_should_exit, system/runstate.c:qemu_system_shutdown',
        where: { ...dispatched, shutdown: 'poweroff', panic: '!exit-failure' },
        does: { asks: 'panic -> nothing', quitting: '-> announced' },
        says: [event('SHUTDOWN', { guest: true, reason: 'guest-panic' })],
      },
      {
        name: 'shut down for guest-panic and fail',
        cite: 'system/runstate.c:main_loop_should_exit, system/runstate.c:qemu_system_shutdown',
        where: { ...dispatched, shutdown: 'poweroff', panic: 'exit-failure' },
        does: { asks: 'panic -> nothing', quitting: '-> announced', exitCode: '-> failure' },
        says: [event('SHUTDOWN', { guest: true, reason: 'guest-panic' })],
      },
      {
        // The request to stop it as panicked, which comes after in this round, then finds it stopped.
        name: 'pause the running guest for guest-panic',
        cite: 'system/runstate.c:main_loop_should_exit',
        where: { ...dispatched, quitting: 'no', shutdown: 'pause' },
        does: { asks: 'panic -> nothing', vm: 'running -> shutdown' },
        says: [event('SHUTDOWN', { guest: true, reason: 'guest-panic' }), event('STOP')],
      },
      {
        name: 'find the guest stopped that is to be paused for guest-panic',
        cite: 'system/runstate.c:main_loop_should_exit',
        where: { ...dispatched, quitting: 'no', shutdown: 'pause', vm: '!running' },
        does: { asks: 'panic -> nothing' },
        says: [event('SHUTDOWN', { guest: true, reason: 'guest-panic' })],
      },
      {
        name: 'shut down for system_reset',
        cite: 'system/runstate.c:main_loop_should_exit, system/runstate.c:qemu_system_shutdown',
        where: { ...dispatched, shutdown: 'poweroff' },
        does: { reset: 'end -> no', quitting: '-> announced' },
        says: [event('SHUTDOWN', { guest: false, reason: 'host-qmp-system-reset' })],
      },
      {
        name: 'pause the running guest for system_reset',
        cite: 'system/runstate.c:main_loop_should_exit',
        where: { ...dispatched, quitting: 'no', shutdown: 'pause' },
        does: { reset: 'end -> no', vm: 'running -> shutdown' },
        says: [event('SHUTDOWN', { guest: false, reason: 'host-qmp-system-reset' }), event('STOP')],
      },
      {
        name: 'pause the suspended guest for system_reset',
        cite: 'system/runstate.c:main_loop_should_exit',
        where: { ...dispatched, quitting: 'no', shutdown: 'pause' },
        does: { reset: 'end -> no', vm: 'suspended -> shutdown', suspended: '-> yes' },
        says: [event('SHUTDOWN', { guest: false, reason: 'host-qmp-system-reset' }), event('STOP')],
        since: '9.0',
      },
      {
        name: 'find the guest stopped that is to be paused for system_reset',
        cite: 'system/runstate.c:main_loop_should_exit',
        where: { ...dispatched, quitting: 'no', shutdown: 'pause', vm: [...still, 'save-vm', 'colo'] },
        does: { reset: 'end -> no' },
        says: [event('SHUTDOWN', { guest: false, reason: 'host-qmp-system-reset' })],
      },
      {
        name: 'find the guest suspended that is to be paused for system_reset',
        cite: 'system/runstate.c:main_loop_should_exit',
        where: { ...dispatched, quitting: 'no', shutdown: 'pause', vm: 'suspended' },
        does: { reset: 'end -> no' },
        says: [event('SHUTDOWN', { guest: false, reason: 'host-qmp-system-reset' })],
        until: '8.2',
      },
      {
        name: 'reset for system_reset',
        cite: 'system/runstate.c:main_loop_should_exit, system/runstate.c:qemu_system_reset',
        where: { ...dispatched, asks: '!suspend', vm: ['running', 'inmigrate', 'finish-migrate'] },
        does: { reset: 'asked -> no', suspended: '-> no' },
        says: [event('RESET', { guest: false, reason: 'host-qmp-system-reset' })],
      },
      {
        name: 'reset a stopped guest for system_reset',
        cite: 'system/runstate.c:main_loop_should_exit, system/runstate.c:qemu_system_reset',
        where: { ...dispatched, asks: '!suspend', vm: [...halted, 'suspended', 'colo'] },
        does: { reset: 'asked -> no', vm: '-> prelaunch', suspended: '-> no' },
        says: [event('RESET', { guest: false, reason: 'host-qmp-system-reset' })],
      },
      {
        name: 'abort on a reset in a dump',
        cite: 'system/runstate.c:main_loop_should_exit, system/runstate.c:runstate_set',
        where: { ...dispatched, asks: '!suspend', vm: 'save-vm', reset: 'asked' },
        does: { link: 'up ~> cut' },
        says: [event('RESET', { guest: false, reason: 'host-qmp-system-reset' }), exits(null)],
      },
      {
        name: 'reset for the guest',
        cite: 'system/runstate.c:main_loop_should_exit, system/runstate.c:qemu_system_reset',
        where: { ...dispatched, vm: ['running', 'inmigrate', 'finish-migrate'] },
        does: { asks: 'reset -> nothing', suspended: '-> no' },
        says: [event('RESET', { guest: true, reason: 'guest-reset' })],
      },
      {
        name: 'reset for a guest that was stopped meanwhile',
        cite: 'system/runstate.c:main_loop_should_exit, system/runstate.c:qemu_system_reset',
        where: { ...dispatched, vm: [...halted, 'suspended', 'colo'] },
        does: { asks: 'reset -> nothing', vm: '-> prelaunch', suspended: '-> no' },
        says: [event('RESET', { guest: true, reason: 'guest-reset' })],
      },
      {
        name: 'abort on a reset by the guest in a dump',
        cite: 'system/runstate.c:main_loop_should_exit, system/runstate.c:runstate_set',
        where: { ...dispatched, vm: 'save-vm', asks: 'reset' },
        does: { link: 'up ~> cut' },
        says: [event('RESET', { guest: true, reason: 'guest-reset' }), exits(null)],
      },
      {
        name: 'tell the machine of the wake-up',
        cite: 'system/runstate.c:main_loop_should_exit',
        where: dispatched,
        does: { waking: 'yes -> no' },
        says: [event('WAKEUP')],
      },
      {
        name: 'tell the guest to power down',
        cite: 'system/runstate.c:qemu_system_powerdown',
        where: dispatched,
        does: { powerdown: 'asked -> no' },
        says: [event('POWERDOWN')],
      },
      ...each(
        ['io-error', 'watchdog', 'guest-panicked', 'internal-error'] as const,
        state =>
          ({
            name: `stop the running guest for ${state}`,
            cite: 'system/runstate.c:main_loop_should_exit, system/cpus.c:do_vm_stop',
            where: { ...dispatched, asks: ['nothing', 'shutdown', 'reset', 'end by reset'] },
            does: { vmstop: `${state} -> none`, vm: `running -> ${state}` },
            says: [event('STOP')],
          }) as const,
      ),
      {
        name: 'find the guest stopped that is to be stopped',
        cite: 'system/runstate.c:main_loop_should_exit, system/cpus.c:do_vm_stop',
        where: {
          ...dispatched,
          asks: ['nothing', 'shutdown', 'reset', 'end by reset'],
          vmstop: '!none',
          vm: [...still, 'save-vm', 'colo'],
        },
        does: { vmstop: '-> none' },
      },
      {
        // The promise that STOP follows BLOCK_IO_ERROR is not kept.
        name: 'leave the guest suspended that is to be stopped',
        cite: 'system/runstate.c:main_loop_should_exit, system/cpus.c:do_vm_stop',
        where: { ...dispatched, vmstop: '!none', vm: 'suspended' },
        does: { vmstop: '-> none' },
        until: '8.2',
      },
      {
        // `runstate_set()` knows no way from `suspended` to `io-error` or `watchdog`.
        name: 'abort on stopping a suspended guest',
        cite: 'system/runstate.c:main_loop_should_exit, system/runstate.c:runstate_set',
        where: { ...dispatched, vmstop: '!none', vm: 'suspended' },
        does: { link: 'up ~> cut' },
        says: [exits(null)],
        since: '9.0',
      },
      {
        name: 'exit with failure after a panic',
        cite: 'system/runstate.c:main_loop_should_exit, system/runstate.c:qemu_cleanup',
        where: { quitting: 'leaving', exitCode: 'failure' },
        does: { link: 'up ~> cut' },
        says: [exits(1)],
      },
    ],
  },
)
