/** COLO: two QEMUs in step, and how that ends. */
import { announced, asks, awaits, type Case, kill, pause, refused, send } from '../script.ts'
import {
  checkpoint,
  fast,
  heldActive,
  withColo as inColo,
  noMoreCheckpoints,
  replicating,
  snapshot,
  yank,
} from './common.ts'

const both = ['src', 'dst'] as const

/** Every case of COLO. */
export const colo: readonly Case[] = [
  {
    id: 'colo/checkpoints/1',
    quick: true,
    // Quitting in the middle of COLO is a case of its own: it may hang.
    end: 'kill',
    description: 'Enters COLO, lets three checkpoints pass, and asks both sides how they are meanwhile.',
    expectation: 'Both sides stay in colo; each checkpoint is one STOP and one RESUME on each, and nothing else.',
    sides: both,
    capabilities: inColo,
    script: [
      ...replicating,
      ...snapshot('src', 'dst'),
      ...checkpoint,
      ...snapshot('dst', 'src'),
      ...checkpoint,
      noMoreCheckpoints,
    ],
  },
  {
    id: 'colo/failover-primary/1',
    quick: true,
    description: 'Kills the secondary and tells the primary that the heartbeat is lost.',
    expectation: 'The primary announces completed and one COLO_EXIT, leaves COLO, and its guest runs on.',
    sides: both,
    capabilities: inColo,
    script: [
      ...replicating,
      pause(0.3),
      kill('dst'),
      pause(0.3),
      send('src', 'x-colo-lost-heartbeat'),
      awaits('src', 'MIGRATION', { status: 'completed' }),
      asks('src', 'query-status', { running: true }),
      refused('src', 'x-colo-lost-heartbeat'),
    ],
  },
  {
    id: 'colo/failover-secondary/1',
    quick: true,
    end: 'kill',
    description:
      'Yanks the connection at the secondary and tells it that the heartbeat is lost, while the primary lives.',
    expectation: 'The secondary announces completed and one COLO_EXIT, leaves COLO, and its guest runs on.',
    sides: both,
    capabilities: inColo,
    script: [
      ...replicating,
      pause(0.3),
      yank('dst'),
      pause(0.1),
      send('dst', 'x-colo-lost-heartbeat'),
      awaits('dst', 'MIGRATION', { status: 'completed' }),
      asks('dst', 'query-status', { running: true }),
      refused('dst', 'x-colo-lost-heartbeat'),
    ],
  },
  {
    id: 'colo/heartbeat-outside/1',
    quick: true,
    description:
      'Tells both sides that the heartbeat is lost though they are not in COLO, before and during a migration.',
    expectation: 'Each refuses with GenericError, and nothing changes: the migration completes.',
    sides: both,
    capabilities: ['events'],
    script: [
      refused('src', 'x-colo-lost-heartbeat'),
      refused('dst', 'x-colo-lost-heartbeat'),
      ...heldActive,
      refused('src', 'x-colo-lost-heartbeat'),
      refused('dst', 'x-colo-lost-heartbeat'),
      fast,
      announced('src', 'completed'),
      announced('dst', 'completed'),
    ],
  },
]
