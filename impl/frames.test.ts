import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Frames, longestFrame, readJson } from './frames.ts'

const cut = (...chunks: (string | Buffer)[]): string[] => {
  const frames = new Frames()
  return chunks.flatMap(chunk =>
    [...frames.push(Buffer.from(chunk))].map(frame => ('text' in frame ? frame.text : `! ${frame.error}`)),
  )
}

describe('a client', () => {
  test('need not end lines, nor keep to them', () => {
    expect(cut('{"a":\r\n[1,"}"]}{}\n\n[]', '{"b', '":"\\"{"}')).toEqual([
      '{"a":\r\n[1,"}"]}',
      '{}',
      '[]',
      '{"b":"\\"{"}',
    ])
  })

  test('may be cut anywhere', () => {
    const bytes = Buffer.from('{"é": "\\\\"} {"b": [\'\\\'\', {}]}\nnull\n{"c": 1}')
    const whole = cut(bytes)
    expect(whole).toEqual(['{"é": "\\\\"}', "{\"b\": ['\\'', {}]}", 'null', '{"c": 1}'])
    for (let at = 0; at <= bytes.length; at++) expect(cut(bytes.subarray(0, at), bytes.subarray(at))).toEqual(whole)
  })

  test.each([
    ['a stray word', 'hello {"a": 1}\n', ['hello', '{"a": 1}']],
    [
      'an unclosed string',
      '{"a": "b\n{"a": 1}\n',
      ['! JSON parse error, stray control character in a string', '{"a": 1}'],
    ],
    [
      'half a value, given up',
      Buffer.from('{"a": [\xff{"a": 1}\n', 'latin1'),
      ["! JSON parse error, stray '\\xff'", '{"a": 1}'],
    ],
    [
      'what is not UTF-8',
      Buffer.from('{"\xc3": 1}\n{}', 'latin1'),
      ['! JSON parse error, invalid UTF-8 sequence in string', '{}'],
    ],
    ['a deep well', `${'['.repeat(2000)}\n{}`, ['! JSON nesting depth limit exceeded', '{}']],
  ])('goes on after %s', (_, text, seen) => {
    expect(cut(text)).toEqual(seen)
  })

  test('cannot have more kept than allowed, nor more than once', () => {
    const part = Buffer.alloc(longestFrame / 4, 'x')
    expect(cut('{"a": "', part, part, part, part, part, '\n{}')).toEqual(['! JSON token size limit exceeded', '{}'])
  })

  test('gets back what it sent, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), fc.array(fc.nat(60)), (values, cuts) => {
        let rest = Buffer.from(values.map(value => JSON.stringify(value)).join('\r\n'))
        const chunks = cuts.map(length => {
          const chunk = rest.subarray(0, length)
          rest = rest.subarray(length)
          return chunk
        })
        expect(cut(...chunks, rest).map(text => JSON.stringify(readJson(text)))).toEqual(
          values.map(value => JSON.stringify(value)),
        )
      }),
    )
  })

  test('may send any bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.array(fc.constantFrom(...'{}[]"\'\\,: \nae')).map(list => Buffer.from(list.join(''))),
    )
    fc.assert(
      fc.property(fc.array(bytes), chunks => {
        const frames = new Frames()
        for (const chunk of chunks) {
          for (const frame of frames.push(chunk)) {
            if (!('text' in frame)) continue
            try {
              readJson(frame.text)
            } catch (error) {
              expect(error).toBeInstanceOf(SyntaxError)
            }
          }
        }
        expect([...frames.push(Buffer.from('\n\xff\n{"ok": true}', 'latin1'))].at(-1)).toEqual({ text: '{"ok": true}' })
      }),
      { numRuns: 500 },
    )
  })
})

test('JSON may stand in single quotes, as in QEMU', () => {
  expect(readJson(`{'execute': 'it\\'s', "a": "it's", 'b': 'say "hi" \\" \\\\'}`)).toEqual({
    execute: "it's",
    a: "it's",
    b: 'say "hi" " \\',
  })
  expect(() => readJson('hello')).toThrow("JSON parse error, invalid keyword 'hello'")
  expect(() => readJson('{"a"}')).toThrow('JSON parse error, expecting value')
})
