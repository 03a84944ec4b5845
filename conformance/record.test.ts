import { readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { printTranscript } from './print.ts'
import { connect } from './qmp.ts'
import { Recorder } from './record.ts'
import { tempDir } from './temp.ts'
import { readTranscript, type Side } from './transcript.ts'

const greeting = '{"QMP": {"version": {"qemu": {"micro": 3, "minor": 1, "major": 11}}, "capabilities": []}}\r\n'
const stop = '{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "STOP"}\r\n'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

let count = 0
/** A session with a fake that greets and answers everything, recorded; `peer` is the fake's end. */
async function recorded(recorder: Recorder, side: Side) {
  const path = join(tempDir(), `recorded-${++count}.qmp`)
  const peers: Socket[] = []
  const server = createServer(socket => {
    peers.push(socket)
    socket.on('error', () => {})
    socket.write(greeting)
    socket.on('data', text => {
      for (const command of text.toString().trim().split('\n')) {
        socket.write(`{"return": {}, "id": "${JSON.parse(command).id}"}\r\n`)
      }
    })
  })
  servers.push(server.listen(path))
  const client = await connect(`unix:${path}`, { tap: recorder.tap(side) })
  return { client, peer: peers[0] as Socket }
}

/** What was recorded, without times: `src <- return`. */
const said = (recorder: Recorder) =>
  recorder.lines.map(({ side, dir, msg }) => {
    const [name = ''] = ['execute', 'event', 'return', 'QMP', 'exit', 'quiet', 'closed', 'broken'].filter(
      key => key in msg,
    )
    const { exit, execute, event } = msg
    return `${side} ${dir} ${exit === undefined ? (execute ?? event ?? name) : JSON.stringify(exit)}`
  })

const session = (side: Side) => [`${side} <- QMP`, `${side} -> qmp_capabilities`, `${side} <- return`]

describe('a recorder', () => {
  test('writes both sides in the order seen, header first, to the file at once', async () => {
    const file = join(tempDir(), 'both.ndjson')
    const recorder = new Recorder(file)
    const src = await recorded(recorder, 'src')
    const dst = await recorded(recorder, 'dst')
    expect(readFileSync(file, 'utf8')).toBe('')
    recorder.begin({ lockstep: 1, qemu: { src: src.client.version, dst: dst.client.version }, case: 'x/y/1' })
    await dst.client.execute('cont')
    recorder.observe('src', { fault: 'cut' })
    const text = readFileSync(file, 'utf8')
    const transcript = recorder.finish()
    expect(text).toBe(printTranscript(transcript))
    expect(readTranscript(text, file)).toEqual(transcript)
    expect(text.split('\n')[0]).toBe('{"lockstep": 1, "qemu": {"src": "11.1.3", "dst": "11.1.3"}, "case": "x/y/1"}')
    expect(said(recorder)).toEqual([...session('src'), ...session('dst'), 'dst -> cont', 'dst <- return', 'src !! '])
    src.client.close()
    dst.client.close()
  })

  test('counts seconds from its start, to the microsecond', async () => {
    const recorder = new Recorder()
    await sleep(20)
    recorder.observe('src', { fault: 'cut' })
    await sleep(20)
    recorder.observe('src', { fault: 'cut' })
    const [a = 0, b = 0] = recorder.lines.map(({ t }) => t)
    expect(a).toBeGreaterThan(0.015)
    expect(a).toBeLessThan(1)
    expect(b - a).toBeGreaterThan(0.015)
    expect(Math.round(a * 1e6) / 1e6).toBe(a)
  })

  test('records nothing after its end', async () => {
    const recorder = new Recorder()
    const { client } = await recorded(recorder, 'src')
    const { lines, header } = recorder.finish()
    await client.execute('quit')
    expect([header, lines.length]).toEqual([{ lockstep: 1 }, 3])
    client.close()
  })

  test('writes an exit after all that the monitor still held', async () => {
    const recorder = new Recorder()
    const { client, peer } = await recorded(recorder, 'src')
    // The exit is known before the last words are read.
    recorder.follow('src', { client, exited: Promise.resolve({ code: 1, signal: null }), signalled: () => undefined })
    await sleep(10)
    peer.end(stop)
    await recorder.ended()
    expect(said(recorder)).toEqual([...session('src'), 'src <- STOP', 'src !! {"code":1,"signal":null,"by":"self"}'])
  })

  test.each([
    ['harness', 'SIGKILL', 'SIGKILL'],
    ['self', 'SIGSEGV', undefined],
    // We sent SIGSTOP; that is not what it died of.
    ['self', 'SIGABRT', 'SIGSTOP'],
  ])('says that an end was by %s: %s, when we had sent %s', async (by, signal, sent) => {
    const recorder = new Recorder()
    const { client, peer } = await recorded(recorder, 'dst')
    recorder.follow('dst', { client, exited: Promise.resolve({ code: null, signal }), signalled: () => sent })
    peer.destroy()
    await recorder.ended()
    expect(said(recorder).at(-1)).toBe(`dst !! ${JSON.stringify({ code: null, signal, by })}`)
  })

  test('says that a monitor was closed by a process that lives on, and then how that ends', async () => {
    const recorder = new Recorder()
    const { client, peer } = await recorded(recorder, 'src')
    const exited = sleep(1300).then(() => ({ code: 0, signal: null }))
    recorder.follow('src', { client, exited })
    peer.end()
    await recorder.ended()
    expect(said(recorder).slice(3)).toEqual(['src !! closed', 'src !! {"code":0,"signal":null,"by":"self"}'])
  })

  test('says how a session without a process ends, unless we ended it', async () => {
    const recorder = new Recorder()
    const src = await recorded(recorder, 'src')
    const dst = await recorded(recorder, 'dst')
    recorder.follow('src', src)
    recorder.follow('dst', dst)
    src.client.close()
    dst.peer.write('what?\n')
    await recorder.ended()
    expect(said(recorder).slice(6)).toEqual(['dst !! broken'])
  })
})

describe('quiet', () => {
  test('is waited for, and recorded for each side that lives', async () => {
    const recorder = new Recorder()
    const src = await recorded(recorder, 'src')
    const dst = await recorded(recorder, 'dst')
    recorder.follow('src', src)
    recorder.follow('dst', { ...dst, exited: Promise.resolve({ code: 0, signal: null }) })
    dst.peer.end()
    while (recorder.lines.at(-1)?.msg.exit === undefined) await sleep(5)
    src.peer.write(stop)
    await sleep(10)
    const start = performance.now()
    expect(await recorder.quiet(0.2)).toBe(true)
    expect(performance.now() - start).toBeGreaterThan(150)
    expect(recorder.lines.at(-1)).toMatchObject({ side: 'src', dir: '!!', msg: { quiet: 0.2 } })
    expect(said(recorder).filter(line => line.includes('quiet'))).toEqual(['src !! quiet'])
    src.client.close()
  })

  test('starts anew at each message', async () => {
    const recorder = new Recorder()
    const { client, peer } = await recorded(recorder, 'src')
    recorder.follow('src', { client })
    for (const ms of [50, 120, 190]) setTimeout(() => peer.write(stop), ms)
    expect(await recorder.quiet(0.1)).toBe(true)
    expect(said(recorder).slice(3)).toEqual(['src <- STOP', 'src <- STOP', 'src <- STOP', 'src !! quiet'])
    client.close()
  })

  test('is not waited for without end', async () => {
    const recorder = new Recorder()
    const { client, peer } = await recorded(recorder, 'src')
    recorder.follow('src', { client })
    const chatter = setInterval(() => peer.write(stop), 20)
    const start = performance.now()
    expect(await recorder.quiet(0.1, 0.3)).toBe(false)
    expect(performance.now() - start).toBeLessThan(1000)
    clearInterval(chatter)
    expect(said(recorder).join()).not.toContain('quiet')
    client.close()
  })

  test('is not what a busy harness takes for it', async () => {
    const recorder = new Recorder()
    const { client, peer } = await recorded(recorder, 'src')
    recorder.follow('src', { client })
    const quiet = recorder.quiet(0.1)
    peer.write(stop)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150)
    await quiet
    expect(said(recorder).slice(3)).toEqual(['src <- STOP', 'src !! quiet'])
    client.close()
  })
})
