/** Where cited functions begin in QEMU's source, printed by `node scripts/lines.ts`; by `tag file:function`. */
import { readFileSync } from 'node:fs'

/** By `tag file:function`. */
export const lines = JSON.parse(readFileSync(new URL('./lines.json', import.meta.url), 'utf8')) as {
  readonly [place: string]: number
}
