/** The releases that can be chosen: those that are judged, and those between them that rules are dated by. */
import { versions } from '../../spec/versions.ts'
import type { Mask, Release } from './types.ts'

const between = ['8.0', '8.1', '8.2', '9.0', '9.1', '9.2', '10.1', '11.0']

/** The stable releases whose source the rules were read in and whose binaries were run. */
const stable: { readonly [version: string]: string } = {
  '10.0': 'v10.0.13',
  '10.2': 'v10.2.2',
  '11.0': 'v11.0.1',
  '11.1': 'v11.1.1',
}

const byNumber = (a: string, b: string): number => {
  const [x = 0, y = 0] = a.split('.').map(Number)
  const [z = 0, w = 0] = b.split('.').map(Number)
  return x - z || y - w
}

/** All of them, oldest first. */
export const releases: readonly Release[] = [...versions, ...between].sort(byNumber).map(name => ({
  name,
  judged: (versions as readonly string[]).includes(name),
  tag: stable[name] ?? `v${name}.0`,
}))

/** Their names. */
export const releaseNames: readonly string[] = releases.map(({ name }) => name)

/** The set of these releases. */
export const maskOf = (names: readonly string[]): Mask =>
  releaseNames.reduce((mask, name, i) => (names.includes(name) ? mask | (1 << i) : mask), 0)

/** The name of each release of a set. */
export const namesIn = (mask: Mask): string[] => releaseNames.filter((_, i) => (mask & (1 << i)) !== 0)
