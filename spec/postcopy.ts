/**
 * Postcopy: the guest moves first and its memory follows; what happens when
 * the channel breaks in between; and how both sides find together again.
 *
 * The source stops the guest, sends the state of its devices in one package
 * and goes on sending pages.  On the destination the package starts a thread
 * that reads on (`postcopy_listen_thread()`), while the coroutine loads the
 * devices and a bottom half starts the guest.  From then on neither side has
 * the whole guest, and a broken channel may only pause: `postcopy-paused`.
 *
 * A recovery is a new connection on which the source asks which pages have
 * been received (one bitmap for each block of memory; here one for all), and
 * says that it resumes; the destination acknowledges.
 */
import { destination } from './destination.ts'
import {
  command,
  each,
  event,
  exits,
  fails,
  fault,
  hangup,
  like,
  machine,
  outOfBand,
  receives,
  returns,
  sends,
  unlike,
} from './lang.ts'
import { announces, dispatched, handled, listeners, readable, stopped } from './run-state.ts'
import { inPostcopy, source, toPause } from './source.ts'

const completion = 'migration/migration.c:migration_completion'
const start = 'migration/migration.c:postcopy_start'
const pausing = 'migration/migration.c:postcopy_pause'
const resume = command('migrate', { uri: like(readable), resume: true })
const pause = outOfBand('migrate-pause')
const recover = outOfBand('migrate-recover')

/** What `migrate-pause` can pause on the source, by release. */
const alive = { now: ['postcopy-active', 'postcopy-recover'], before: 'postcopy-active' } as const
/** Neither side is where `migrate-pause` could do something. */
const neither = {
  now: {
    migration: noneOf(source.variables.migration, alive.now),
    incoming: noneOf(destination.variables.incoming, alive.now),
  },
  before: { migration: '!postcopy-active', incoming: '!postcopy-active' },
} as const

function noneOf<T extends string>(values: readonly T[], these: readonly string[]): readonly T[] {
  return values.filter(value => !these.includes(value))
}

