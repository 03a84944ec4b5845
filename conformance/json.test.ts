import { describe, expect, test } from 'vitest'
import {
  excerpt,
  isObject,
  type Json,
  type JsonObject,
  LineError,
  Lines,
  longestLine,
  parseJson,
  printJson,
} from './json.ts'

describe('JSON', () => {
  test.each([
    '{"__proto__": {"polluted": true}, "a": 1}',
    '{"\\u005f\\u005fproto__": {"polluted": true}, "a": 1}',
    '{"a": 1, "__\\u0070roto__": {"polluted": true}}',
  ])('leaves no trap in %s', text => {
    const copy = Object.assign({}, parseJson(text) as JsonObject)
    expect(copy).toEqual({ a: 1 })
    expect('polluted' in copy).toBe(false)
  })

  test('nests as deeply as QEMU allows, and no deeper', () => {
    const deep = (n: number) => '['.repeat(n) + ']'.repeat(n)
    expect(printJson(parseJson(deep(1024)))).toBe(deep(1024))
    expect(() => parseJson(deep(1025))).toThrow('JSON nests more than 1024 deep')
  })

  test('does not count brackets inside strings', () => {
    const text = JSON.stringify(['\\"[{'.repeat(2000)])
    expect(parseJson(text)).toEqual(['\\"[{'.repeat(2000)])
  })

  test('is printed on one line, spaced as QEMU spaces it', () => {
    const value: Json = { execute: 'migrate', arguments: { uri: 'a\n b', list: [1, [], {}, null] }, id: 3 }
    expect(printJson(value)).toBe(
      '{"execute": "migrate", "arguments": {"uri": "a\\n b", "list": [1, [], {}, null]}, "id": 3}',
    )
    expect(parseJson(printJson(value))).toEqual(value)
  })

  test('tells an object from its likes', () => {
    expect([{}, [], null, 'x', undefined].map(isObject)).toEqual([true, false, false, false, false])
  })

  test('is quoted in messages without ever failing', () => {
    const loop: unknown[] = []
    loop.push(loop)
    expect(excerpt(loop)).toBe('')
    expect(excerpt(undefined)).toBe('undefined')
    expect(excerpt('\u001b[31mred\u202e')).toBe('\\u{1b}[31mred\\u{202e}')
    expect(excerpt('x'.repeat(300), 10)).toBe('xxxxxxxxxx… (300 characters)')
  })
})

describe('lines', () => {
  const cut = (text: string, at: number) => {
    const bytes = Buffer.from(text)
    const lines = new Lines()
    return [...lines.push(bytes.subarray(0, at)), ...lines.push(bytes.subarray(at)), '(end)', ...lines.end()]
  }

  test('are the same wherever the chunks end', () => {
    const text = '{"a": "é"}\r\n\n{"b": 1}\n'
    for (let at = 0; at <= Buffer.byteLength(text); at++) {
      expect(cut(text, at)).toEqual(['{"a": "é"}', '', '{"b": 1}', '(end)'])
    }
  })

  test('may end without a line end', () => {
    expect(cut('a\nb', 1)).toEqual(['a', '(end)', 'b'])
  })

  test('are given up before one that is not UTF-8', () => {
    const seen: string[] = []
    expect(() => {
      for (const line of new Lines().push(Buffer.from([0x61, 10, 0xff, 10, 0x62, 10]))) seen.push(line)
    }).toThrow(new LineError('line is not UTF-8', Buffer.from([0xff])))
    expect(seen).toEqual(['a'])
  })

  test('are not gathered without bound', () => {
    const lines = new Lines()
    const chunk = Buffer.alloc(1024 * 1024, 'x')
    for (let i = 0; i < longestLine / chunk.length; i++) expect([...lines.push(chunk)]).toEqual([])
    expect(() => [...lines.push(Buffer.from('x'))]).toThrow('line longer than 16 MiB')
  })
})
