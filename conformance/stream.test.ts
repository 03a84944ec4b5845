import { describe, expect, test } from 'vitest'
import { Ear, messages } from './stream.ts'
import type { Side } from './transcript.ts'

const be32 = (...numbers: readonly number[]) =>
  numbers.flatMap(n => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255])
const text = (words: string) => [...Buffer.from(words)]

type Said = readonly [Side, readonly number[]]

/** A checkpoint as the two sides say it, with a page of RAM that looks like nothing. */
const checkpoint: readonly Said[] = [
  ['src', be32(1)],
  ['dst', be32(2)],
  ['src', [...be32(3), 2, ...text('ram and ram'), 0, ...be32(4), ...be32(0, 30_000), ...text('vmstate')]],
  ['dst', be32(5)],
  ['dst', be32(6)],
]
const inColo: readonly Said[] = [['src', text('QEVM…')], ['dst', be32(0)], ...checkpoint, ...checkpoint]

const recovery: readonly Said[] = [
  ['src', [8, 0, 10, 0, 7, 6, ...text('pc.ram')]],
  // A bitmap of 8 bytes, in which there is what would be a message anywhere else.
  ['dst', [0, 5, 0, 7, 6, ...text('pc.ram'), ...be32(0, 8), ...be32(0x00060004, 0), ...be32(0x01234567, 0x89abcdef)]],
  ['src', [8, 0, 10, 0, 8, 7, ...text('pc.bios')]],
  ['dst', [0, 5, 0, 8, 7, ...text('pc.bios'), ...be32(0, 8), ...be32(0, 0), ...be32(0x01234567, 0x89abcdef)]],
  ['src', [8, 0, 9, 0, 0]],
  ['dst', [0, 6, 0, 4, 0, 0, 0, 1]],
  ['src', text('pages')],
  ['dst', [0, 4, 0, 12, ...be32(0, 0, 4096)]],
]

/** What is heard, when each side's bytes come in pieces of this size. */
function heard(said: readonly Said[], size: number): string[] {
  const ear = new Ear()
  return said.flatMap(([side, bytes]) => {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.slice(i * size, (i + 1) * size),
    )
    return chunks.flatMap(chunk => ear.hear(side, Buffer.from(chunk)).map(({ name }) => `${side} ${name}`))
  })
}

describe.each([1, 2, 3, 1000])('in pieces of %d bytes', size => {
  test("COLO's messages are heard", () => {
    const once = ['src checkpoint-request', 'dst checkpoint-reply', 'src vmstate-send', 'src vmstate-size']
    const whole = [...once, 'dst vmstate-received', 'dst vmstate-loaded']
    expect(heard(inColo, size)).toEqual(['dst checkpoint-ready', ...whole, ...whole])
  })

  test('those of a recovery are heard', () => {
    expect(heard(recovery, size)).toEqual([
      'src bitmap-request',
      'dst bitmap',
      'src bitmap-request',
      'dst bitmap',
      'src resume',
      'dst resume-ack',
      'dst page-request',
    ])
  })

  test('and the package of postcopy', () => {
    const stream: readonly Said[] = [
      ['src', [...text('QEVM and RAM'), 8, 0, 7, 0, 4, 0, 0, 99, 9, ...text('devices')]],
      ['dst', [0, 2, 0, 4, ...be32(3)]],
      ['dst', [0, 1, 0, 4, ...be32(0)]],
    ]
    expect(heard(stream, size)).toEqual(['src package', 'dst pong', 'dst shut'])
  })
})

test('says where they are', () => {
  const ear = new Ear()
  ear.hear('src', Buffer.from('QEVM'))
  expect(ear.hear('dst', Buffer.from(be32(0)))).toEqual([{ name: 'checkpoint-ready', from: 0, to: 4 }])
  expect(ear.hear('src', Buffer.from([9, 9, 0, 0]))).toEqual([])
  expect(ear.hear('src', Buffer.from([0, 1, 7]))).toEqual([{ name: 'checkpoint-request', from: 0, to: 2 }])
  expect(ear.hear('dst', Buffer.from(be32(2, 5)))).toMatchObject([{ to: 4 }, { from: 4, to: 8 }])
})

test('every message has a name of its own', () => {
  expect(messages).toEqual({
    src: ['package', 'bitmap-request', 'resume', 'checkpoint-request', 'vmstate-send', 'vmstate-size'],
    dst: [
      'shut',
      'pong',
      'page-request',
      'bitmap',
      'resume-ack',
      'switchover-ack',
      'checkpoint-ready',
      'checkpoint-reply',
      'vmstate-received',
      'vmstate-loaded',
    ],
  })
})
