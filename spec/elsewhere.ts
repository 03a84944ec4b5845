/**
 * The other side of a migration of which nobody told anything.
 *
 * A log of one QEMU is held against that QEMU and a peer that may do whatever
 * a peer can: send any message at any time, take any, and be reached or not.
 * That allows more than two real QEMUs would, and is small.
 */
import { each, machine, receives, sends } from './lang.ts'
import { stopped } from './run-state.ts'

const link = ['down', 'up', 'cut'] as const
/** What a destination can send: at the end of precopy, in postcopy, in COLO. */
const fromDestination = [
  'shut',
  'pong',
  'bitmap',
  'resume-ack',
  'checkpoint-ready',
  'checkpoint-reply',
  'vmstate-received',
  'vmstate-loaded',
] as const
/** What a source can send: the end of precopy, postcopy, COLO. */
const fromSource = [
  'end running',
  ...stopped.map(state => `end ${state}`),
  'end suspended',
  'package',
  'last-page',
  'bitmap-request',
  'resume',
  'checkpoint-request',
  'vmstate-send',
  'vmstate-size',
] as const

/** A peer that sends these and takes those. */
const peer = (
  name: string,
  says: readonly string[],
  hears: readonly string[],
  cite: { readonly says: string; readonly hears: string },
) =>
  machine(
    name,
    { link },
    {
      world: [
        ...each(
          says,
          message =>
            ({
              name: `say ${message}`,
              cite: cite.says,
              does: { link: 'up' },
              says: [sends(message)],
              may: true,
            }) as const,
        ),
        {
          name: 'hang up',
          cite: 'migration/qemu-file.c:qemu_fclose',
          does: { link: 'up -> cut' },
          may: true,
        },
        ...each(hears, message => ({
          name: `hear ${message}`,
          cite: cite.hears,
          on: receives(message),
          does: {},
        })),
      ],
    },
  )

/** Whatever listens for a source. */
export const anyDestination = peer('any destination', fromDestination, fromSource, {
  says: 'migration/migration.c:migrate_send_rp_message',
  hears: 'migration/savevm.c:qemu_loadvm_state_main',
})
/** Whatever connects to a destination. */
export const anySource = peer('any source', fromSource, fromDestination, {
  says: 'migration/savevm.c:qemu_savevm_command_send',
  hears: 'migration/migration.c:source_return_path_thread',
})
