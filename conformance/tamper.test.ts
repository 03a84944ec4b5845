/** Whether a liar lies as it was told, once, and passes on the rest. */
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { connect } from './qmp.ts'
import { Liar, type Plan, tamper } from './tamper.ts'
import { tempDir } from './temp.ts'

const said = [
  '{"event":"MIGRATION","data":{"status":"setup"}}',
  '{"return":{}}',
  '{"event":"MIGRATION","data":{"status":"active"}}',
  '{"event":"STOP"}',
]

test.each([
  ['drop', [0, 1, 3]],
  ['double', [0, 1, 2, 2, 3]],
  ['delay', [0, 1, 3, 2]],
] as const)('%s', (kind, order) => {
  const liar = new Liar({ kind, event: 'MIGRATION', n: 2 })
  expect(said.flatMap(line => liar.tell(line))).toEqual(order.map(i => said[i]))
  expect(liar.done).toBe(true)
})

test.each([
  ['rename', { event: 'STOP', data: { status: 'active' } }],
  ['status', { event: 'MIGRATION', data: { status: 'failed' } }],
] as const)('%s', (kind, changed) => {
  const liar = new Liar({ kind, event: 'MIGRATION', n: 2 })
  expect(said.flatMap(line => liar.tell(line)).map(line => JSON.parse(line))[2]).toEqual(changed)
})

test('what does not come is not lied about, and what is no message passes', () => {
  const liar = new Liar({ kind: 'drop', event: 'RESUME', n: 1 })
  expect([...said, 'not JSON'].flatMap(line => liar.tell(line))).toEqual([...said, 'not JSON'])
  expect(liar.done).toBe(false)
})

test('a client hears through it what a monitor says, but for the lie', async () => {
  const dir = tempDir()
  const greeting = { QMP: { version: { qemu: { major: 11, minor: 1, micro: 3 }, package: '' }, capabilities: [] } }
  const sockets: Socket[] = []
  const monitor = createServer(socket => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.write(`${JSON.stringify(greeting)}\r\n`)
    socket.on('data', chunk => {
      const { id } = JSON.parse(String(chunk)) as { id: unknown }
      for (const line of said.filter(one => one.includes('event'))) socket.write(`${line}\r\n`)
      socket.write(`${JSON.stringify({ return: {}, id })}\r\n`)
    })
  })
  await new Promise<void>(resolve => monitor.listen(join(dir, 'm'), resolve))
  const plan: Plan = { kind: 'drop', event: 'STOP', n: 1 }
  const lying = await tamper(join(dir, 'l'), join(dir, 'm'), plan)
  const heard: unknown[] = []
  const client = await connect({ path: join(dir, 'l') }, { tap: (dir, msg) => dir === '<-' && heard.push(msg.event) })
  expect(heard.filter(name => name !== undefined)).toEqual(['MIGRATION', 'MIGRATION'])
  expect(lying.done()).toBe(true)
  client.close()
  lying.close()
  for (const socket of sockets) socket.destroy()
  monitor.close()
})
