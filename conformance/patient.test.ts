/** The last words of a process that has died before it was sent to: read, and lost where Node's own socket is used. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { dial } from './address.ts'
import type { JsonObject } from './json.ts'
import { PatientSocket } from './patient.ts'
import { Wire } from './wire.ts'

const words = 50
let folder = ''
let child: ChildProcess | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-patient-'))
})
afterEach(() => {
  child?.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

/** A process that waits for a line, says so many messages and is gone. */
async function speaker(path: string): Promise<number> {
  const program = `
    require('node:net').createServer(socket => {
      socket.once('data', () => {
        for (let i = 0; i < ${words}; i++) socket.write(JSON.stringify({ event: 'WORD', i }) + '\\n')
        setTimeout(() => process.kill(process.pid, 'SIGKILL'), 50)
      })
    }).listen(${JSON.stringify(path)}, () => console.log('ready'))`
  child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout as NodeJS.ReadableStream, 'data')
  return child.pid ?? 0
}

/** Sleeps, with all that waits for its turn, until a process is dead: nobody reads meanwhile. */
function sleepUntilDead(pid: number): void {
  const cell = new Int32Array(new SharedArrayBuffer(4))
  for (let i = 0; i < 1000; i++) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    if (/^\) [ZX]/.test(stat.slice(stat.lastIndexOf(')')))) return
    Atomics.wait(cell, 0, 0, 10)
  }
  throw new Error('it does not die')
}

/** How many messages come of a process that is sent one command and, when it is dead, another. */
function heard(socket: Socket, pid: number, commands = 1): Promise<{ messages: number; end: string | undefined }> {
  const { promise, resolve } = Promise.withResolvers<{ messages: number; end: string | undefined }>()
  const messages: JsonObject[] = []
  const wire = new Wire(socket, 'unix:it', {
    message: msg => void messages.push(msg),
    end: error => resolve({ messages: messages.length, end: error?.message }),
  })
  wire.send({ execute: 'speak' })
  sleepUntilDead(pid)
  socket.cork()
  for (let i = 0; i < commands; i++) wire.send({ execute: 'are-you-there' })
  socket.uncork()
  return promise
}

test('what was said before the end is read, whatever is sent after it', async () => {
  const path = join(folder, 's')
  const pid = await speaker(path)
  const socket = await dial({ path }, 5000)
  expect(socket).toBeInstanceOf(PatientSocket)
  const { messages, end } = await heard(socket, pid)
  expect(messages).toBe(words)
  expect(end).toMatch(/the endpoint closed the connection|lost the connection \(ECONNRESET\)/)
})

test('a usual socket loses it', async () => {
  const path = join(folder, 's')
  const pid = await speaker(path)
  const socket = new Socket().connect(path)
  await once(socket, 'connect')
  const { messages, end } = await heard(socket, pid)
  expect(messages).toBe(0)
  expect(end).toMatch(/EPIPE/)
})

test('several that wait are written, and lost, as one', async () => {
  const path = join(folder, 's')
  const pid = await speaker(path)
  const socket = await dial({ path }, 5000)
  const all = heard(socket, pid, 3)
  expect((await all).messages).toBe(words)
})
