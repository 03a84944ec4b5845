/** A link that stalls at a message: it is told of late, and whoever shuts it then does not get what it held. */
import { expect, test } from 'vitest'
import { readTranscript } from './transcript.ts'
import { validate } from './validate.ts'

const status = (at: string, name: string) => [at, '<-', { event: 'MIGRATION', data: { status: name } }]
const asks = (at: string, id: string, execute: string, args?: object, ...between: unknown[]) => [
  [at, '->', { execute, ...(args && { arguments: args }), id }],
  ...between,
  [at, '<-', { return: {}, id }],
]
const names = ['events', 'pause-before-switchover', 'return-path']
const capabilities = { capabilities: names.map(capability => ({ capability, state: true })) }

/** A source in device whose destination has completed, and the word of that is held. */
const said = (...more: unknown[]) => [
  ...asks('src', 'a', 'migrate-set-capabilities', capabilities),
  ...asks('dst', 'a', 'migrate-set-capabilities', capabilities),
  ...asks('dst', 'b', 'migrate-incoming', { uri: 'unix:m' }, status('dst', 'setup')),
  ...asks('src', 'b', 'migrate', { uri: 'unix:m' }, status('src', 'setup')),
  status('dst', 'active'),
  status('src', 'active'),
  ['src', '<-', { event: 'STOP' }],
  status('src', 'pre-switchover'),
  ...asks('src', 'c', 'migrate-continue', { state: 'pre-switchover' }),
  status('src', 'device'),
  ['dst', '<-', { event: 'RESUME' }],
  status('dst', 'completed'),
  ...asks('src', 'd', 'migrate_cancel', undefined, ...more),
]
const judged = (...lines: unknown[]) =>
  validate(
    readTranscript(
      [
        { lockstep: 1, qemu: { src: '11.1.3', dst: '11.1.3' }, faults: 'listed' },
        ...(lines as [string, string, object][]).map(([side, dir, msg], i) => ({ t: i, side, dir, msg })),
      ]
        .map(line => `${JSON.stringify(line)}\n`)
        .join(''),
      'log',
    ),
  ).verdict

const torn = [
  status('src', 'failing'),
  status('src', 'cancelling'),
  ['src', '<-', { event: 'RESUME' }],
  status('src', 'cancelled'),
]

test('a cancel of such a migration may find its return path broken first', () => {
  // Seen of an honest 11.1.1: once in 60.
  expect(judged(...said(...torn), ['src', '!!', { fault: 'stall' }])).toBe('known deviation')
  expect(judged(...said(...torn))).toBe('violates')
})