/** The source in postcopy: `migration_thread()`, and the main loop when it connects again. */
export const postcopySource = machine(
  'postcopy source',
  {
    ...source.variables,
    incoming: destination.variables.incoming,
    /** Whether `migrate` with `resume` is making a connection. */
    resuming: ['no', 'connecting', 'connected'],
    /** `MigrationState.postcopy_package_loaded`. */
    loaded: ['no', 'yes'],
  },
  {
    monitor: [
      {
        name: 'ask for postcopy',
        cite: 'migration/migration.c:qmp_migrate_start_postcopy',
        on: command('migrate-start-postcopy'),
        where: { ...handled, 'postcopy-ram': 'on', migration: '!none' },
        does: { postcopy: '-> yes' },
        says: [returns()],
      },
      {
        name: 'refuse postcopy without the capability',
        cite: 'migration/migration.c:qmp_migrate_start_postcopy',
        on: command('migrate-start-postcopy'),
        where: { ...handled, 'postcopy-ram': 'off' },
        does: {},
        says: [fails('Enable postcopy with migrate_set_capability before the start of migration')],
      },
      {
        name: 'refuse postcopy before any migration',
        cite: 'migration/migration.c:qmp_migrate_start_postcopy',
        on: command('migrate-start-postcopy'),
        where: { ...handled, 'postcopy-ram': 'on', migration: 'none' },
        does: {},
        says: [fails('Postcopy must be started after migration has been started')],
      },
      {
        name: 'pause the postcopy',
        cite: 'migration/migration.c:qmp_migrate_pause',
        on: pause,
        where: { migration: alive.now },
        does: { link: 'up ~> cut' },
        says: [returns()],
        // `postcopy-recover` can be paused since 9.1.
        since: '9.1',
      },
      {
        name: 'pause the active postcopy',
        cite: 'migration/migration.c:qmp_migrate_pause',
        on: pause,
        where: { migration: alive.before },
        does: { link: 'up -> cut' },
        says: [returns()],
        until: '9.0',
      },
      {
        name: 'fail to pause what is broken already',
        cite: 'migration/migration.c:qmp_migrate_pause',
        on: pause,
        where: { migration: alive.before, link: '!up' },
        does: {},
        says: [fails('Failed to pause source migration')],
        until: '9.0',
      },
      {
        name: 'find no postcopy to pause',
        cite: 'migration/migration.c:qmp_migrate_pause',
        on: pause,
        where: neither.now,
        does: {},
        says: [fails('migrate-pause is currently only supported during postcopy-active or postcopy-recover state')],
        since: '9.1',
      },
      {
        name: 'find no active postcopy to pause',
        cite: 'migration/migration.c:qmp_migrate_pause',
        on: pause,
        where: neither.before,
        does: {},
        says: [fails('migrate-pause is currently only supported during postcopy-active state')],
        until: '9.0',
      },
      {
        name: 'refuse to cancel in postcopy',
        cite: 'migration/migration.c:qmp_migrate_cancel',
        on: command('migrate_cancel'),
        where: { ...handled, migration: inPostcopy },
        does: {},
        says: [fails('Postcopy migration in progress, cannot cancel.')],
        since: '10.0',
      },
      {
        name: 'cancel the postcopy',
        cite: 'migration/migration.c:migration_cancel',
        on: command('migrate_cancel'),
        where: { ...handled, migration: inPostcopy },
        does: { migration: '-> cancelling', link: 'up ~> cut' },
        says: [announces('cancelling'), returns()],
        until: '9.2',
      },
      {
        name: 'set out to recover',
        cite: 'migration/migration.c:migrate_prepare',
        on: resume,
        where: handled,
        does: { migration: 'postcopy-paused -> postcopy-recover-setup', resuming: 'no -> connecting' },
        says: [announces('postcopy-recover-setup'), returns()],
        since: '9.1',
      },
      {
        name: 'set out to recover without a word',
        cite: 'migration/migration.c:migrate_prepare',
        on: resume,
        where: { ...handled, migration: 'postcopy-paused' },
        does: { resuming: 'no -> connecting' },
        says: [returns()],
        until: '9.0',
      },
      {
        name: 'refuse to recover to where it cannot be read',
        cite: 'migration/migration.c:qmp_migrate',
        on: command('migrate', { uri: unlike(readable), resume: true }),
        where: handled,
        does: {},
        says: [fails("Parameter 'uri' expects a valid migration protocol")],
        until: '8.1',
      },
      {
        name: 'set out to recover once more',
        cite: 'migration/migration.c:migrate_prepare',
        on: resume,
        where: { ...handled, migration: 'postcopy-paused', resuming: '!no' },
        does: {},
        says: [returns()],
        until: '9.0',
      },
    ],
    'main loop': [
      {
        name: 'fail to connect again',
        cite: 'migration/migration.c:migration_connect_error_propagate',
        where: dispatched,
        does: { resuming: 'connecting -> no', migration: 'postcopy-recover-setup -> postcopy-paused' },
        says: [announces('postcopy-paused')],
        since: '9.1',
      },
      {
        name: 'fail to connect again without a word',
        cite: 'migration/migration.c:migration_connect_set_error',
        where: { ...dispatched, migration: ['postcopy-paused', 'cancelling'] },
        does: { resuming: 'connecting -> no' },
        until: '9.0',
      },
      {
        name: 'take the new connection',
        cite: 'migration/migration.c:migration_start_outgoing',
        where: { ...dispatched, saying: 'nothing' },
        does: {
          resuming: 'connected -> no',
          migration: 'postcopy-recover-setup -> postcopy-recover',
          thread: 'suspended -> syncing',
        },
        says: [announces('postcopy-recover')],
        since: '9.1',
      },
      {
        name: 'take the new connection while still paused',
        cite: 'migration/migration.c:migration_start_outgoing',
        where: { ...dispatched, saying: 'nothing' },
        does: {
          resuming: 'connected -> no',
          migration: 'postcopy-paused -> postcopy-recover',
          thread: 'suspended -> syncing',
        },
        says: [announces('postcopy-recover')],
        until: '9.0',
      },
      {
        name: 'take the new connection though cancelled',
        cite: 'migration/migration.c:migration_start_outgoing',
        where: { ...dispatched, migration: 'cancelling' },
        does: { resuming: 'connected -> no', thread: 'suspended -> finishing' },
        until: '9.0',
      },
    ],
    'migration thread': [
      {
        name: 'say postcopy and stop the guest',
        cite: start,
        where: { bql: 'free', saying: 'nothing', postcopy: 'yes', 'pause-before-switchover': 'off', vm: 'running' },
        does: { thread: 'iterating -> postcopy-stopping', migration: 'active -> postcopy-active' },
        says: [announces('postcopy-active')],
        may: true,
        until: '9.2',
      },
      {
        name: 'go over to postcopy with the guest stopped',
        cite: start,
        where: { bql: 'free' },
        does: {
          thread: 'postcopy-stopping -> packing',
          migration: 'postcopy-active',
          vm: 'running -> finish-migrate',
        },
        says: [event('STOP')],
        until: '9.2',
      },
      {
        name: 'stop the guest for the pause before postcopy',
        cite: start,
        where: {
          bql: 'free',
          saying: 'nothing',
          postcopy: 'yes',
          'pause-before-switchover': 'on',
          migration: ['active', 'cancelling'],
        },
        does: { thread: 'iterating -> postcopy-stopping', vm: 'running -> finish-migrate' },
        may: true,
        until: '9.2',
      },
      {
        name: 'stop the guest for postcopy',
        cite: `${start}, migration/migration.c:migration_stop_vm`,
        where: { bql: 'free', saying: 'nothing', postcopy: 'yes', migration: ['active', 'cancelling'] },
        does: { thread: 'iterating -> postcopy-stopping', vm: 'running -> finish-migrate', was: '-> running' },
        may: true,
        since: '10.0',
      },
      {
        name: 'stop the suspended guest for postcopy',
        cite: `${start}, migration/migration.c:migration_stop_vm, system/cpus.c:do_vm_stop`,
        where: { bql: 'free', saying: 'nothing', postcopy: 'yes', migration: ['active', 'cancelling'] },
        does: {
          thread: 'iterating -> postcopy-stopping',
          vm: 'suspended -> finish-migrate',
          was: '-> suspended',
          suspended: '-> yes',
        },
        may: true,
        since: '10.0',
      },
      {
        name: 'hand over the stopped guest for postcopy',
        cite: `${start}, migration/migration.c:migration_switchover_prepare`,
        where: { 'pause-before-switchover': 'off', bql: 'free' },
        does: { thread: 'postcopy-stopping -> packing', migration: 'active -> device' },
        says: [event('STOP'), announces('device')],
        since: '10.0',
      },
      {
        name: 'pause before postcopy',
        cite: `${start}, migration/migration.c:migration_switchover_prepare`,
        where: { 'pause-before-switchover': 'on', bql: 'free', vm: 'finish-migrate' },
        does: { thread: 'postcopy-stopping -> postcopy-paused', migration: 'active -> pre-switchover', go: '-> no' },
        says: [event('STOP'), announces('pre-switchover')],
        since: '10.0',
      },
      {
        name: 'pause before postcopy, without the lock',
        cite: `${start}, migration/migration.c:migration_maybe_pause`,
        where: { 'pause-before-switchover': 'on', bql: 'free', vm: 'finish-migrate' },
        does: {
          thread: 'postcopy-stopping -> postcopy-paused',
          migration: 'active -> pre-switchover',
          go: '-> no',
          saying: '-> pre-switchover',
        },
        says: [event('STOP')],
        until: '9.2',
      },
      {
        name: 'find a cancel once the guest is stopped for postcopy',
        cite: `${start}, migration/migration.c:migration_switchover_prepare`,
        where: { bql: 'free', vm: 'finish-migrate' },
        does: { thread: 'postcopy-stopping -> finishing', migration: 'cancelling' },
        says: [event('STOP')],
      },
      ...each(
        stopped,
        was =>
          ({
            name: `hand over a guest in ${was} for postcopy`,
            cite: `${start}, migration/migration.c:migration_switchover_prepare`,
            where: { 'pause-before-switchover': 'off', saying: 'nothing', postcopy: 'yes', bql: 'free' },
            does: {
              thread: 'iterating -> packing',
              migration: 'active -> device',
              vm: `${was} -> finish-migrate`,
              was: `-> ${was}`,
            },
            says: [announces('device')],
            may: true,
            since: '10.0',
          }) as const,
      ),
      ...each(
        stopped,
        was =>
          ({
            name: `say postcopy of a guest in ${was}`,
            cite: start,
            where: { 'pause-before-switchover': 'off', saying: 'nothing', postcopy: 'yes', bql: 'free' },
            does: {
              thread: 'iterating -> packing',
              migration: 'active -> postcopy-active',
              vm: `${was} -> finish-migrate`,
              was: `-> ${was}`,
            },
            says: [announces('postcopy-active')],
            may: true,
            until: '9.2',
          }) as const,
      ),
      ...each(
        stopped,
        was =>
          ({
            name: `pause before postcopy of a guest in ${was}`,
            cite: `${start}, migration/migration.c:migration_switchover_prepare`,
            where: { 'pause-before-switchover': 'on', bql: 'free', saying: 'nothing', postcopy: 'yes' },
            does: toPause(was, 'postcopy-paused'),
            says: [announces('pre-switchover')],
            may: true,
            since: '10.0',
          }) as const,
      ),
      ...each(
        stopped,
        was =>
          ({
            name: `pause before postcopy of a guest in ${was}, without the lock`,
            cite: `${start}, migration/migration.c:migration_maybe_pause`,
            where: { 'pause-before-switchover': 'on', bql: 'free', saying: 'nothing', postcopy: 'yes' },
            does: { ...toPause(was, 'postcopy-paused'), saying: '-> pre-switchover' },
            may: true,
            until: '9.2',
          }) as const,
      ),
      {
        name: 'leave the pause for postcopy',
        cite: 'migration/migration.c:migration_switchover_prepare',
        where: { bql: 'free' },
        does: { thread: 'postcopy-paused -> packing', go: 'yes -> no', migration: 'pre-switchover -> device' },
        says: [announces('device')],
        since: '10.0',
      },
      {
        name: 'leave the pause straight for postcopy',
        cite: 'migration/migration.c:migration_maybe_pause',
        where: { saying: 'nothing' },
        does: {
          thread: 'postcopy-paused -> packing',
          go: 'yes -> no',
          migration: 'pre-switchover -> postcopy-active',
          saying: '-> postcopy-active',
        },
        until: '9.2',
      },
      {
        name: 'leave the pause before postcopy cancelled',
        cite: 'migration/migration.c:migration_switchover_prepare',
        where: { bql: 'free' },
        does: { thread: 'postcopy-paused -> finishing', migration: 'cancelling' },
      },
      {
        name: 'send the package',
        cite: `${start}, migration/savevm.c:qemu_savevm_send_packaged`,
        where: { link: 'up', saying: 'nothing' },
        does: { thread: 'packing -> packed', bql: 'free -> migration', loaded: '-> no' },
        says: [sends('package')],
      },
      {
        name: 'find a cancel over the package',
        cite: start,
        where: { link: 'cut', bql: 'free' },
        does: { thread: 'packing -> finishing', migration: 'cancelling' },
      },
      ...each(
        ['packing', 'packed'] as const,
        at =>
          ({
            name: at === 'packing' ? 'fail to send the package' : 'find the channel broken behind the package',
            cite: start,
            where: { link: 'cut', bql: at === 'packing' ? 'free' : 'migration' },
            does: { thread: `${at} -> finishing`, migration: 'device -> failing', bql: '-> free' },
            says: [announces('failing')],
            since: '11.0',
          }) as const,
      ),
      ...each(
        ['packing', 'packed'] as const,
        at =>
          ({
            name: at === 'packing' ? 'fail over the package' : 'fail behind the package',
            cite: start,
            where: { link: 'cut', bql: at === 'packing' ? 'free' : 'migration' },
            does: { thread: `${at} -> finishing`, migration: 'device -> failed', bql: '-> free' },
            says: [announces('failed')],
            since: '10.0',
            until: '10.2',
          }) as const,
      ),
      ...each(
        ['packing', 'packed'] as const,
        at =>
          ({
            name: at === 'packing' ? 'fail in postcopy over the package' : 'fail in postcopy behind the package',
            cite: start,
            where: { link: 'cut', bql: at === 'packing' ? 'free' : 'migration' },
            does: { thread: `${at} -> finishing`, migration: 'postcopy-active -> failed', bql: '-> free' },
            says: [announces('failed')],
            until: '9.2',
          }) as const,
      ),
      {
        name: 'wait for the devices to be loaded',
        cite: start,
        does: { thread: 'packed -> streaming', migration: 'device -> postcopy-device', bql: 'migration -> free' },
        says: [announces('postcopy-device')],
        since: '10.2',
      },
      {
        name: 'go over to postcopy',
        cite: start,
        does: { thread: 'packed -> streaming', migration: 'device -> postcopy-active', bql: 'migration -> free' },
        says: [announces('postcopy-active')],
        since: '10.0',
        until: '10.1',
      },
      {
        name: 'go on in postcopy',
        cite: start,
        where: { migration: ['postcopy-active', 'cancelling'] },
        does: { thread: 'packed -> streaming', bql: 'migration -> free' },
        until: '9.2',
      },
      {
        name: 'find the devices loaded',
        cite: 'migration/migration.c:migration_iteration_run, migration/migration.c:migrate_set_state',
        where: { loaded: 'yes' },
        does: {
          thread: 'awaiting ~> streaming',
          migration: 'postcopy-device -> postcopy-active',
          saying: 'nothing -> postcopy-active',
        },
        since: '10.2',
      },
      ...each(
        ['postcopy-active', 'postcopy-paused'] as const,
        status =>
          ({
            name: `announce ${status}`,
            cite: 'migration/migration.c:migrate_set_state, migration/migration.c:migrate_generate_event',
            does: { saying: `${status} -> nothing` },
            says: [announces(status)],
          }) as const,
      ),
      {
        name: 'have sent everything before the devices are loaded',
        cite: 'migration/migration.c:migration_iteration_run',
        where: { loaded: 'no', migration: 'postcopy-device' },
        does: { thread: 'streaming -> awaiting' },
        may: true,
        since: '10.2',
      },
      {
        name: 'lose the channel before the destination runs',
        cite: 'migration/migration.c:migration_detect_error',
        where: { link: 'cut' },
        does: { thread: 'streaming -> finishing', migration: 'postcopy-device -> failing' },
        says: [announces('failing')],
        since: '11.0',
      },
      {
        name: 'fail before the destination runs',
        cite: 'migration/migration.c:migration_detect_error',
        where: { link: 'cut' },
        does: { thread: 'streaming -> finishing', migration: 'postcopy-device -> failed' },
        says: [announces('failed')],
        since: '10.2',
        until: '10.2',
      },
      {
        name: 'lose the word that the devices are loaded',
        cite: 'migration/migration.c:migration_iteration_run, migration/migration.c:source_return_path_thread',
        on: hangup,
        where: { loaded: 'no' },
        does: { thread: 'awaiting -> finishing', migration: 'postcopy-device -> failing' },
        says: [announces('failing')],
        // 10.2 and 11.0 wait on without an end: nobody sets postcopy_package_loaded_event.
        since: '11.1',
      },
      {
        name: 'find the channel broken in postcopy',
        cite: 'migration/migration.c:migration_detect_error',
        where: { link: 'cut', migration: 'postcopy-active', saying: 'nothing' },
        does: { thread: 'streaming -> pausing' },
      },
      {
        name: 'pause because the channel is broken',
        cite: pausing,
        // A quit, or, until 9.2, a cancel may have stored cancelling since then: the pause stores over it.
        where: { migration: ['postcopy-active', 'cancelling'] },
        does: { thread: 'pausing -> suspended', migration: '-> postcopy-paused', saying: '-> postcopy-paused' },
      },
      {
        name: 'abort on pausing a postcopy that is cancelled',
        cite: pausing,
        // Between seeing the channel broken and the assertion that it is still postcopy-active.
        where: { thread: 'pausing', migration: 'cancelling' },
        does: { link: 'up ~> cut' },
        says: [exits(null)],
      },
      {
        name: 'find a cancel before waiting for the recovery',
        cite: pausing,
        where: { migration: 'cancelling' },
        does: { thread: 'suspended -> finishing' },
        may: true,
        // Since 9.1 it waits first and looks then.
        until: '9.0',
      },
      {
        name: 'find a cancel in postcopy',
        cite: 'migration/migration.c:migration_detect_error',
        where: { saying: 'nothing' },
        does: { thread: 'streaming -> finishing', migration: 'cancelling' },
      },
      {
        name: 'send the last page',
        cite: `${completion}, migration/savevm.c:qemu_savevm_state_complete_postcopy`,
        where: { bql: 'free', migration: 'postcopy-active', saying: 'nothing' },
        does: { thread: 'streaming -> completing' },
        says: [sends('last-page')],
        may: true,
      },
      {
        name: 'hear that the destination has every page',
        cite: 'migration/migration.c:stop_return_path_thread_on_source',
        on: receives('shut'),
        does: { thread: 'completing -> ended' },
      },
      {
        name: 'lose the return path at the end of postcopy',
        cite: completion,
        on: hangup,
        does: { thread: 'completing -> finishing', migration: 'postcopy-active -> failing' },
        says: [announces('failing')],
        since: '11.0',
      },
      {
        name: 'fail at the end of postcopy',
        cite: completion,
        on: hangup,
        does: { thread: 'completing -> finishing', migration: 'postcopy-active -> failed' },
        says: [announces('failed')],
        // Until 8.1 the return path's thread waited for a recovery, and this thread for its end.
        since: '8.2',
        until: '10.2',
      },
      {
        name: 'complete the postcopy',
        cite: 'migration/migration.c:migration_completion_end',
        where: { bql: 'free' },
        does: { thread: 'ended -> finishing', migration: 'postcopy-active -> completed' },
        says: [announces('completed')],
        since: '10.0',
      },
      {
        name: 'complete the postcopy, without the lock',
        cite: completion,
        does: { thread: 'ended -> finishing', migration: 'postcopy-active -> completed', saying: '-> completed' },
        until: '9.2',
      },
      {
        name: 'find a cancel at the end of postcopy',
        cite: completion,
        does: { thread: 'ended -> finishing', migration: 'cancelling' },
        until: '9.2',
      },
      {
        name: 'find a cancel before the recovery',
        cite: pausing,
        // It was woken for a recovery, and by the time it looks, that is not what is there.
        where: { migration: 'cancelling' },
        does: { thread: 'syncing -> finishing' },
        may: true,
      },
      {
        name: 'ask which pages have been received',
        cite: 'migration/ram.c:ram_dirty_bitmap_sync_all',
        where: { link: 'up', migration: 'postcopy-recover' },
        does: { thread: 'syncing -> asked' },
        says: [sends('bitmap-request')],
      },
      {
        name: 'ask in vain which pages have been received',
        cite: 'migration/ram.c:ram_dirty_bitmap_sync_all',
        where: { link: 'cut' },
        does: { thread: 'syncing -> asked' },
        until: '8.1',
      },
      {
        name: 'tell nobody to resume',
        cite: 'migration/migration.c:postcopy_resume_handshake',
        where: { link: 'cut' },
        does: { thread: 'synced -> handshaking' },
        until: '8.1',
      },
      {
        name: 'hear which pages have been received',
        cite: 'migration/ram.c:ram_dirty_bitmap_reload',
        on: receives('bitmap'),
        does: { thread: 'asked -> synced' },
      },
      {
        name: 'tell the destination to resume',
        cite: 'migration/migration.c:postcopy_resume_handshake',
        where: { link: 'up', migration: 'postcopy-recover' },
        does: { thread: 'synced -> handshaking' },
        says: [sends('resume')],
      },
      {
        name: 'hear that the destination resumes',
        cite: 'migration/migration.c:migrate_handle_rp_resume_ack',
        on: receives('resume-ack'),
        does: {
          thread: 'handshaking -> streaming',
          migration: 'postcopy-recover -> postcopy-active',
          saying: 'nothing -> postcopy-active',
        },
      },
      ...each(
        ['syncing', 'synced'] as const,
        at =>
          ({
            name: `pause again while ${at}`,
            cite: `migration/migration.c:postcopy_do_resume, ${pausing}`,
            // A quit may have stored cancelling meanwhile.
            where: { link: 'cut', migration: ['postcopy-recover', 'cancelling'] },
            does: { thread: `${at} -> suspended`, migration: '-> postcopy-paused', saying: '-> postcopy-paused' },
            // Until 8.1 the return path's thread waited for a recovery and woke nobody: postcopy-recover for ever.
            since: '8.2',
          }) as const,
      ),
      ...each(
        ['asked', 'handshaking'] as const,
        at =>
          ({
            name: `pause again while ${at}`,
            cite: `migration/migration.c:postcopy_do_resume, ${pausing}`,
            on: hangup,
            where: { migration: ['postcopy-recover', 'cancelling'] },
            does: { thread: `${at} -> suspended`, migration: '-> postcopy-paused', saying: '-> postcopy-paused' },
            // Until 8.1 the return path's thread waited for a recovery and woke nobody: postcopy-recover for ever.
            since: '8.2',
          }) as const,
      ),
    ],
    'return path': [
      {
        // It finds its file broken, and lets go of the one that a recovery has put in its place meanwhile.
        name: 'crash on a return path that is gone',
        cite: 'migration/migration.c:source_return_path_thread, migration/migration.c:migration_release_from_dst_file',
        where: { migration: 'postcopy-recover', thread: ['syncing', 'asked'] },
        does: { link: 'up ~> cut' },
        says: [exits(null)],
        may: true,
        until: '8.1',
      },
      {
        name: 'hear that the devices are loaded',
        cite: 'migration/migration.c:source_return_path_thread',
        on: receives('pong'),
        does: { loaded: '-> yes' },
        since: '10.2',
      },
      {
        name: 'lose the word that the devices are loaded with the connection',
        cite: 'migration/migration.c:source_return_path_thread',
        // A peer that dies with something unread resets the connection: reading fails before what was under way is read.
        on: receives('pong'),
        where: { link: 'cut' },
        does: {},
        since: '10.2',
      },
    ],
  },
)

