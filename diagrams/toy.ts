/** A small system for tests: a door that is asked to open, a bell it rings at the other end of a wire, and a cut. */
import { explore, type Graph } from '../impl/explore.ts'
import type { Flat } from '../impl/flat.ts'
import { flatten } from '../impl/flatten.ts'
import { pack } from '../impl/pack.ts'
import {
  command,
  event,
  exits,
  fails,
  fault,
  hangup,
  like,
  machine,
  not,
  receives,
  returns,
  type System,
  sends,
  system,
  unlike,
  wire,
} from '../spec/lang.ts'

const door = machine(
  'door',
  {
    door: ['shut', 'opening', 'open', 'stuck', 'end', 'welded'],
    saying: ['nothing', 'open'],
    link: ['up', 'cut'],
  },
  {
    monitor: [
      {
        name: 'accept: "open"; #1',
        cite: 'door.c:qmp_open, door.c:door_open',
        on: command('door_open', { key: not(unlike('^[a-z]+|x$')) }),
        does: { door: 'shut -> opening' },
        says: [event('DOOR', { status: 'opening' }), returns()],
      },
      {
        name: 'refuse a key',
        cite: 'door.c:qmp_open',
        on: command('door_open', { key: unlike('^[a-z]+|x$') }),
        does: {},
        says: [fails('No such key | in *opening*')],
      },
      {
        name: 'give up',
        cite: 'door.c:qmp_cancel',
        on: command('cancel'),
        does: { door: ['opening', 'open'] },
        says: [returns({ given: like('^up$') })],
        since: '1.1',
      },
      {
        name: 'shut the open door',
        cite: 'door.c:qmp_shut',
        on: command('shut'),
        where: { door: ['opening', 'open', 'stuck'] },
        does: { door: '-> shut' },
        says: [event('DOOR', { status: 'shut' }), returns()],
      },
    ],
    hinge: [
      {
        name: 'swing',
        cite: 'door.c:swing',
        does: { door: 'opening -> open', saying: '-> open' },
        says: [sends('ring')],
      },
      {
        name: 'announce open',
        cite: 'door.c:say',
        does: { saying: 'open -> nothing' },
        says: [event('DOOR', { status: 'open' })],
      },
      { name: 'jam', cite: 'door.c:jam', does: { door: 'open -> stuck' }, may: true },
      {
        name: 'be found missing',
        cite: 'door.c:exit',
        does: { door: 'stuck -> end' },
        says: [event('GONE'), exits(3)],
        may: true,
      },
      { name: 'be closed for ever', cite: 'door.c:weld', does: { door: 'stuck -> welded' }, may: true, until: '1.9' },
    ],
  },
)

const bell = machine(
  'bell',
  { bell: ['still', 'ringing', 'mute'], link: ['up', 'cut'] },
  {
    clapper: [
      {
        name: 'hear the ring',
        cite: 'bell.c:ring',
        on: receives('ring'),
        does: { bell: 'still -> ringing' },
        says: [event('RING')],
      },
      { name: 'fall silent', cite: 'bell.c:ring', does: { bell: 'ringing -> still' } },
      { name: 'lose the door while still', cite: 'bell.c:lose', on: hangup, does: { bell: 'still -> mute' } },
      { name: 'lose the door while ringing', cite: 'bell.c:lose', on: hangup, does: { bell: 'ringing -> mute' } },
    ],
    world: [{ name: 'be killed', cite: 'signal(7)', on: fault('kill'), does: {}, says: [exits(null)] }],
  },
)

/** The toy as a system. */
export const toy: System = system('toy', {
  about: 'A door and a bell.',
  sides: { a: [door], b: [bell] },
  shared: { link: ['up', 'cut'] },
  wires: [wire('a', 'b', 1, { variable: 'link', up: 'up' })],
  rules: { network: [{ name: 'cut the wire', cite: 'tcp(7)', on: fault('cut'), does: { link: 'up -> cut' } }] },
}) as System

/** The toy under its only version. */
export const flat: Flat = flatten(toy, '1.5')

/** Everything the toy can do. */
export const graph: Graph = explore(pack(flat))
