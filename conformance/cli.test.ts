/** The command line as a user meets it: help, exit codes, and what it says when something is wrong. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const cli = join(import.meta.dirname, 'cli.ts')

let folder = ''
const servers: Server[] = []
const sockets: Socket[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-cli-test-'))
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of servers.splice(0)) server.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Starts lockstep with a temporary folder of its own, so that what it leaves there shows. */
const start = (...words: string[]) =>
  execa(process.execPath, [cli, ...words], { reject: false, stdin: 'ignore', env: { TMPDIR: folder }, timeout: 60_000 })

async function lockstep(...words: string[]) {
  const { exitCode, stdout, stderr } = await start(...words)
  // Nobody is ever shown where in our code it was.
  expect(stdout + stderr).not.toMatch(/^\s+at .*\.[tj]s:\d+/m)
  return { exitCode, stdout, stderr }
}

/** A unix socket where somebody answers as told. */
async function peer(name: string, greet: (socket: Socket) => void): Promise<string> {
  const path = join(folder, name)
  const server = createServer(socket => {
    sockets.push(socket)
    socket.on('error', () => {})
    greet(socket)
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(path, resolve))
  return `unix:${path}`
}

const verbs = ['start', 'check', 'conform', 'validate', 'serve', 'list', 'explain', 'draw']

describe('lockstep', () => {
  test.each(verbs)('%s has help', async verb => {
    const { exitCode, stdout, stderr } = await lockstep(verb, '--help')
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toContain(`Usage: lockstep ${verb}`)
  })

  test('names its verbs and exit codes, and its version', async () => {
    const { stdout } = await lockstep('--help')
    for (const verb of verbs) expect(stdout).toMatch(new RegExp(`^  ${verb} `, 'm'))
    expect(stdout).toContain('130 interrupted')
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
    expect((await lockstep('--version')).stdout).toBe(version)
  })

  test.each([
    [['nonsense'], "error: unknown command 'nonsense'"],
    [[], 'Usage: lockstep'],
    [['conform', '--seed', 'x'], 'it is no whole number from 0 on'],
    [['conform', '--jobs', '0'], 'it is no whole number from 1 on'],
    [['conform', '--shard', '3/2'], 'it is no share such as 2/5'],
    [['conform', '--timeout-scale', '0'], 'it is no number above 0'],
    [['conform', '--only', 'nonsense'], '"nonsense" is none of them; there are precopy, '],
    [['conform', '--version', '3.1'], 'there are no rules for version "3.1"; there are for '],
    [['conform', '--report', 'xml'], '"xml" is no kind of report; there are tap, junit, html, json'],
    [['conform', '--dst', 'unix:/nowhere'], '--dst and --uri go with --src'],
    [['conform', '--update-baseline'], '--update-baseline goes with --baseline'],
    [['conform', '--baseline', '/nowhere/b.json'], '/nowhere/b.json: cannot be read (ENOENT)'],
    [['conform', '--src', 'unix:/a', '--qemu', 'b'], 'give --qemu or --src, not both'],
    [['conform', '--src', 'localhost:4444'], 'localhost:4444 is not an address'],
    [['conform', '--qemu', '/nowhere/qemu'], '/nowhere/qemu --version: '],
    [['check', '--version', '11'], 'there are no rules for version "11"; there are for '],
    [['check', 'nonsense'], 'there is no system "nonsense" to explore; there are '],
    [
      ['list', 'nonsense'],
      '"nonsense" cannot be listed; there are rules, claims, cases, systems, deviations, versions',
    ],
    [['explain', 'nonsense'], 'there is no rule, claim or case "nonsense"'],
    [['serve', '--src', 'foo'], 'foo is not an address'],
    [['validate'], "error: missing required argument 'log'"],
  ])('%j is a mistake of usage', async (words, message) => {
    const { exitCode, stdout, stderr } = await lockstep(...words)
    expect(stderr).toContain(message)
    expect([exitCode, stdout]).toEqual([2, ''])
  })

  test('does not mind a reader who has read enough', async () => {
    const { exitCode, stderr } = await execa(
      'sh',
      ['-c', `"${process.execPath}" "${cli}" list rules --json | head -n 1`],
      {
        reject: false,
      },
    )
    expect([exitCode, stderr]).toEqual([0, ''])
  })
})

describe('lockstep list', () => {
  test.each(['rules', 'claims', 'cases', 'systems', 'deviations', 'versions'])(
    '%s is one object',
    { timeout: 60_000 },
    async what => {
      const { exitCode, stdout } = await lockstep('list', what, '--json')
      expect(exitCode).toBe(0)
      const { [what]: all, ...others } = JSON.parse(stdout)
      // The rules come with what they come to.
      expect([all.length > 0, Object.keys(others)]).toEqual([true, what === 'rules' ? ['arrows', 'commands'] : []])
      expect((await lockstep('list', what)).stdout.split('\n')).toHaveLength(all.length)
    },
  )

  test('rules say all there is', async () => {
    const { rules } = JSON.parse((await lockstep('list', 'rules', '--json')).stdout)
    expect(new Set(rules.map(({ id }: { id: string }) => id)).size).toBe(rules.length)
    const one = rules.find(({ id }: { id: string }) => id === 'src/announce-an-exit-by-error')
    expect(one).toMatchObject({
      ...{ machine: 'primary', side: 'src', name: 'announce an exit by error', on: null, since: null, until: null },
      says: [{ event: 'COLO_EXIT', data: { mode: 'primary', reason: 'error' } }],
      cite: 'migration/colo.c:colo_process_checkpoint',
      seen: expect.anything(),
    })
  })
})

describe('lockstep explain', () => {
  test('a rule shows where it is and the way there', async () => {
    const { exitCode, stdout } = await lockstep('explain', 'src/announce-an-exit-by-error')
    expect(exitCode).toBe(0)
    expect(stdout).toContain('cite      migration/colo.c:colo_process_checkpoint')
    expect(stdout).toContain('COLO_EXIT primary error ==|')
    expect((await lockstep('explain', 'announce an exit by error')).stdout).toBe(stdout)
  })

  test('a claim says its verdict, a case its script', async () => {
    expect((await lockstep('explain', 'capabilities/x-colo-is-on-without-return-path')).stdout).toContain('holds')
    expect((await lockstep('explain', 'colo/failover-primary/1')).stdout).toContain('dst !! killed')
  })
})

describe('lockstep check', () => {
  test('prints sizes and verdicts, for people and as one object', async () => {
    const { exitCode, stdout } = await lockstep('check', 'capabilities')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^ {2}capabilities: [\d,]+ states, [\d,]+ steps, depth \d+, [0-9a-f]{16}$/m)
    expect(stdout).toMatch(/\d+ systems, \d+ claims: .* all as known$/)
    const { systems, claims, summary } = JSON.parse((await lockstep('check', 'capabilities', '--json')).stdout)
    expect(systems[0]).toMatchObject({ system: 'capabilities', states: expect.any(Number), unused: expect.any(Array) })
    expect(claims[0]).toMatchObject({ holds: false, expected: true })
    expect(summary.surprises).toBe(0)
  })
})

