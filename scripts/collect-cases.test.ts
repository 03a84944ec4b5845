/** What becomes of a case's transcript before it is kept. */
import { expect, test } from 'vitest'
import { cleaned, firsts } from './collect-cases.ts'

const head = {
  lockstep: 1,
  qemu: { src: '11.1.3' },
  case: 'a/b/1',
  faults: 'listed',
  argv: ['/usr/bin/qemu'],
  epoch: 1,
}
const said = (text: string): string => {
  const [, line = ''] = cleaned(`${JSON.stringify(head)}\n${JSON.stringify({ msg: { said: text } })}\n`).split('\n')
  return (JSON.parse(line) as { msg: { said: string } }).msg.said
}

test.each([
  ['unix:/tmp/lockstep-10-aBc/7/migration', 'unix:migration.sock'],
  ["connect to '/var/tmp/lockstep-10-aBc/12/nobody': No such file", "connect to 'nobody.sock': No such file"],
  ['nbd+unix:///parent0?socket=/tmp/lockstep-10-aBc/1/nbd', 'nbd+unix:///parent0?socket=nbd.sock'],
  ['file:/tmp/lockstep-10-aBc/1/stream', 'file:stream'],
  ['migration/colo.c', 'migration/colo.c'],
])('%j becomes %j', (before, after) => {
  expect(said(before)).toBe(after)
})

test('of the first line stays what says which run it is', () => {
  expect(JSON.parse(cleaned(JSON.stringify(head)))).toEqual({
    lockstep: 1,
    qemu: { src: '11.1.3' },
    case: 'a/b/1',
    faults: 'listed',
  })
})

test('of those that go by one name the first is taken, by number', () => {
  const of = (...names: string[]) => names.map(name => `${name}.seed1.ndjson`)
  expect(firsts(of('alone-dump-10', 'alone-dump-2', 'alone-dump-out-1', 'colo-cut-3'))).toEqual(
    of('alone-dump-2', 'alone-dump-out-1', 'colo-cut-3'),
  )
})
