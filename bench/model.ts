/**
 * A toy of COLO that can be made as large as one likes: a primary and a
 * secondary that take checkpoints in lockstep over two wires, a link that may
 * be cut, a failover on each side, `checkpoints` that are counted, and `retries`
 * that count up after a cut, each by itself.
 *
 * It is for measuring, and says nothing about QEMU.
 */
import { each, machine, receives, type System, sends, system, type Variables, wire } from '../spec/lang.ts'

const cite = 'bench/model.ts:model'

/** How large it is. */
export interface Size {
  readonly checkpoints: number
  readonly retries: number
}

const TRIES = ['idle', 'first', 'second', 'third'] as const

export function model({ checkpoints, retries }: Size): System {
  const counts = Array.from({ length: checkpoints + 1 }, (_, i) => `n${i}`)
  const side = {
    migration: ['none', 'setup', 'active', 'colo', 'completed', 'failed'],
    failover: ['none', 'require', 'active', 'completed'],
    vm: ['stopped', 'running'],
    process: ['alive', 'gone'],
    link: ['up', 'cut'],
  }
  const primary = machine(
    'primary',
    { ...side, count: counts, at: ['start', 'asked', 'sent', 'size', 'waiting', 'loaded'] } as Variables,
    {
      monitor: [
        { name: 'start', cite, where: { link: 'up' }, does: { migration: 'none -> setup' }, says: [sends('HELLO')] },
        { name: 'lose the heartbeat', cite, does: { migration: 'colo', link: 'cut', failover: 'none -> require' } },
      ],
      migration: [
        { name: 'go', cite, does: { migration: 'setup -> active', vm: '-> running' }, says: [sends('RAM')] },
        { name: 'enter COLO', cite, on: receives('READY'), does: { migration: 'active -> colo' } },
        { name: 'fail', cite, where: { link: 'cut' }, does: { migration: 'active -> failed' } },
      ],
      checkpoint: [
        ...counts.slice(1).map((now, i) => ({
          name: `ask for checkpoint ${now}`,
          cite,
          does: { migration: 'colo', failover: 'none', at: 'start -> asked', count: `${counts[i]} -> ${now}` },
          says: [sends('REQUEST')],
        })),
        { name: 'stop', cite, on: receives('REPLY'), does: { at: 'asked -> sent', vm: 'running -> stopped' } },
        { name: 'send the state', cite, does: { at: 'sent -> size' }, says: [sends('SEND')] },
        { name: 'send the size', cite, does: { at: 'size -> waiting' }, says: [sends('SIZE')] },
        { name: 'hear of the state', cite, on: receives('RECEIVED'), does: { at: 'waiting -> loaded' } },
        { name: 'go on', cite, on: receives('LOADED'), does: { at: 'loaded -> start', vm: 'stopped -> running' } },
      ],
      failover: [
        { name: 'begin to fail over', cite, does: { failover: 'require -> active' } },
        {
          name: 'fail over',
          cite,
          does: { failover: 'active -> completed', migration: 'colo -> completed', vm: '-> running', at: '-> start' },
        },
      ],
    },
  )
  const secondary = machine(
    'secondary',
    { ...side, at: ['start', 'replied', 'ready', 'size', 'received', 'loading'] } as Variables,
    {
      migration: [
        { name: 'hear', cite, on: receives('HELLO'), does: { migration: 'none -> setup' } },
        { name: 'take memory', cite, on: receives('RAM'), does: { migration: 'setup -> active' } },
        { name: 'be ready', cite, does: { migration: 'active -> colo' }, says: [sends('READY')] },
        { name: 'fail', cite, where: { link: 'cut' }, does: { migration: 'active -> failed' } },
      ],
      checkpoint: [
        {
          name: 'hear of a checkpoint',
          cite,
          on: receives('REQUEST'),
          does: { migration: 'colo', at: 'start -> replied' },
        },
        { name: 'reply', cite, does: { at: 'replied -> ready' }, says: [sends('REPLY')] },
        { name: 'take the state', cite, on: receives('SEND'), does: { at: 'ready -> size' } },
        { name: 'take the size', cite, on: receives('SIZE'), does: { at: 'size -> received' } },
        { name: 'say it has it', cite, does: { at: 'received -> loading' }, says: [sends('RECEIVED')] },
        { name: 'load it', cite, does: { at: 'loading -> start', failover: 'none' }, says: [sends('LOADED')] },
      ],
      monitor: [
        { name: 'lose the heartbeat', cite, does: { migration: 'colo', link: 'cut', failover: 'none -> require' } },
      ],
      failover: [
        { name: 'begin to fail over', cite, does: { failover: 'require -> active' } },
        {
          name: 'take over',
          cite,
          does: {
            failover: 'active -> completed',
            migration: 'colo -> completed',
            vm: 'stopped -> running',
            at: '-> start',
          },
        },
      ],
    },
  )
  const names = Array.from({ length: retries }, (_, i) => `retry${i}`)
  const shared: Variables = { link: ['up', 'cut'], ...Object.fromEntries(names.map(name => [name, TRIES])) }
  return system(`COLO toy, ${checkpoints} checkpoints, ${retries} retries`, {
    about: 'A toy for measuring.',
    sides: { pri: [primary], sec: [secondary] },
    shared,
    wires: [
      wire('pri', 'sec', 2, { variable: 'link', up: 'up' }),
      wire('sec', 'pri', 2, { variable: 'link', up: 'up' }),
    ],
    rules: {
      network: [{ name: 'cut the link', cite, does: { link: 'up -> cut' } }],
      world: each(['pri', 'sec'] as const, at => ({
        name: `kill ${at}`,
        cite,
        does: { link: 'cut', [`${at}.process`]: 'alive -> gone' },
      })),
      retry: names.flatMap(name =>
        TRIES.slice(1).map((to, i) => ({
          name: `${name} ${to}`,
          cite,
          does: { link: 'cut', [name]: `${TRIES[i]} -> ${to}` },
        })),
      ),
    } as never,
  }) as unknown as System
}
