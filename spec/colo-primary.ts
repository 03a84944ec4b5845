/**
 * The primary in COLO: the checkpoint loop, and how it is left.
 *
 * The thread that migrated goes on as the COLO thread.  It holds the big lock
 * only to stop, save and start the guest, and reads the failover status and
 * its own migration status without it.  All that is surprising follows from
 * that, and from `colo_exit_event`: whoever leaves the loop waits there until
 * a failover releases it.
 */

import { failover } from './failover.ts'
import { each, event, hangup, machine, receives, sends } from './lang.ts'
import { source } from './source.ts'

const exit = (reason: string) => event('COLO_EXIT', { mode: 'primary', reason })
const transaction = 'migration/colo.c:colo_do_checkpoint_transaction'
const loop = 'migration/colo.c:colo_process_checkpoint'

/** The checkpoint loop of the primary. */
export const primary = machine(
  'primary',
  { ...source.variables, ...failover.variables },
  {
    'main loop': [
      {
        name: 'release the COLO thread on the way out',
        cite: 'migration/colo.c:colo_shutdown',
        where: { migration: 'colo', quitting: 'announced' },
        does: { released: 'no -> yes' },
      },
    ],
    'COLO thread': [
      {
        name: 'find itself the primary',
        cite: loop,
        where: { migration: 'colo' },
        does: { colo: 'entering -> checked' },
      },
      {
        name: 'find COLO already left',
        cite: loop,
        where: { migration: '!colo', bql: 'free' },
        does: {
          colo: 'entering -> none',
          thread: 'colo -> cleaning',
          was: '-> running',
          vm: '-> running',
          released: '-> no',
        },
        says: [event('RESUME', {}, { vm: '!running' })],
      },
      { name: 'forget any earlier failover', cite: loop, does: { colo: 'checked -> awaiting', failover: '-> none' } },
      {
        name: 'start the guest once the secondary is ready',
        cite: loop,
        on: receives('checkpoint-ready'),
        where: { bql: 'free' },
        does: { colo: 'awaiting -> looping', vm: '-> running' },
        says: [event('RESUME', {}, { vm: '!running' })],
      },
      {
        name: 'wait for the next checkpoint',
        cite: loop,
        where: { failover: 'none', migration: 'colo' },
        does: { colo: 'looping -> waiting' },
      },
      {
        name: 'notice the failover between checkpoints',
        cite: loop,
        where: { failover: '!none' },
        does: { colo: 'looping -> leaving' },
      },
      {
        name: 'notice that COLO is over',
        cite: loop,
        where: { migration: '!colo' },
        does: { colo: 'looping -> leaving' },
      },
      { name: 'wake up after COLO', cite: loop, where: { migration: '!colo' }, does: { colo: 'waiting -> leaving' } },
      {
        name: 'ask for a checkpoint',
        cite: transaction,
        where: { migration: 'colo' },
        does: { colo: 'waiting -> asked' },
        says: [sends('checkpoint-request')],
        may: true,
      },
      {
        name: 'hear that the secondary has stopped',
        cite: transaction,
        on: receives('checkpoint-reply'),
        does: { colo: 'asked -> replied' },
      },
      {
        name: 'notice the failover before stopping',
        cite: transaction,
        where: { bql: 'free', failover: '!none' },
        does: { colo: 'replied -> leaving' },
      },
      {
        name: 'begin to stop for the checkpoint',
        cite: `${transaction}, system/cpus.c:do_vm_stop`,
        where: { bql: 'free', failover: 'none' },
        does: { colo: 'replied -> stopping', vm: 'running -> colo' },
      },
      {
        name: 'stop for the checkpoint',
        cite: 'system/cpus.c:do_vm_stop',
        where: { bql: 'free' },
        does: { colo: 'stopping -> stopped' },
        says: [event('STOP')],
      },
      {
        name: 'find the guest stopped at the checkpoint',
        cite: `${transaction}, system/cpus.c:vm_stop_force_state`,
        where: { bql: 'free', failover: 'none', vm: '!running' },
        does: { colo: 'replied -> stopped', vm: '-> colo' },
      },
      {
        name: 'notice the failover after stopping',
        cite: transaction,
        where: { failover: '!none' },
        does: { colo: 'stopped -> leaving' },
      },
      {
        name: 'begin to send the state',
        cite: transaction,
        where: { failover: 'none' },
        does: { colo: 'stopped -> saving', bql: 'free -> checkpoint' },
        says: [sends('vmstate-send')],
      },
      {
        name: 'send the whole state',
        cite: transaction,
        does: { colo: 'saving -> sent', bql: 'checkpoint -> free' },
        says: [sends('vmstate-size')],
      },
      {
        name: 'hear that the state has arrived',
        cite: transaction,
        on: receives('vmstate-received'),
        does: { colo: 'sent -> received' },
      },
      {
        name: 'hear that the state is loaded',
        cite: transaction,
        on: receives('vmstate-loaded'),
        does: { colo: 'received -> loaded' },
      },
      {
        name: 'resume after the checkpoint',
        cite: transaction,
        where: { bql: 'free' },
        does: { colo: 'loaded -> looping', vm: '-> running' },
        says: [event('RESUME', {}, { vm: '!running' })],
      },
      {
        name: 'announce an exit that was asked for',
        cite: loop,
        where: { failover: 'completed' },
        does: { colo: 'leaving -> exiting' },
        says: [exit('request')],
      },
      {
        name: 'announce an exit by error',
        cite: loop,
        where: { failover: '!completed' },
        does: { colo: 'leaving -> exiting' },
        says: [exit('error')],
      },
      {
        name: 'run on alone',
        cite: 'migration/migration.c:migration_iteration_finish',
        where: { bql: 'free', vm: '!shutdown' },
        does: {
          colo: 'exiting -> none',
          thread: 'colo -> cleaning',
          released: 'yes -> no',
          was: '-> running',
          vm: '-> running',
        },
        says: [event('RESUME', {}, { vm: '!running' })],
      },
      {
        name: 'end alone in the shutdown',
        cite: 'migration/migration.c:migration_iteration_finish',
        where: { bql: 'free', vm: 'shutdown' },
        does: { colo: 'exiting -> none', thread: 'colo -> cleaning', released: 'yes -> no', was: '-> running' },
      },
    ],
    'COLO channel': [
      ...each(
        ['awaiting', 'asked', 'sent', 'received'] as const,
        at =>
          ({
            name: `lose the secondary while ${at}`,
            cite: `${at === 'awaiting' ? loop : transaction}, migration/colo.c:colo_receive_message`,
            on: hangup,
            does: { colo: `${at} -> leaving` },
          }) as const,
      ),
      {
        name: 'fail to send the state',
        cite: transaction,
        where: { link: 'cut' },
        does: { colo: 'saving -> leaving', bql: 'checkpoint -> free' },
      },
      {
        name: 'fail to begin to send the state',
        cite: `${transaction}, migration/colo.c:colo_send_message`,
        where: { link: 'cut', bql: 'free' },
        does: { colo: 'stopped -> leaving' },
      },
      {
        name: 'fail to ask for a checkpoint',
        cite: `${transaction}, migration/colo.c:colo_send_message`,
        where: { link: 'cut', migration: 'colo' },
        does: { colo: 'waiting -> leaving' },
        may: true,
      },
    ],
  },
)
