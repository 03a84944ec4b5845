/**
 * Clients that others have written, in processes of their own, against the
 * reference: QEMU's own `qemu.qmp` and `qmp-shell` (scripts/setup.sh unpacks
 * them), npm's `node-qemu`, and our own harness.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterEach, describe, expect, test } from 'vitest'
import { versions } from '../spec/versions.ts'
import { which } from './binaries.ts'
import { tempDir } from './temp.ts'

const root = join(import.meta.dirname, '..')
const library = join(root, '.qemu/qmp/root/usr/lib/python3/dist-packages')
const required = process.env.LOCKSTEP_REQUIRE_QEMU === '1'
const open: { close(): unknown }[] = []
let count = 0

/** Why a client cannot be had, for the name of what is skipped. */
function missing(what: string, isThere: boolean): string {
  if (isThere) return ''
  if (required) throw new Error(`LOCKSTEP_REQUIRE_QEMU=1, but there is no ${what}`)
  console.warn(`skipped: no ${what}`)
  return ` (skipped: no ${what})`
}

const noPython = missing('qemu.qmp; run scripts/setup.sh', existsSync(library) && which('python3') !== undefined)
const noNode = missing('node-qemu; run npm ci', existsSync(join(root, 'node_modules/node-qemu')))

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

/** Starts `lockstep serve` for a pair; answers where both listen. */
async function pair(version: string): Promise<{ src: string; dst: string; child: ChildProcess }> {
  const [src = '', dst = ''] = ['src', 'dst'].map(side => join(tempDir(), `client-${++count}-${side}`))
  const words = ['serve', '--src', `unix:${src}`, '--dst', `unix:${dst}`, '--version', version, '--name', 'web']
  const child = spawn(join(root, 'bin/lockstep'), words, { stdio: 'ignore' })
  open.push({ close: () => child.kill('SIGKILL') })
  for (let i = 0; i < 4000 && !(existsSync(src) && existsSync(dst)); i++) await sleep(5)
  return { src, dst, child }
}

const python = (words: readonly string[], input = '') =>
  execa('python3', words, { env: { PYTHONPATH: library, HOME: tempDir() }, input, timeout: 60_000, reject: false })

/** Migrates as an orchestrator does, and prints what it was told, as JSON. */
const migrates = `
import asyncio, json, sys
from qemu.qmp import QMPClient, EventListener, ExecuteError

async def main(src_path, dst_path):
    src, dst = QMPClient('src'), QMPClient('dst')
    await src.connect(src_path)
    await dst.connect(dst_path)
    told = {'greeting': src.greeting.QMP.version['qemu']['major']}
    for one in (src, dst):
        await one.execute('migrate-set-capabilities', {'capabilities': [{'capability': 'events', 'state': True}]})
    try:
        await src.execute('migrate', {'uri': 5})
    except ExecuteError as error:
        told['refused'] = str(error)
    told['commands'] = len(await src.execute('query-commands'))
    told['schema'] = len(await src.execute('query-qmp-schema'))
    statuses = []
    with src.listener('MIGRATION') as heard:
        await dst.execute('migrate-incoming', {'uri': 'unix:/nowhere'})
        await src.execute('migrate', {'uri': 'unix:/nowhere'})
        async for event in heard:
            statuses.append(event['data']['status'])
            if statuses[-1] in ('completed', 'failed'):
                break
    told['statuses'] = statuses
    told['info'] = await src.execute('query-migrate')
    told['status'] = (await dst.execute('query-status'))['status']
    await src.disconnect()
    await dst.disconnect()
    print(json.dumps(told))

asyncio.run(main(*sys.argv[1:]))
`

