import { describe, expect, test } from 'vitest'
import { citeIn } from './cites.ts'

const moved = [
  { now: 'new/a.c', was: 'old/a.c', until: '8.1' },
  { now: 'new/a.c:f', was: 'other/b.c:g', until: '7.2' },
  { now: 'new/a.c:h', was: 'new/a.c:h2', until: '10.2' },
  { now: 'new/a.c:h', was: 'old/a.c:h1', until: '7.2' },
  { now: 'new/a.c:k', was: 'new/a.c:h2', until: '10.2' },
]

describe('a cite', () => {
  test.each([
    ['new/a.c:f', '11.1', 'new/a.c:f'],
    ['new/a.c:f', '8.2', 'new/a.c:f'],
    ['new/a.c:f', '8.1', 'old/a.c:f'],
    ['new/a.c:f', '8.0', 'old/a.c:f'],
    // What is said of a function goes before what is said of its file.
    ['new/a.c:f', '7.2', 'other/b.c:g'],
    // Of two old names, the one of that time.
    ['new/a.c:h', '10.0', 'new/a.c:h2'],
    ['new/a.c:h', '7.1', 'old/a.c:h1'],
    ['new/c.c:f', '7.2', 'new/c.c:f'],
    ['tcp(7)', '7.2', 'tcp(7)'],
    ['new/c.c:f, new/a.c:f', '7.2', 'new/c.c:f, other/b.c:g'],
    // Two functions of today may have been one.
    ['new/a.c:h, new/a.c:k', '10.2', 'new/a.c:h2'],
  ])('%s is in %s called %s', (cite, version, expected) => {
    expect(citeIn(cite, version, moved)).toBe(expected)
  })
})
