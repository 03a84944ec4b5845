/** What becomes of a recorded run before it is kept. */
import { describe, expect, test } from 'vitest'
import { readTranscript } from '../conformance/transcript.ts'
import { choose, clean, orderOf, shorten } from './collect-transcripts.ts'

const header = { lockstep: 1, qemu: { src: '11.1.3', dst: '11.1.3' }, case: 'x', n: 4, machine: 'pc', epoch: 17.5 }
const line = (side: string, dir: string, msg: object, t = 12.3456) => ({ t, side, dir, msg })
const text = (...lines: object[]) => [header, ...lines].map(one => JSON.stringify(one)).join('\n')
const event = (name: string, data?: object) => line('src', '<-', { event: name, ...(data ? { data } : {}) })

describe('a path', () => {
  test.each([
    ['unix:/run/a-1/mig', 'unix:m.sock'],
    ['/run/a-1/migration2', 'm2.sock'],
    [
      "Failed to connect to '/run/a-1/nosuch': No such file or directory",
      "Failed to connect to 'nosuch.sock': No such file or directory",
    ],
    ['file:/a/b/c.img,x=/a/b/d', 'file:c.img,x=d.sock'],
    ['migration/colo.c', 'migration/colo.c'],
    ['Input/output error', 'Input/output error'],
    ['/', '/'],
  ])('%j becomes %j', (before, after) => {
    expect(shorten(before)).toBe(after)
  })
})

describe('a run', () => {
  test('is cleaned of all that is only the recorder’s own', () => {
    const run = clean(
      text(
        line('src', '!!', { start: { argv: ['qemu', '-qmp', 'unix:/run/a/src.qmp'] } }),
        line('-', '!!', { mark: 'before' }),
        line('src', '->', { execute: 'migrate', arguments: { uri: 'unix:/run/a/mig' } }),
        line('src', '<-', { return: { 'socket-address': [{ path: '/run/a/mig' }] } }),
        line('src', '!!', { stderr: 'qemu: terminating on signal 15' }),
        line('src', '!!', { kill: 'SIGTERM' }),
        line('src', '!!', { eof: true }),
        line('dst', '!!', { exit: { code: null, signal: 9, by: 'harness' } }),
      ),
      'some',
      '7',
    )
    expect(run).toMatchInlineSnapshot(`
      "{"lockstep":1,"qemu":{"src":"11.1.3","dst":"11.1.3"},"case":"recorded/some/7","machine":"pc","faults":"listed"}
      {"t":0.012346,"side":"src","dir":"->","msg":{"execute":"migrate","arguments":{"uri":"unix:m.sock"}}}
      {"t":0.012346,"side":"src","dir":"<-","msg":{"return":{"socket-address":[{"path":"m.sock"}]}}}
      {"t":0.012346,"side":"src","dir":"!!","msg":{"fault":"term"}}
      {"t":0.012346,"side":"dst","dir":"!!","msg":{"exit":{"code":null,"signal":"SIGKILL","by":"harness"}}}
      "
    `)
    expect(readTranscript(run ?? '', 'some-7.ndjson').lines).toHaveLength(4)
  })

  test('has all its faults listed only where they are of the kinds that are', () => {
    const faults = (...signals: string[]) =>
      JSON.parse(
        (clean(text(...signals.map(kill => line('dst', '!!', { kill }))), 's', '1') ?? '').split('\n')[0] ?? '',
      ).faults
    expect([faults(), faults('SIGKILL', 'SIGTERM'), faults('SIGKILL', 'SIGSTOP')]).toEqual([
      'listed',
      'listed',
      undefined,
    ])
  })

  test('is left out when there was a third side, or the recorder failed', () => {
    expect(clean(text(line('dst2', '<-', { event: 'STOP' })), 's', '1')).toBeUndefined()
    expect(clean(text(line('-', '!!', { harness_error: 'TimeoutError()' })), 's', '1')).toBeUndefined()
  })
})

describe('the order of events', () => {
  const order = (...lines: object[]) => orderOf(readTranscript(clean(text(...lines), 's', '1') ?? '', 's'))

  test('is a side’s own', () => {
    const stop = line('dst', '<-', { event: 'STOP' })
    expect(order(event('STOP'), stop, event('RESUME'))).toBe(order(stop, event('STOP'), event('RESUME')))
    expect(order(event('STOP'), event('RESUME'))).not.toBe(order(event('RESUME'), event('STOP')))
  })

  test('does not count passes and checkpoints', () => {
    const pass = (n: number) => event('MIGRATION_PASS', { pass: n })
    const pair = [event('STOP'), event('RESUME')]
    expect(order(pass(1), pass(2), ...pair, ...pair, ...pair)).toBe(order(pass(1), ...pair))
    expect(order(event('COLO_EXIT', { reason: 'error' }))).not.toBe(order(event('COLO_EXIT', { reason: 'request' })))
  })

  test('that is the commonest is chosen first, then the rarest, each by its shortest run', () => {
    const run = (n: string, ...names: string[]) => ({
      n,
      text: clean(text(...names.map(name => event(name))), 's', n) ?? '',
    })
    const runs = [
      run('11', 'A', 'B'),
      run('2', 'A', 'B'),
      run('3', 'A', 'B'),
      run('4', 'B', 'A'),
      run('5', 'B', 'A'),
      run('6', 'C'),
    ]
    expect(choose(runs, 2).map(({ n }) => n)).toEqual(['2', '6'])
    expect(choose(runs, 3).map(({ n }) => n)).toEqual(['2', '6', '4'])
    expect(choose(runs.slice(0, 3), 2).map(({ n }) => n)).toEqual(['2'])
  })
})