describe('lockstep validate', () => {
  const write = (name: string, ...lines: string[]) => {
    const file = join(folder, name)
    writeFileSync(file, `${lines.join('\n')}\n`)
    return file
  }
  const header = '{"lockstep": 1, "qemu": "11.1.3", "faults": "listed"}'
  const line = (side: string, dir: string, msg: string) => `{"t": 0, "side": "${side}", "dir": "${dir}", "msg": ${msg}}`

  test('a log that conforms, and one that does not', async () => {
    const good = write(
      'good',
      header,
      line('src', '->', '{"execute": "cont", "id": 1}'),
      line('src', '<-', '{"return": {}, "id": 1}'),
    )
    const bad = write(
      'bad',
      header,
      line('src', '<-', '{"event": "COLO_EXIT", "data": {"mode": "primary", "reason": "error"}}'),
    )
    expect(await lockstep('validate', good)).toMatchObject({ exitCode: 0, stderr: '' })
    const { exitCode, stdout } = await lockstep('validate', '--json', good, bad)
    expect(exitCode).toBe(1)
    const { results, summary } = JSON.parse(stdout)
    expect(results.map((r: { verdict: string }) => r.verdict)).toEqual(['conforms', 'violates'])
    expect(results[1]).toMatchObject({ file: bad, line: 2, version: '11.1.3', rerun: `lockstep validate ${bad}` })
    expect(summary).toMatchObject({ results: 2, conforms: 1, violates: 1 })
  })

  test('reads standard input', async () => {
    const options = { reject: false, input: `${header}\n` } as const
    const { exitCode, stdout } = await execa(process.execPath, [cli, 'validate', '-'], options)
    expect([exitCode, stdout]).toEqual([0, 'inconclusive: stdin: nothing was recorded of either side'])
  })

  test('lists the forms of logs, and reads one that is packed and of a form that is given', async () => {
    const { stdout } = await lockstep('validate', '--formats', '--json')
    expect(JSON.parse(stdout).formats.map(({ name }: { name: string }) => name)).toContain('libvirtd')
    const file = join(folder, 'packed.gz')
    const probes = [
      'QEMU_MONITOR_IO_WRITE: mon=0x1 buf={"execute":"qmp_capabilities","id":"libvirt-1"}\r',
      'QEMU_MONITOR_RECV_REPLY: mon=0x1 reply={"return": {}, "id": "libvirt-1"}',
      'QEMU_MONITOR_RECV_EVENT: mon=0x1 event={"event": "MIGRATION", "data": {"status": "completed"}}',
    ]
    writeFileSync(file, gzipSync(`${probes.join('\n')}\n`))
    const judged = await lockstep('validate', '--version', '11.1', '--format', 'libvirtd', file)
    expect([judged.exitCode, judged.stdout.split('\n')[0]]).toEqual([
      1,
      `${file} (mon=0x1):3  src  MIGRATION {"status":"completed"}`,
    ])
    expect(await lockstep('validate', '--format', 'nonsense', file)).toMatchObject({ exitCode: 2 })
  })

  test.each([
    ['not json', [header, 'nonsense'], ':2: not JSON'],
    ['a side nobody knows', [header, line('xxx', '->', '{}')], ':2: side'],
    ['no header', ['{}'], ':1: no header'],
    ['nothing', [''], ':1: the file is empty'],
  ])('a log that is broken, %s, is named with its line', async (_, lines, message) => {
    const file = write('broken', ...lines)
    const { exitCode, stderr } = await lockstep('validate', file)
    expect(stderr).toContain(`${file}${message}`)
    expect(exitCode).toBe(2)
  })

  test('a log that is not there, and a version that nobody knows', async () => {
    expect(await lockstep('validate', join(folder, 'none'))).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('cannot read '),
    })
    expect((await lockstep('validate', '--version', '1.0', write('log', header))).exitCode).toBe(2)
  })
})

