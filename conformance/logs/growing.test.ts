/** A log that still grows: more comes, it is cut short, it is rotated, and somebody has seen enough. */
import { spawn } from 'node:child_process'
import { appendFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempDir } from '../temp.ts'
import { growing, UnreadableError } from './input.ts'

let count = 0
const place = () => join(tempDir(), `growing-${++count}.log`)

/** Reads a file as it grows; `until` waits for what has been read to end like this. */
function reading(file: string) {
  const abort = new AbortController()
  let text = ''
  const done = (async () => {
    for await (const chunk of growing(file, abort.signal)) text += chunk.toString()
  })()
  const until = async (end: string): Promise<void> => {
    await expect.poll(() => text, { timeout: 20_000, interval: 10 }).toMatch(new RegExp(`${end}$`))
  }
  const stop = async (): Promise<string> => {
    abort.abort()
    await done
    return text
  }
  return { until, stop }
}

describe('a log that grows', { timeout: 60_000 }, () => {
  test('is read on, also where a line comes in pieces', async () => {
    const file = place()
    writeFileSync(file, 'one\n')
    const { until, stop } = reading(file)
    await until('one\n')
    appendFileSync(file, 'tw')
    await until('tw')
    appendFileSync(file, 'o\nthree\n')
    await until('three\n')
    expect(await stop()).toBe('one\ntwo\nthree\n')
  })

  test('is read from its new start where it is cut short', async () => {
    const file = place()
    writeFileSync(file, 'one\ntwo\n')
    const { until, stop } = reading(file)
    await until('two\n')
    truncateSync(file)
    appendFileSync(file, 'new\n')
    await until('new\n')
    expect(await stop()).toBe('one\ntwo\nnew\n')
  })

  test('is read from its new start where it is rotated, be it at once or long before', async () => {
    const file = place()
    writeFileSync(file, 'one\n')
    const { until, stop } = reading(file)
    await until('one\n')
    renameSync(file, `${file}.1`)
    writeFileSync(file, 'a second file, which is longer\n')
    await until('longer\n')
    // For a moment there is none.
    rmSync(file)
    writeFileSync(`${file}.2`, 'a third one\n')
    renameSync(`${file}.2`, file)
    await until('third one\n')
    expect(await stop()).toBe('one\na second file, which is longer\na third one\n')
  })

  test('is no log where it is not there', async () => {
    await expect(reading(join(tempDir(), 'none.log')).stop()).rejects.toThrow(UnreadableError)
  })

  test('has its verdict so far where somebody interrupts', async () => {
    const file = place()
    const recorded = join(import.meta.dirname, '../transcripts/recorded/precopy-running-19.ndjson')
    const [header, ...lines] = readFileSync(recorded, 'utf8').split('\n')
    writeFileSync(file, `${header}\n${lines.slice(0, 10).join('\n')}\n`)
    const cli = join(import.meta.dirname, '../cli.ts')
    const child = spawn(process.execPath, [cli, 'validate', '--follow', '--json', file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', chunk => {
      out += chunk
    })
    const ended = new Promise<number | null>(done => child.on('close', done))
    // Nobody is told that it has begun to read: what it reads after the first second it reads as it comes.
    await new Promise(done => setTimeout(done, 3000))
    appendFileSync(file, `${lines.slice(10, 30).join('\n')}\n`)
    await new Promise(done => setTimeout(done, 2000))
    child.kill('SIGINT')
    const code = await ended
    const [result] = (JSON.parse(out) as { results: { verdict: string }[] }).results
    expect({ code, verdict: result?.verdict }).toEqual({ code: 0, verdict: 'conforms' })
  })

  test('is over as soon as it leaves the rules', async () => {
    const file = place()
    const recorded = join(import.meta.dirname, '../transcripts/recorded/precopy-running-19.ndjson')
    const lines = readFileSync(recorded, 'utf8').split('\n')
    const at = lines.findIndex(line => line.includes('"device"'))
    writeFileSync(file, `${lines.with(at, (lines[at] ?? '').replace('"device"', '"colo"')).join('\n')}\n`)
    const cli = join(import.meta.dirname, '../cli.ts')
    const child = spawn(process.execPath, [cli, 'validate', '--follow', '--json', file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', chunk => {
      out += chunk
    })
    expect(await new Promise(done => child.on('close', done))).toBe(1)
    const [result] = (JSON.parse(out) as { results: { verdict: string; line: number }[] }).results
    expect(result).toMatchObject({ verdict: 'violates', line: at + 1 })
  })
})