/** The destination in postcopy: the listening thread, the coroutine that loads the devices, and the bottom half. */
export const postcopyDestination = machine(
  'postcopy destination',
  {
    ...destination.variables,
    /** Where `postcopy_listen_thread()` is. */
    listen: listeners,
    /** Who runs the guest; see `colo-primary.ts`. */
    vcpu: ['none', 'tcg'],
    /** Whether the source has connected again and not been taken notice of. */
    calling: ['no', 'yes'],
  },
  {
    monitor: [
      ...each(
        ['now', 'before'] as const,
        when =>
          ({
            name: when === 'now' ? 'pause the incoming postcopy' : 'pause the active incoming postcopy',
            cite: 'migration/migration.c:qmp_migrate_pause',
            on: pause,
            where: { incoming: alive[when] },
            does: { link: 'up ~> cut' },
            says: [returns()],
            ...(when === 'now' ? { since: '9.1' } : { until: '9.0' }),
          }) as const,
      ),
      {
        name: 'listen for the recovery',
        cite: 'migration/migration.c:qmp_migrate_recover',
        on: recover,
        where: { incoming: 'postcopy-paused' },
        does: { listening: '-> yes' },
        says: [returns()],
        since: '8.2',
      },
      {
        name: 'listen for the recovery, and say setup',
        cite: 'migration/migration.c:qmp_migrate_recover, migration/migration.c:qemu_start_incoming_migration',
        on: recover,
        where: { incoming: 'postcopy-paused' },
        does: { listening: '-> yes' },
        says: [event('MIGRATION', { status: 'setup' }), returns()],
        until: '8.1',
      },
      {
        name: 'fail to listen for the recovery',
        cite: 'migration/migration.c:qmp_migrate_recover, migration/migration.c:migration_incoming_transport_cleanup',
        on: recover,
        where: { incoming: 'postcopy-paused' },
        does: { listening: '-> no' },
        says: [fails('Failed to bind socket')],
        despite: 'Whatever listened before has been closed.',
        since: '8.2',
      },
      {
        name: 'fail to listen for the recovery, and have said setup',
        cite: 'migration/migration.c:qmp_migrate_recover, migration/migration.c:qemu_start_incoming_migration',
        on: recover,
        where: { incoming: 'postcopy-paused' },
        does: { listening: '-> no' },
        says: [event('MIGRATION', { status: 'setup' }), fails('Failed to bind socket')],
        despite: 'Whatever listened before has been closed.',
        until: '8.1',
      },
      {
        name: 'refuse to recover what is not paused',
        cite: 'migration/migration.c:qmp_migrate_recover',
        on: recover,
        where: { incoming: '!postcopy-paused' },
        does: {},
        says: [fails('Migrate recover can only be run when postcopy is paused.')],
      },
    ],
    'main loop': [
      {
        name: 'refuse a stream that may go over to postcopy',
        cite: 'migration/savevm.c:loadvm_postcopy_handle_advise',
        where: { ...dispatched, 'postcopy-ram': 'off', advice: 'given', onError: 'stay' },
        does: { coroutine: 'loading -> done', incoming: 'active -> failed', link: 'up ~> cut' },
        says: [announces('failed')],
        since: '9.1',
      },
      {
        name: 'refuse a stream that may go over to postcopy and exit',
        cite: 'migration/savevm.c:loadvm_postcopy_handle_advise',
        where: { ...dispatched, 'postcopy-ram': 'off', advice: 'given', onError: 'exit' },
        does: { coroutine: 'loading -> done', incoming: 'active -> failed', link: 'up ~> cut' },
        says: [announces('failed'), exits(1)],
      },
      {
        name: 'unpack and listen',
        cite: 'migration/savevm.c:loadvm_postcopy_handle_listen, migration/postcopy-ram.c:postcopy_listen_thread',
        on: receives('package'),
        where: dispatched,
        does: {
          coroutine: 'loading -> unpacking',
          listen: 'none -> listening',
          incoming: 'active -> postcopy-device',
        },
        says: [announces('postcopy-device')],
        since: '10.2',
      },
      {
        name: 'unpack and listen in postcopy',
        cite: 'migration/savevm.c:loadvm_postcopy_handle_listen, migration/postcopy-ram.c:postcopy_listen_thread',
        on: receives('package'),
        where: dispatched,
        does: {
          coroutine: 'loading -> unpacking',
          listen: 'none -> listening',
          incoming: 'active -> postcopy-active',
        },
        says: [announces('postcopy-active')],
        until: '10.1',
      },
      {
        name: 'say that the devices are loaded',
        cite: 'migration/savevm.c:loadvm_process_command, migration/migration.c:migrate_send_rp_pong',
        where: { bql: 'free' },
        does: { coroutine: 'unpacking -> unpacked' },
        says: [sends('pong')],
        since: '10.2',
      },
      {
        name: 'let the guest run in postcopy',
        cite: 'migration/savevm.c:loadvm_postcopy_handle_run',
        where: { bql: 'free' },
        does: { coroutine: 'unpacked -> starting', incoming: 'postcopy-device -> postcopy-active' },
        says: [announces('postcopy-active')],
        since: '10.2',
      },
      {
        name: 'let the guest run though its memory will not come',
        cite: 'migration/savevm.c:loadvm_postcopy_handle_run',
        where: { bql: 'free', incoming: 'failed' },
        does: { coroutine: 'unpacked -> starting' },
        since: '10.2',
      },
      {
        name: 'have the devices loaded',
        cite: 'migration/savevm.c:loadvm_postcopy_handle_run',
        where: { bql: 'free' },
        does: { coroutine: 'unpacking -> starting' },
        until: '10.1',
      },
      {
        name: 'start the guest in postcopy',
        cite: 'migration/savevm.c:loadvm_postcopy_handle_run_bh',
        where: { ...dispatched, autostart: 'yes', source: '!suspended' },
        does: { coroutine: 'starting -> done', vm: 'inmigrate -> running' },
        says: [event('RESUME')],
      },
      {
        name: 'have a suspended guest suspended again in postcopy',
        cite: 'migration/savevm.c:loadvm_postcopy_handle_run_bh, system/cpus.c:vm_prepare_start',
        where: { ...dispatched, autostart: 'yes', source: 'suspended' },
        does: { coroutine: 'starting -> done', vm: 'inmigrate -> suspended' },
        says: [event('RESUME')],
        since: '9.0',
      },
      {
        name: 'keep the guest paused in postcopy',
        cite: 'migration/savevm.c:loadvm_postcopy_handle_run_bh',
        where: { ...dispatched, autostart: 'no' },
        does: { coroutine: 'starting -> done', vm: 'inmigrate -> paused' },
      },
      {
        name: 'end the postcopy',
        cite: 'migration/postcopy-ram.c:postcopy_listen_thread_bh, migration/migration.c:migration_incoming_state_destroy',
        where: dispatched,
        does: { listen: 'drained -> over', link: 'up ~> cut' },
        says: [sends('shut')],
        since: '10.2',
      },
      {
        name: 'give up the postcopy',
        cite: 'migration/postcopy-ram.c:postcopy_listen_thread_bh',
        where: { ...dispatched, onError: 'stay' },
        does: { listen: 'failed -> over', link: 'up ~> cut' },
        since: '10.2',
      },
      {
        name: 'give up the postcopy and exit',
        cite: 'migration/postcopy-ram.c:postcopy_listen_thread_bh',
        where: { ...dispatched, onError: 'exit' },
        does: { listen: 'failed -> over', link: 'up ~> cut' },
        says: [exits(1)],
        since: '10.2',
      },
      {
        name: 'take the connection of the recovery',
        cite: 'migration/migration.c:postcopy_try_recover',
        where: dispatched,
        does: {
          calling: 'yes -> no',
          listen: 'suspended -> recovering',
          incoming: 'postcopy-paused -> postcopy-recover',
        },
        says: [announces('postcopy-recover')],
      },
      {
        name: 'fail because the recovery leaves before it speaks',
        cite: 'migration/channel.c:migration_channel_process_incoming',
        on: hangup,
        where: { ...dispatched, onError: 'stay', incoming: 'postcopy-paused' },
        does: { calling: 'yes -> no', incoming: '-> failed' },
        says: [announces('failed')],
        since: '11.0',
      },
      {
        name: 'exit because the recovery leaves before it speaks',
        cite: 'migration/channel.c:migration_channel_process_incoming',
        on: hangup,
        where: { ...dispatched, onError: 'exit', incoming: 'postcopy-paused' },
        does: { calling: 'yes -> no', incoming: '-> failed' },
        says: [announces('failed'), exits(1)],
        since: '11.0',
      },
      {
        name: 'fail as a source because the recovery leaves before it speaks',
        cite: 'migration/channel.c:migration_channel_process_incoming',
        on: hangup,
        where: { ...dispatched, onError: 'stay', incoming: 'postcopy-paused' },
        does: { calling: 'yes -> no', migration: '-> failed' },
        says: [announces('failed')],
        since: '10.1',
        until: '10.2',
      },
      {
        name: 'fail as a source because the recovery leaves before it speaks, and exit',
        cite: 'migration/channel.c:migration_channel_process_incoming',
        on: hangup,
        where: { ...dispatched, onError: 'exit', incoming: 'postcopy-paused' },
        does: { calling: 'yes -> no', migration: '-> failed' },
        says: [announces('failed'), exits(1)],
        since: '10.1',
        until: '10.2',
      },
    ],
    'listening thread': [
      {
        name: 'lose the channel before the guest runs',
        cite: 'migration/postcopy-ram.c:postcopy_listen_thread',
        on: hangup,
        where: { coroutine: ['unpacking', 'unpacked'] },
        does: { listen: 'listening -> failed', incoming: 'postcopy-device -> failed' },
        says: [announces('failed')],
        since: '10.2',
      },
      {
        name: 'lose the channel before the guest runs, in postcopy',
        cite: 'migration/savevm.c:postcopy_ram_listen_thread',
        on: hangup,
        where: { coroutine: 'unpacking' },
        does: { listen: 'listening -> failed', incoming: 'postcopy-active -> failed' },
        says: [announces('failed')],
        until: '10.1',
      },
      {
        name: 'exit because its memory will not come',
        cite: 'migration/savevm.c:postcopy_ram_listen_thread',
        does: { listen: 'failed -> over', link: 'up ~> cut' },
        says: [exits(1)],
        until: '10.1',
      },
      {
        name: 'pause the incoming postcopy because the channel is broken',
        cite: 'migration/savevm.c:postcopy_pause_incoming',
        on: hangup,
        where: { coroutine: ['starting', 'done'] },
        does: { listen: 'listening -> suspended', incoming: 'postcopy-active -> postcopy-paused', calling: '-> no' },
        says: [announces('postcopy-paused')],
      },
      {
        name: 'receive the last page',
        cite: 'migration/postcopy-ram.c:postcopy_listen_thread',
        on: receives('last-page'),
        where: { coroutine: ['starting', 'done'] },
        does: { listen: 'listening -> drained', incoming: 'postcopy-active -> completed' },
        says: [announces('completed')],
      },
      {
        name: 'end the postcopy in its thread',
        cite: 'migration/savevm.c:postcopy_ram_listen_thread, migration/migration.c:migration_incoming_state_destroy',
        where: { bql: 'free' },
        does: { listen: 'drained -> over', link: 'up ~> cut' },
        says: [sends('shut')],
        until: '10.1',
      },
      {
        name: 'say which pages have been received',
        cite: 'migration/savevm.c:loadvm_handle_recv_bitmap, migration/migration.c:migrate_send_rp_recv_bitmap',
        on: receives('bitmap-request'),
        does: { listen: 'recovering -> told' },
        says: [sends('bitmap')],
      },
      {
        name: 'resume with the source',
        cite: 'migration/savevm.c:loadvm_postcopy_handle_resume',
        on: receives('resume'),
        does: { listen: 'told -> listening', incoming: 'postcopy-recover -> postcopy-active' },
        says: [announces('postcopy-active'), sends('resume-ack')],
      },
      ...each(
        ['recovering', 'told'] as const,
        at =>
          ({
            name: `pause the incoming postcopy again while ${at}`,
            cite: 'migration/savevm.c:postcopy_pause_incoming',
            on: hangup,
            where: { stranger: 'none' },
            does: {
              listen: `${at} -> suspended`,
              incoming: 'postcopy-recover -> postcopy-paused',
              calling: '-> no',
            },
            says: [announces('postcopy-paused')],
            // Until then the compare-and-swap only knew postcopy-active.
            since: '8.2',
          }) as const,
      ),
      ...each(
        ['recovering', 'told'] as const,
        at =>
          ({
            name: `crash because the recovery breaks while ${at}`,
            cite: 'migration/savevm.c:postcopy_pause_incoming, migration/savevm.c:qemu_loadvm_state_main',
            on: hangup,
            where: { stranger: 'none' },
            // postcopy_pause_incoming() closes the file, finds postcopy-recover and does not wait: the file is read again.
            does: { listen: `${at} -> failed`, incoming: 'postcopy-recover' },
            says: [exits(null)],
            until: '8.1',
          }) as const,
      ),
    ],
    guest: [
      {
        name: 'have a vCPU wait for a page',
        cite: 'migration/postcopy-ram.c:postcopy_ram_fault_thread',
        where: { vm: 'running', listen: ['listening', 'suspended', 'recovering', 'told'] },
        does: { page: 'there -> awaited' },
        may: true,
      },
      {
        name: 'have a vCPU wait for a page with the lock',
        cite: 'migration/postcopy-ram.c:postcopy_ram_fault_thread, accel/tcg/cpu-exec.c:cpu_handle_interrupt',
        // An interrupt is delivered under the lock, and its frame goes to memory that is not here yet.
        where: { vm: 'running', listen: ['listening', 'suspended', 'recovering', 'told'], vcpu: 'tcg' },
        does: { page: 'there -> awaited', bql: 'free -> migration' },
        may: true,
      },
      {
        name: 'give the vCPU its page',
        cite: 'migration/postcopy-ram.c:postcopy_place_page',
        where: { listen: 'listening', link: 'up', bql: '!migration' },
        does: { page: 'awaited -> there' },
      },
      {
        name: 'give the vCPU with the lock its page',
        cite: 'migration/postcopy-ram.c:postcopy_place_page, accel/tcg/cpu-exec.c:cpu_handle_interrupt',
        where: { listen: 'listening', link: 'up', vcpu: 'tcg' },
        does: { page: 'awaited -> there', bql: 'migration -> free' },
      },
      {
        name: 'have every page at last',
        cite: 'migration/postcopy-ram.c:postcopy_place_page',
        where: { listen: ['drained', 'over'], bql: '!migration' },
        does: { page: 'awaited -> there' },
      },
      {
        name: 'have every page at last, and let the lock go',
        cite: 'migration/postcopy-ram.c:postcopy_place_page, accel/tcg/cpu-exec.c:cpu_handle_interrupt',
        where: { listen: ['drained', 'over'], vcpu: 'tcg' },
        does: { page: 'awaited -> there', bql: 'migration -> free' },
      },
    ],
    world: [
      {
        name: 'take a stranger for the recovery',
        cite: 'migration/migration.c:migration_ioc_process_incoming, migration/migration.c:postcopy_try_recover',
        on: fault('stray'),
        where: { ...dispatched, listening: 'yes', calling: 'no' },
        does: {
          stranger: 'none -> in',
          listen: 'suspended -> recovering',
          incoming: 'postcopy-paused -> postcopy-recover',
        },
        says: [announces('postcopy-recover')],
        until: '10.0',
      },
      {
        name: 'take the nonsense of a stranger for the recovery',
        cite: 'migration/channel.c:migration_channel_identify, migration/migration.c:postcopy_try_recover',
        on: fault('stray garbage'),
        where: { ...dispatched, listening: 'yes', calling: 'no' },
        does: {
          stranger: 'none -> in',
          listen: 'suspended -> recovering',
          incoming: 'postcopy-paused -> postcopy-recover',
        },
        says: [announces('postcopy-recover')],
      },
      {
        name: 'pause because the stranger leaves',
        cite: 'migration/savevm.c:postcopy_pause_incoming',
        does: {
          stranger: 'in -> none',
          listen: 'recovering -> suspended',
          incoming: 'postcopy-recover -> postcopy-paused',
        },
        says: [announces('postcopy-paused')],
        may: true,
        since: '8.2',
      },
      {
        name: 'crash because the stranger leaves the recovery',
        cite: 'migration/savevm.c:postcopy_pause_incoming, migration/savevm.c:qemu_loadvm_state_main',
        does: { stranger: 'in -> none', listen: 'recovering -> failed', incoming: 'postcopy-recover' },
        says: [exits(null)],
        may: true,
        until: '8.1',
      },
    ],
  },
)