describe('lockstep conform', () => {
  test.each([
    ['nobody listens', undefined, /cannot connect within 0\.5 s \(ENOENT\)/],
    ['the socket never greets', () => {}, /no greeting within 0\.5 s/],
    [
      'the peer sends half a message and stops',
      (s: Socket) => s.write('{"QMP": {"ver'),
      /no greeting .*seen: \{"QMP": \{"ver/,
    ],
    [
      'the peer greets and then says nothing',
      (s: Socket) =>
        s.write('{"QMP": {"version": {"qemu": {"major": 11, "minor": 1, "micro": 0}}, "capabilities": []}}\r\n'),
      /no reply to qmp_capabilities within 1 s/,
    ],
    ['the peer is no QMP at all', (s: Socket) => s.write('220 mail.example ESMTP\r\n'), /what came is not JSON/],
    ['the peer hangs up', (s: Socket) => s.end(), /the endpoint closed the connection/],
  ])('ends with 3 when %s', async (_, greet, message) => {
    const address = greet === undefined ? `unix:${join(folder, 'none')}` : await peer('peer', greet)
    const { exitCode, stdout, stderr } = await lockstep(
      'conform',
      '--src',
      address,
      '--only',
      'precopy/dead-address/1',
      '--timeout-scale',
      '0.1',
    )
    // It is asked what it can do before any case, so no case is to blame.
    expect(stderr).toMatch(message)
    expect(stderr).toContain(`lockstep: ${address}: `)
    expect(stdout).toBe('')
    expect(exitCode).toBe(3)
  })

  test('runs the reference, and writes its reports and transcripts', async () => {
    const out = join(folder, 'out')
    const { exitCode, stdout, stderr } = await lockstep(
      ...['conform', '--only', 'precopy/dead-address/1', '--repeat', '2', '--seed', '5'],
      ...['--json', '--report', 'junit,json', '--out', out],
    )
    expect(exitCode).toBe(0)
    expect(stderr).toContain('conforms 2/2')
    const report = JSON.parse(stdout)
    expect(report.summary).toMatchObject({ results: 2, conforms: 2 })
    expect(report.results[1]).toMatchObject({
      ...{ case: 'precopy/dead-address/1', verdict: 'conforms', seed: 6, expected: true },
      rerun: `lockstep conform --version ${report.results[1].version.slice(0, 4)} --only precopy/dead-address/1 --seed 6`,
    })
    expect(JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'))).toEqual(report)
    expect(readFileSync(join(out, 'junit.xml'), 'utf8')).toContain('tests="2" failures="0" errors="0" skipped="0"')
    const { file } = report.results[0]
    expect((await lockstep('validate', file)).exitCode).toBe(0)
    expect(readFileSync(file.replace('ndjson', 'txt'), 'utf8')).toContain('-> {"execute": "migrate"')
  })

  test('interrupted, ends with 130 and leaves nothing', async () => {
    const process = start('conform')
    // It is at work once there is something to leave.
    await expect.poll(() => readdirSync(folder).length, { timeout: 30_000 }).toBeGreaterThan(0)
    process.kill('SIGINT')
    expect((await process).exitCode).toBe(130)
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('lockstep serve', () => {
  test('serves a pair that conforms, says when a port is in use, and ends when interrupted', async () => {
    const path = join(folder, 'src')
    const server = start('serve', '--src', `unix:${path}`, '--dst', 'tcp:127.0.0.1:0')
    let said = ''
    server.stdout?.on('data', (text: Buffer) => {
      said += text.toString()
    })
    for (let i = 0; i < 500 && !said.includes('dst '); i++) await sleep(10)
    const [, dst = ''] = /^dst (.*)$/m.exec(said) ?? []
    expect(await lockstep('serve', '--src', dst)).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('address already in use'),
    })
    const words = ['--src', `unix:${path}`, '--dst', dst, '--only', 'precopy/cancel/1,precopy/dead-address/1', '--json']
    const { exitCode, stdout } = await lockstep('conform', ...words)
    expect([exitCode, JSON.parse(stdout).summary.conforms]).toEqual([0, 2])
    server.kill('SIGINT')
    expect((await server).exitCode).toBe(0)
    expect(existsSync(path)).toBe(false)
  })
})
