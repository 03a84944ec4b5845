/** `lockstep serve` and `lockstep-qemu` as processes, as a user starts them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { type Client, connect } from '../qmp.ts'
import { tempDir } from '../temp.ts'

const uuid = 'c7a5fdbd-edaf-9455-926a-d65c16db1809'
const bin = join(import.meta.dirname, '../../bin')
const open: { close(): unknown }[] = []
let count = 0

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

interface Run {
  readonly child: ChildProcess
  readonly exited: Promise<unknown[]>
  readonly said: () => string
}

function run(program: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): Run {
  const child = spawn(join(bin, program), words, { env: { ...process.env, ...env }, stdio: 'pipe' })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', chunk => {
      text += chunk
    })
  open.push({ close: () => child.kill('SIGKILL') })
  return { child, exited: once(child, 'close'), said: () => text }
}

async function until(test: () => boolean, said: () => string = () => ''): Promise<void> {
  for (let i = 0; i < 3000 && !test(); i++) await sleep(5)
  if (!test()) throw new Error(`this did not come: ${test}\n${said()}`)
}

const place = (what: string) => `unix:${join(tempDir(), `${what}-${++count}`)}`
const pathOf = (address: string) => address.slice('unix:'.length)

async function reach(address: string): Promise<{ client: Client; events: string[] }> {
  const events: string[] = []
  const client = await connect(address, {
    connectMs: 20_000,
    tap: (direction, { event, data }) => {
      if (direction === '<-' && typeof event === 'string')
        events.push(String((data as { status?: string } | undefined)?.status ?? event))
    },
  })
  open.push(client)
  await client.execute('migrate-set-capabilities', { capabilities: [{ capability: 'events', state: true }] })
  return { client, events }
}

describe('lockstep serve', { timeout: 60_000 }, () => {
  test.each(['unix', 'tcp'])('two alone, in two processes, find each other over %s', async kind => {
    const [at, to] = [place('src'), place('dst')]
    const uri = kind === 'unix' ? place('stream') : `tcp:127.0.0.1:${40_000 + (process.pid % 20_000)}`
    const src = run('lockstep', ['serve', '--src', at, '--src', `${at}-2`, '--version', '10.0', '--name', 'web'])
    const dst = run('lockstep', ['serve', '--dst', to, '--version', '10.0', '--incoming', uri])
    const [one, two] = [await reach(at), await reach(to)]
    const second = await reach(`${at}-2`)
    expect(await second.client.execute('query-name')).toMatchObject({ return: { name: 'web' } })
    expect(await second.client.execute('query-version')).toMatchObject({ return: { qemu: { major: 10, minor: 0 } } })
    expect(await one.client.execute('migrate', { uri })).toHaveProperty('return')
    await until(() => second.events.includes('completed') && two.events.includes('completed'))
    // Each monitor hears the same.
    expect(second.events.filter(event => event !== 'MIGRATION_PASS').slice(-3)).toEqual(
      one.events.filter(event => event !== 'MIGRATION_PASS').slice(-3),
    )
    for (const { child, exited, said } of [src, dst]) {
      child.kill('SIGTERM')
      expect((await exited)[0], said()).toBe(0)
    }
    expect([at, `${at}-2`, to].map(pathOf).filter(existsSync)).toEqual([])
  })

  test('takes the steps that are picked, and no others', async () => {
    const at = place('src')
    const { child, said } = run('lockstep', ['serve', '--src', at, '--dst', place('dst'), '--interactive'])
    await until(() => existsSync(pathOf(at)), said)
    const client = await connect(at)
    open.push(client)
    // Queries need nobody to pick.
    expect(await client.execute('query-status')).toMatchObject({ return: { status: 'running' } })
    let answered = false
    const stop = client.execute('stop').then(reply => {
      answered = true
      return reply
    })
    await until(
      () => said().includes('1  src stop the running guest on stop: STOP {}; returns; src.vm -> paused'),
      said,
    )
    child.stdin?.write('7\nfault nonsense\n')
    await until(() => said().includes('"nonsense" cannot happen now'), said)
    expect(said()).toContain('there is no step 7')
    expect(answered).toBe(false)
    child.stdin?.write('1\nstate vm\n')
    expect(await stop).toMatchObject({ return: {} })
    await until(() => said().includes('src.vm paused'), said)
    child.stdin?.write('fault kill src\n')
    await until(() => said().includes('dst.vm'), said)
    // When nobody picks any more the seed does.
    child.stdin?.end()
    await until(() => said().includes('the seed goes on'), said)
  })

  test('replaces a socket that nobody listens on, and leaves one that somebody does', async () => {
    const at = place('stale')
    const first = run('lockstep', ['serve', '--src', at])
    await until(() => existsSync(pathOf(at)), first.said)
    const second = run('lockstep', ['serve', '--src', at])
    expect((await second.exited)[0]).toBe(3)
    expect(second.said()).toContain('address already in use')
    // Killed, it leaves its socket behind.
    first.child.kill('SIGKILL')
    await first.exited
    expect(existsSync(pathOf(at))).toBe(true)
    const third = run('lockstep', ['serve', '--src', at])
    open.push(await connect(at, { connectMs: 20_000 }))
    third.child.kill('SIGINT')
    expect((await third.exited)[0]).toBe(0)
    expect(existsSync(pathOf(at))).toBe(false)
  })

  test.each([
    [[], 'give --src, --dst, or both'],
    [['--src', 'tcp:0.0.0.0:0'], 'can be reached from other machines'],
    [['--src', 'unix:a', '--script', 'fall over'], 'script:1: "fall over" is no cue and no sentence'],
    [['--src', 'unix:a', '--bug', '999'], 'there is no bug "999"'],
    [['--src', 'unix:a', '--bug', '21'], 'bug 21 is no edit of rules: '],
    [['--src', 'unix:a', '--bug', 'colo'], '"colo" is more than one bug'],
    [['--src', 'unix:a', '--incoming', 'defer'], '--incoming goes with --dst alone'],
  ])('%j is a mistake of usage', async (words, message) => {
    const { exited, said } = run('lockstep', ['serve', ...words])
    expect((await exited)[0]).toBe(2)
    expect(said()).toContain(message)
    expect(said()).not.toMatch(/^\s+at /m)
  })

  test('names the file and the line of a script that it cannot read, and lists what there is', async () => {
    const file = join(tempDir(), 'bad.cues')
    writeFileSync(file, '# at first all is well\ndie in pre-switchover\n\ndie in bed\n')
    const bad = run('lockstep', ['serve', '--src', 'unix:a', '--script', file])
    expect((await bad.exited)[0]).toBe(2)
    expect(bad.said()).toContain(`${file}:4: src.migration is never "bed"`)
    const help = run('lockstep', ['serve', '--script', 'help'])
    expect((await help.exited)[0]).toBe(0)
    expect(help.said()).toContain('lose the heartbeat while loading')
    const list = run('lockstep', ['serve', '--bug', 'list'])
    expect((await list.exited)[0]).toBe(0)
    expect(list.said()).toContain(' 35  COLO dies at its first checkpoint')
  })
})

describe('lockstep-qemu', { timeout: 60_000 }, () => {
  test('dies on cue, in a migration to another process', async () => {
    const [at, to, uri] = [place('src'), place('dst'), place('stream')]
    const env = { LOCKSTEP_SCRIPT: 'die in pre-switchover', LOCKSTEP_VERSION: '10.2' }
    const src = run('lockstep-qemu', ['-qmp', `${at},server=on,wait=off`], env)
    const dst = run('lockstep-qemu', ['-qmp', `${to},server=on,wait=off`, '-incoming', uri], env)
    const [one, two] = [await reach(at), await reach(to)]
    await one.client.execute('migrate-set-capabilities', {
      capabilities: [{ capability: 'pause-before-switchover', state: true }],
    })
    await one.client.execute('migrate', { uri })
    expect(await src.exited, src.said()).toEqual([null, 'SIGKILL'])
    expect(src.said()).toContain('script: kill at src')
    await until(() => two.events.includes('failed'), dst.said)
    expect((await dst.exited)[0]).toBe(1)
  })

  test('has a bug on demand, and is without it otherwise', async () => {
    for (const bug of [undefined, '1', 'leaves setup behind']) {
      const at = place('src')
      run('lockstep-qemu', ['-qmp', `${at},server=on,wait=off`], bug === undefined ? {} : { LOCKSTEP_BUG: bug })
      const { client } = await reach(at)
      expect(await client.execute('migrate', { uri: 'nonsense' })).toHaveProperty('error')
      const reply = await client.execute('query-migrate')
      expect('return' in reply && (reply.return as { status?: string }).status).toBe(
        bug === undefined ? undefined : 'setup',
      )
    }
  })

  test('goes into the background once it can be reached, and tells what it was told', async () => {
    const [at, pidfile] = [place('daemon'), join(tempDir(), `pid-${++count}`)]
    const words = ['-qmp', `${at},server=on,wait=off`, '-pidfile', pidfile, '-daemonize', '-uuid', uuid]
    const first = run('lockstep-qemu', words)
    expect((await first.exited)[0], first.said()).toBe(0)
    const pid = Number(readFileSync(pidfile, 'utf8'))
    expect(pid).not.toBe(first.child.pid)
    open.push({ close: () => existsSync(`/proc/${pid}`) && process.kill(pid, 'SIGKILL') })
    const { client } = await reach(at)
    expect(await client.execute('query-uuid')).toMatchObject({ return: { UUID: uuid } })
    await client.execute('quit')
    await until(() => !existsSync(`/proc/${pid}`))
    expect([pathOf(at), pidfile].filter(existsSync)).toEqual([])
    // What cannot be reached says so in the foreground.
    const second = run('lockstep-qemu', ['-qmp', 'unix:/nowhere/at/all,server=on,wait=off', '-daemonize'])
    expect((await second.exited)[0]).toBe(1)
    expect(second.said()).toMatch(/ENOENT|EACCES/)
  })

  test('serves a socket that was opened before it was started', async () => {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const at = `tcp:127.0.0.1:${(server.address() as AddressInfo).port}`
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle
    const words = ['-chardev', 'socket,id=m,fd=3,server=on,wait=off', '-mon', 'chardev=m,mode=control']
    const child = spawn(join(bin, 'lockstep-qemu'), words, { stdio: ['ignore', 'ignore', 'pipe', fd] })
    open.push({ close: () => child.kill('SIGKILL') })
    const gone = once(child, 'exit')
    // It is the child who is to accept.
    await until(() => existsSync(`/proc/${child.pid}`))
    ;(server as unknown as { _handle: { close(): void } })._handle.close()
    const { client } = await reach(at)
    expect(await client.execute('query-status')).toMatchObject({ return: { status: 'running' } })
    await client.execute('quit')
    expect((await gone)[0]).toBe(0)
  })

  test.each([
    [{ LOCKSTEP_SCRIPT: 'x' }, 'script:1: "x" is no cue'],
    [{ LOCKSTEP_BUG: 'x y z' }, 'there is no bug "x y z"'],
  ])('%j is a mistake of usage', async (env, message) => {
    const { exited, said } = run('lockstep-qemu', ['-qmp', 'unix:x,server=on'], env)
    expect((await exited)[0]).toBe(2)
    expect(said()).toContain(message)
  })
})
