/**
 * The secondary in COLO: it is stopped, fed the primary's state, and started, again and again.
 *
 * Its thread reads the checkpoint protocol; the main loop runs the failover.
 * When the failover comes, the main loop shuts the channel, wakes the thread
 * and waits for its end: until then this monitor does not answer.
 */

import { destination } from './destination.ts'
import { failover } from './failover.ts'
import { each, event, exits, hangup, machine, receives, sends } from './lang.ts'
import { announces, dispatched } from './run-state.ts'

const exit = (reason: string) => event('COLO_EXIT', { mode: 'secondary', reason })
const thread = 'migration/colo.c:colo_process_incoming_thread'
const checkpoint = 'migration/colo.c:colo_incoming_process_checkpoint'

/** The checkpoint loop of the secondary. */
export const secondary = machine(
  'secondary',
  {
    ...destination.variables,
    ...failover.variables,
    /** What the secondary could run on if the primary died now: its own state, a whole new one, or neither. */
    state: ['own', 'replacing'],
    /** How much of the primary's next state is here: none, its memory in the cache, or all of it. */
    arrived: ['nothing', 'memory', 'all'],
  },
  {
    'main loop': [
      ...each(
        ['running', 'prelaunch', 'paused'] as const,
        was =>
          ({
            name: `go on to COLO after the last of a guest in ${was}`,
            cite: 'migration/colo.c:colo_incoming_co',
            on: receives(`end ${was}`),
            where: { ...dispatched, 'x-colo': 'on' },
            does: { coroutine: 'loading -> colo', source: `-> ${was}`, secondary: '-> starting' },
          }) as const,
      ),
      {
        name: 'see the COLO thread end',
        cite: 'migration/colo.c:colo_incoming_co',
        where: { secondary: 'gone' },
        does: { coroutine: 'joining -> loaded', mainLoop: '-> free' },
      },
      {
        name: 'take over',
        cite: 'migration/migration.c:process_incoming_migration_bh',
        where: { ...dispatched, source: 'running', autostart: 'yes' },
        does: { coroutine: 'loaded -> done', vm: '-> running', incoming: 'completed' },
        says: [event('RESUME', {}, { vm: '!running' })],
      },
      ...each(
        ['prelaunch', 'paused'] as const,
        was =>
          ({
            name: `take over a guest that came in ${was}`,
            cite: 'migration/migration.c:process_incoming_migration_bh',
            where: { ...dispatched, source: was, 'x-colo': 'on' },
            does: { coroutine: 'loaded -> done', vm: '-> running', incoming: 'completed' },
            says: [event('RESUME', {}, { vm: '!running' })],
          }) as const,
      ),
    ],
    'COLO thread': [
      {
        name: 'become the secondary',
        cite: thread,
        does: { secondary: 'starting -> entered', incoming: 'active -> colo' },
        says: [announces('colo')],
      },
      {
        name: 'abort for want of a return path',
        cite: thread,
        where: { path: 'shut' },
        does: { secondary: 'entered -> gone', link: 'up ~> cut' },
        says: [exits(null)],
      },
      {
        name: 'forget any earlier failover on the secondary',
        cite: thread,
        where: { path: 'open' },
        does: { secondary: 'entered -> cleared', failover: '-> none' },
      },
      {
        name: 'end the return path of the migration',
        cite: thread,
        does: { secondary: 'cleared -> said' },
        says: [sends('shut')],
      },
      {
        name: 'start the guest beside the primary',
        cite: thread,
        where: { bql: 'free' },
        does: { secondary: 'said -> started', vm: '-> running' },
        says: [event('RESUME', {}, { vm: '!running' })],
      },
      {
        name: 'say that it is ready',
        cite: thread,
        does: { secondary: 'started -> serving' },
        says: [sends('checkpoint-ready')],
      },
      {
        name: 'hear a request for a checkpoint',
        cite: 'migration/colo.c:colo_wait_handle_message',
        on: receives('checkpoint-request'),
        does: { secondary: 'serving -> asked' },
      },
      {
        name: 'begin to stop the secondary for the checkpoint',
        cite: `${checkpoint}, system/cpus.c:do_vm_stop`,
        where: { bql: 'free' },
        does: { secondary: 'asked -> stopping', vm: 'running -> colo' },
      },
      {
        name: 'stop the secondary for the checkpoint',
        cite: 'system/cpus.c:do_vm_stop',
        where: { bql: 'free' },
        does: { secondary: 'stopping -> stopped' },
        says: [event('STOP')],
      },
      {
        name: 'find the secondary stopped at the checkpoint',
        cite: `${checkpoint}, system/cpus.c:vm_stop_force_state`,
        where: { bql: 'free', vm: '!running' },
        does: { secondary: 'asked -> stopped', vm: '-> colo' },
      },
      {
        name: 'say that it has stopped',
        cite: checkpoint,
        does: { secondary: 'stopped -> replied' },
        says: [sends('checkpoint-reply')],
      },
      {
        name: 'begin to receive the state',
        cite: checkpoint,
        on: receives('vmstate-send'),
        does: { secondary: 'replied -> receiving', arrived: '-> memory' },
      },
      {
        name: 'receive the whole state',
        cite: checkpoint,
        on: receives('vmstate-size'),
        does: { secondary: 'receiving -> buffered', arrived: '-> all' },
      },
      {
        name: 'say that the state has arrived',
        cite: checkpoint,
        does: { secondary: 'buffered -> whole' },
        says: [sends('vmstate-received')],
      },
      {
        name: 'throw its own state away and load',
        cite: checkpoint,
        where: { bql: 'free' },
        does: { secondary: 'whole -> loading', loading: '-> yes', state: '-> replacing' },
      },
      {
        name: 'run on the new state',
        cite: checkpoint,
        where: { bql: 'free' },
        does: {
          secondary: 'loading -> loaded',
          loading: '-> no',
          state: '-> own',
          arrived: '-> nothing',
          vm: '-> running',
        },
        says: [event('RESUME', {}, { vm: '!running' })],
      },
      {
        name: 'see a failover put off',
        cite: checkpoint,
        does: { secondary: 'loaded -> looking', failover: 'relaunch' },
      },
      {
        name: 'say that the state is loaded',
        cite: checkpoint,
        where: { failover: '!relaunch' },
        does: { secondary: 'loaded -> looking' },
        says: [sends('vmstate-loaded')],
      },
      {
        name: 'take up the failover that was put off',
        cite: `${thread}, migration/colo-failover.c:failover_request_active`,
        does: { secondary: 'looking -> leaving', failover: 'relaunch -> require', half: '-> scheduled' },
      },
      {
        name: 'notice the failover on the secondary between checkpoints',
        cite: thread,
        where: { failover: ['require', 'active', 'completed'] },
        does: { secondary: 'looking -> leaving' },
      },
      {
        name: 'have the secondary wait for the next checkpoint',
        cite: thread,
        where: { failover: 'none', incoming: 'colo' },
        does: { secondary: 'looking -> serving' },
      },
      {
        name: 'announce on the secondary an exit that was asked for',
        cite: thread,
        where: { failover: 'completed' },
        does: { secondary: 'leaving -> exiting' },
        says: [exit('request')],
      },
      {
        name: 'announce on the secondary an exit by error',
        cite: thread,
        where: { failover: '!completed' },
        does: { secondary: 'leaving -> exiting' },
        says: [exit('error')],
      },
      { name: 'end the COLO thread', cite: thread, does: { secondary: 'exiting -> gone', released: 'yes -> no' } },
    ],
    'COLO channel': [
      ...each(
        ['serving', 'replied', 'receiving'] as const,
        at =>
          ({
            name: `lose the primary while ${at}`,
            cite: `${at === 'serving' ? thread : checkpoint}, migration/colo.c:colo_receive_message`,
            on: hangup,
            does: { secondary: `${at} -> leaving`, arrived: '-> nothing' },
          }) as const,
      ),
      ...each(
        ['started', 'stopped', 'buffered', 'loaded'] as const,
        at =>
          ({
            name: `fail to send while ${at}`,
            cite: `${at === 'started' ? thread : checkpoint}, migration/colo.c:colo_send_message`,
            where: { link: 'cut' },
            does: { secondary: `${at} -> leaving`, arrived: '-> nothing' },
          }) as const,
      ),
    ],
  },
)
