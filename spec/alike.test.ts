/**
 * No system has two identical parts, so there is no symmetry to search less by:
 * each wire slot, side, thread and capability stands in the rules as no other does.
 */
import { describe, expect, test } from 'vitest'
import { alikeOf } from '../impl/alike.ts'
import { flatten } from '../impl/flatten.ts'
import { each, machine, type System, system } from './lang.ts'
import { systems } from './systems.ts'
import { versions } from './versions.ts'

const explored = (systems as unknown as readonly System[]).filter(({ explored }) => explored)

describe.each(versions)('of QEMU %s', version => {
  test.each(explored.map(one => [one.name, one] as const))('%s has no identical parts', (name, one) => {
    const { variables } = alikeOf(flatten(one, version))
    // Nothing there but settings: how each is begun with never changes, and each is refused beside the same others.
    if (name === 'capabilities') {
      expect(variables[0]).toEqual(['src.vm', 'src.incoming', 'src.listening'])
      expect(variables.slice(1).flat().length).toBeLessThanOrEqual(4)
    } else expect(variables).toEqual([])
  })
})

test('identical parts are found where there are some', () => {
  const cite = 'src/disk.c:fill'
  const disks = (count: number, ...more: string[]) =>
    system('disks', {
      about: 'Disks that are filled, one as the other.',
      sides: {
        src: [
          machine(
            'disks',
            Object.fromEntries(
              each(
                Array.from({ length: count }, (_, i) => `d${i}`),
                at => [at, ['empty', 'half', 'full']],
              ),
            ),
            {
              disk: Array.from({ length: count }, (_, i) => [
                { name: `begin ${i}`, cite, does: { [`d${i}`]: 'empty -> half' } },
                { name: `fill ${i}`, cite, does: { [`d${i}`]: 'half -> full' } },
                ...more
                  .filter(at => at === `d${i}`)
                  .map(at => ({ name: `empty ${at}`, cite, does: { [at]: 'full -> empty' } })),
              ]).flat(),
            },
          ),
        ],
      },
    }) as unknown as System
  expect(alikeOf(flatten(disks(3), '1.0')).variables).toEqual([['src.d0', 'src.d1', 'src.d2']])
  expect(alikeOf(flatten(disks(3, 'd1'), '1.0')).variables).toEqual([['src.d0', 'src.d2']])
  expect(alikeOf(flatten(disks(2, 'd0'), '1.0')).variables).toEqual([])
})