describe.skipIf(noPython)(`qemu.qmp${noPython}`, { timeout: 90_000 }, () => {
  test.each([versions[0], versions.at(-1) ?? ''])('migrates a pair of %s', async version => {
    const { src, dst } = await pair(version)
    const { stdout, stderr, exitCode } = await python(['-c', migrates, src, dst])
    expect(exitCode, stderr).toBe(0)
    const told = JSON.parse(stdout)
    expect(told).toMatchObject({
      greeting: Number.parseInt(version, 10),
      refused: "Invalid parameter type for 'uri', expected: string",
      info: { status: 'completed', ram: { remaining: 0 } },
      status: 'running',
    })
    // Before 11.0, device is said only where somebody asked to pause before it.
    expect(told.statuses.filter((status: string) => status !== 'device')).toEqual(['setup', 'active', 'completed'])
    expect(told.schema).toBeGreaterThan(told.commands)
  })

  test('sees an end as an end', async () => {
    const { src, child } = await pair('11.1')
    const program = `
import asyncio, sys
from qemu.qmp import QMPClient
async def main(path):
    client = QMPClient()
    await client.connect(path)
    print('here', flush=True)
    await client.runstate_changed()
    print(client.runstate.name)
    try:
        await client.disconnect()
    except EOFError:
        print('EOF')
asyncio.run(main(sys.argv[1]))
`
    const running = python(['-c', program, src])
    await new Promise<void>(resolve => running.stdout?.once('data', () => resolve()))
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    const { stdout } = await running
    expect(stdout.split('\n')[0]).toBe('here')
    expect(stdout).toContain('EOF')
    await gone
  })
})

describe.skipIf(noPython)(`qmp-shell${noPython}`, { timeout: 90_000 }, () => {
  test('asks, commands, and is refused', async () => {
    const { src } = await pair('11.1')
    const input = [
      'query-name',
      'stop',
      'query-status',
      'nonsense',
      'migrate uri=5',
      'migrate-set-parameters downtime-limit=5',
      '',
    ].join('\n')
    const { stdout, stderr } = await python(['-m', 'qemu.qmp.qmp_shell', src], input)
    expect(stdout, stderr).toContain('Connected to QEMU 11.1.0')
    expect(stdout).toContain('{"return": {"name": "web"}}')
    expect(stdout).toContain('"status": "paused"')
    expect(stdout).toContain('The command nonsense has not been found')
    expect(stdout).toContain("Invalid parameter type for 'uri', expected: string")
  })
})

/** What of node-qemu is used; its types are there only where it is installed. */
interface NodeQemu {
  readonly QMPClient: new (options: {
    socketPath: string
    oob?: boolean
  }) => {
    connect(): Promise<void>
    close(): Promise<void>
    queryStatus(): Promise<{ status: string }>
    execute(command: string, given?: object): Promise<unknown>
    executeOob(command: string, given?: object): Promise<unknown>
    on(event: string, listener: (data: { status?: string }) => void): void
  }
}

describe.skipIf(noNode)(`node-qemu${noNode}`, { timeout: 90_000 }, () => {
  test('migrates', async () => {
    const { src, dst } = await pair('10.0')
    const name: string = 'node-qemu'
    const { QMPClient } = (await import(name)) as NodeQemu
    const clients = [src, dst].map(socketPath => new QMPClient({ socketPath, oob: true }))
    const [one, two] = clients
    if (one === undefined || two === undefined) throw new Error('there are two')
    const stops: unknown[] = []
    one.on('STOP', data => stops.push(data))
    for (const client of clients) {
      await client.connect()
      open.push(client)
      await client.execute('migrate-set-capabilities', { capabilities: [{ capability: 'events', state: true }] })
    }
    expect(await one.queryStatus()).toMatchObject({ status: 'running' })
    await expect(one.execute('query-tpm')).rejects.toThrow('The command query-tpm has not been found')
    // It goes out of band as QEMU 2.12 had it, and is told what every later one says.
    await expect(one.executeOob('migrate-pause')).rejects.toThrow("QMP input member 'control' is unexpected")
    await two.execute('migrate-incoming', { uri: 'unix:/nowhere' })
    await one.execute('migrate', { uri: 'unix:/nowhere' })
    // The destination runs before the source knows, and is done.
    const comesTo = async (client: typeof one, status: string): Promise<void> => {
      for (let i = 0; i < 2000 && (await client.queryStatus()).status !== status; i++) await sleep(5)
      expect(await client.queryStatus()).toMatchObject({ status })
    }
    await comesTo(two, 'running')
    await comesTo(one, 'postmigrate')
    expect(stops).toHaveLength(1)
  })
})

test('our own harness, in another process, holds a pair to the rules', { timeout: 120_000 }, async () => {
  const { src, dst } = await pair('10.2')
  const words = ['conform', '--src', `unix:${src}`, '--dst', `unix:${dst}`, '--json']
  const only = ['--only', 'precopy/complete/1,precopy/cancel/1', '--version', '10.2']
  const { stdout, stderr } = await execa(join(root, 'bin/lockstep'), [...words, ...only], { reject: false })
  expect(JSON.parse(stdout || '{}').summary, stderr).toMatchObject({ conforms: expect.any(Number), violates: 0 })
})
