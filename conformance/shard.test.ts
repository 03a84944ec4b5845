/** Shares of a suite. */
import { expect, test } from 'vitest'
import { suite } from '../spec/suite.ts'
import { isOf, readShard } from './shard.ts'

test('each case is in one share, and in the same one whatever else there is', () => {
  for (const of of [1, 2, 3, 7]) {
    const shares = Array.from({ length: of }, (_, i) => suite.filter(({ id }) => isOf({ at: i + 1, of }, id)))
    expect(
      shares
        .flat()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(suite.map(({ id }) => id).sort())
  }
  expect([1, 2, 3].map(at => isOf({ at, of: 3 }, 'precopy/complete/1'))).toEqual([false, true, false])
})

test('a share is read, and what is none is not', () => {
  expect(readShard('2/5')).toEqual({ at: 2, of: 5 })
  for (const text of ['0/5', '6/5', '1', '1/0', 'a/b', '1/2/3', '-1/2', '']) expect(readShard(text)).toBeUndefined()
})
