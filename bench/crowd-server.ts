/**
 * How many clients at once the reference endpoint has room for, and what they cost.
 *
 *     node bench/crowd-server.ts [CLIENTS]
 *
 * The server is a process of its own.  All connect and negotiate; a tenth never
 * reads, a tenth has half a command sent, a tenth has closed its half; then one
 * stops the guest, and everybody else is to hear of it.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const wanted = Number(process.argv[2] ?? 10_000)
const folder = mkdtempSync(join(tmpdir(), 'lockstep-crowd-'))
const path = join(folder, 'src')
const server = spawn(join(import.meta.dirname, '../bin/lockstep'), ['serve', '--src', `unix:${path}`], {
  stdio: ['ignore', 'ignore', 'inherit'],
})
const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1024
process.on('exit', () => {
  server.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

interface One {
  readonly socket: Socket
  readonly kind: number
  heard: string
}

function open(i: number): Promise<One> {
  const socket = connect({ path, allowHalfOpen: true })
  const one: One = { socket, kind: i % 10, heard: '' }
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.on('data', chunk => {
      one.heard = (one.heard + chunk).slice(-400)
      if (one.heard.includes('"return":{}')) resolve(one)
    })
    socket.write('{"execute":"qmp_capabilities"}')
  })
}

while (!existsSync(path)) await sleep(20)
await sleep(200)
const alone = resident()
const begun = performance.now()
const all: One[] = []
while (all.length < wanted) {
  const some = Array.from({ length: Math.min(500, wanted - all.length) }, (_, i) => open(all.length + i))
  all.push(...(await Promise.all(some)))
}
const connected = performance.now()
const full = resident()
for (const { socket, kind } of all) {
  socket.on('error', () => {})
  if (kind === 1) socket.pause()
  if (kind === 2) socket.write('{"execute": "query-st')
  if (kind === 3) socket.end()
}
await sleep(1000)
const hearing = all.filter(({ kind }) => kind !== 1 && kind !== 3)
const stopped = performance.now()
hearing[0]?.socket.write('{"execute":"stop"}')
while (hearing.some(({ heard }) => !heard.includes('"STOP"'))) {
  if (performance.now() - stopped > 60_000) {
    console.log(`${hearing.filter(({ heard }) => !heard.includes('"STOP"')).length} never heard of it`)
    process.exit(1)
  }
  await sleep(5)
}
const told = performance.now()
console.log(
  `${wanted} clients in ${Math.round(connected - begun)} ms; ${Math.round(alone)} MB resident alone, ` +
    `${Math.round(full)} MB with them; an event reached ${hearing.length} of them in ${Math.round(told - stopped)} ms`,
)
process.exit(0)
