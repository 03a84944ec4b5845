/** What a reference endpoint holds for its clients, all together, has a bound. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pair } from '../spec/systems.ts'
import { flatten } from './flatten.ts'
import { type Endpoint, serve } from './server.ts'

const flat = flatten(pair, '11.1')
const mebi = 1 << 20
let folder = ''
let endpoint: Endpoint
const sockets: Socket[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-crowd-'))
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await endpoint.close()
  rmSync(folder, { recursive: true })
})

const start = async (mostHeld?: number) => {
  const options = { listen: { src: `unix:${join(folder, 'src')}` }, ...(mostHeld !== undefined && { mostHeld }) }
  endpoint = await serve(flat, { ...options, start: { 'src.vm': 'running' } })
}

async function client(): Promise<Socket> {
  const socket = connect({ path: join(folder, 'src') })
  sockets.push(socket)
  socket.on('error', () => {})
  await new Promise(resolve => socket.once('connect', resolve))
  return socket
}

/** Whether somebody new is greeted. */
async function serves(): Promise<boolean> {
  const socket = await client()
  const greeted = await Promise.race([
    new Promise<boolean>(resolve => socket.once('data', () => resolve(true))),
    sleep(10_000).then(() => false),
  ])
  socket.destroy()
  return greeted
}

async function until(test: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !test(); i++) await sleep(5)
  expect(test()).toBe(true)
}

const half = `{"execute": "${'x'.repeat(2 * mebi)}`

test.each([8 * mebi, undefined])('of values that are half sent no more than %s bytes are held', async mostHeld => {
  await start(mostHeld)
  const many = await Promise.all(Array.from({ length: 12 }, client))
  for (const one of many) one.resume().write(half)
  if (mostHeld === undefined) {
    // Twelve are not too many by themselves.
    await until(() => endpoint.heldBytes >= 12 * half.length)
    expect(endpoint.connected('src')).toBe(12)
  } else await until(() => endpoint.connected('src') <= 4)
  expect(endpoint.heldBytes).toBeLessThanOrEqual(mostHeld ?? Number.POSITIVE_INFINITY)
  expect(await serves()).toBe(true)
  for (const one of many) one.destroy()
  await until(() => endpoint.connected('src') === 0 && endpoint.heldBytes === 0)
})

test('of answers that nobody reads no more is held than there is room for', async () => {
  await start(4 * mebi)
  const id = 'x'.repeat(500_000)
  const many = await Promise.all(Array.from({ length: 30 }, client))
  // Nobody reads: greetings, refusals and ids come back to nobody.
  for (const one of many) for (let i = 0; i < 4; i++) one.write(JSON.stringify({ execute: 'query-version', id }))
  await until(() => endpoint.connected('src') < 30)
  expect(endpoint.heldBytes).toBeLessThanOrEqual(4 * mebi)
  expect(await serves()).toBe(true)
})
