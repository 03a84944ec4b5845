import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { flatten } from '../impl/flatten.ts'
import type { System } from './lang.ts'
import { systems } from './systems.ts'

const root = new URL('..', import.meta.url).pathname
const sources = (folder: string): string[] =>
  readdirSync(join(root, folder)).filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts'))
const importsOf = (folder: string, name: string): string[] =>
  [...readFileSync(join(root, folder, name), 'utf8').matchAll(/(?:from|import) '([^']+)'/g)].map(
    match => match[1] ?? '',
  )

describe('the house', () => {
  test.each(sources('spec'))('spec/%s imports nothing but spec', name => {
    expect(importsOf('spec', name).filter(path => !/^\.\/(cases\/)?[a-z-]+\.ts$/.test(path))).toEqual([])
  })

  test.each(sources('spec/cases'))('spec/cases/%s imports nothing but spec', name => {
    expect(importsOf('spec/cases', name).filter(path => !/^\.\.?\/[a-z-]+\.ts$/.test(path))).toEqual([])
  })

  test.each(sources('impl'))('impl/%s knows of spec only the words', name => {
    expect(importsOf('impl', name).filter(path => path.startsWith('../') && path !== '../spec/lang.ts')).toEqual([])
  })

  test('impl knows no QEMU name', () => {
    const pair = systems.find(system => !system.explored) as unknown as System
    const flat = flatten(pair, '11.1')
    const commands = flat.rows.flatMap(({ cause }) => (cause?.kind === 'command' ? [cause.name] : []))
    const events = flat.rows.flatMap(row =>
      row.outputs.flatMap(output => (output.kind === 'event' ? [output.name] : [])),
    )
    const states = flat.variables.flatMap(variable => variable.values).filter(value => value.includes('-'))
    // Words that are English as well say nothing.
    const names = [...new Set([...commands, ...events, ...states])].filter(
      name => !/^(quit|stop|cont|yank|STOP|RESUME|SHUTDOWN)$/.test(name),
    )
    expect(names.length).toBeGreaterThan(15)
    const found = sources('impl').flatMap(file => {
      const text = readFileSync(join(root, 'impl', file), 'utf8')
      return names.filter(name => text.includes(`'${name}'`)).map(name => `${file}: ${name}`)
    })
    expect(found).toEqual([])
  })
})
