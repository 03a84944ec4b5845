import { describe, expect, test } from 'vitest'
import { qemuArgs } from './launch.ts'
import { QemuArgsError, readQemuArgs } from './qemu-args.ts'

describe("QEMU's command line", () => {
  test('names a monitor in each of the ways there are', () => {
    const words = [
      ...['-qmp', 'unix:/run/a,,b,server=on,wait=off'],
      ...['--qmp', 'tcp:127.0.0.1:4444,server,nowait'],
      ...['-chardev', 'socket,id=c0,path=/run/c,server=on', '-mon', 'chardev=c0,mode=control'],
      ...['-chardev', 'socket,id=c1,host=::1,port=5', '-mon', 'c1,mode=control'],
      ...['-chardev', 'socket,id=c2,fd=23,server=on', '-mon', 'chardev=c2,mode=control'],
      ...['-qmp', 'stdio'],
    ]
    expect(readQemuArgs(words)).toEqual({
      monitors: [
        { address: 'unix:/run/a,b', listens: true },
        { address: 'tcp:127.0.0.1:4444', listens: true },
        { address: 'unix:/run/c', listens: true },
        { address: 'tcp:[::1]:5', listens: false },
        { address: 'fd:23', listens: true },
        { address: 'stdio', listens: false },
      ],
      paused: false,
      ignored: [],
    })
  })

  test('has a guest, where it comes from, and much that has no part in it', () => {
    const words = [...qemuArgs({ paused: true, incoming: 'defer' }), '-name', 'guest=web,process=q', 'disk.img']
    expect(readQemuArgs(words)).toEqual({
      monitors: [],
      incoming: 'defer',
      paused: true,
      name: 'web',
      ignored: words.filter(word => !['-S', '-incoming', 'defer', '-name', 'guest=web,process=q'].includes(word)),
    })
    expect(readQemuArgs(['-name', 'web']).name).toBe('web')
    expect(readQemuArgs(['--version']).asks).toBe('version')
  })

  test.each([
    [['-qmp'], '-qmp: requires an argument'],
    [['-qmp', 'pty'], '-qmp pty: lockstep knows unix:, tcp: and stdio'],
    [['-mon', 'chardev=no,mode=control'], 'there is no chardev "no" that a monitor could have'],
    [['-chardev', 'socket,path=/x'], '-chardev socket,path=/x: it has no id'],
    [['-chardev', 'socket,id=x'], '-chardev socket,id=x: it has neither a path nor a port'],
  ])('%j is refused', (words, message) => {
    expect(() => readQemuArgs(words)).toThrow(new QemuArgsError(message))
  })
})
