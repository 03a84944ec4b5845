/** `spec/seen.json`, read and printed: the releases in which real QEMU was seen to take a rule. */

/** For each rule, by its name, the releases that it was seen in. */
export type SeenRules = ReadonlyMap<string, readonly string[]>

/** The line of spec/seen.json that says where it comes from. */
const head = '  "//": "Printed by `node scripts/seen.ts`; do not edit."'

/** Reads what spec/seen.json says; what is no list of releases is left out. */
export function readSeen(text: string): Map<string, string[]> {
  const all = JSON.parse(text) as { readonly [rule: string]: unknown }
  return new Map(
    Object.entries(all).flatMap(([rule, found]) => (Array.isArray(found) ? [[rule, found.map(String)]] : [])),
  )
}

/** Prints it, a line a rule, in the order of their names. */
export function printSeen(seen: SeenRules, order: (a: string, b: string) => number): string {
  const lines = [...seen]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([rule, found]) =>
        `  ${JSON.stringify(rule)}: [${[...found]
          .sort(order)
          .map(one => JSON.stringify(one))
          .join(', ')}]`,
    )
  return `{\n${[head, ...lines].join(',\n')}\n}\n`
}
