/** What the QEMUs of a case have besides their machines: disks made anew, sockets, filters; see `Outfit` of spec/script.ts. */
import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Case, Disk, Outfit } from '../spec/script.ts'
import { store } from './store.ts'

const cluster = 64 * 1024
const mebibyte = 1024 * 1024

/**
 * An empty qcow2 image of version 3: a header, a refcount table with one block,
 * and an L1 table, each in a cluster of 64 KiB (docs/interop/qcow2 of QEMU).
 *
 * @param bytes the size of the disk, 512 MiB at most: what one entry of the L1 table covers
 */
export function emptyQcow2(bytes: number): Buffer {
  const image = Buffer.alloc(4 * cluster)
  image.write('QFI\xfb', 'latin1')
  const [version, clusterBits, refcountTable, refcounts, table, header] = [3, 16, 1, 2, 3, 104]
  image.writeUInt32BE(version, 4)
  image.writeUInt32BE(clusterBits, 20)
  image.writeBigUInt64BE(BigInt(bytes), 24)
  // One entry in the L1 table, which is empty.
  image.writeUInt32BE(1, 36)
  image.writeBigUInt64BE(BigInt(table * cluster), 40)
  image.writeBigUInt64BE(BigInt(refcountTable * cluster), 48)
  image.writeUInt32BE(1, 56)
  // Counts of 16 bits.
  image.writeUInt32BE(4, 96)
  image.writeUInt32BE(header, 100)
  image.writeBigUInt64BE(BigInt(refcounts * cluster), refcountTable * cluster)
  for (let used = 0; used < 4; used++) image.writeUInt16BE(1, refcounts * cluster + 2 * used)
  return image
}

const imageOf = ({ format, mebibytes }: Disk): Buffer =>
  format === 'raw' ? Buffer.alloc(mebibytes * mebibyte) : emptyQcow2(mebibytes * mebibyte)

/**
 * Makes the disks of a process and answers the words of its command line.
 *
 * @param dir the folder of the case
 * @param own the folder of this process; made here
 * @throws StoreError when a disk cannot be written
 */
export function outfitArgs({ words, disks }: Outfit, dir: string, own: string): string[] {
  mkdirSync(own, { mode: 0o700 })
  for (const disk of disks) store(join(own, disk.name), imageOf(disk))
  // In QEMU's options a doubled comma is a comma.
  const place = (path: string) => path.replaceAll(',', ',,')
  return words.map(word => word.replaceAll('{dir}', place(dir)).replaceAll('{own}', place(own)))
}

const run = promisify(execFile)

/** The words that a QEMU prints when it is asked for what it has; nothing when it does not say. */
async function told(binary: string, ...words: string[]): Promise<ReadonlySet<string> | undefined> {
  const asked = { timeout: 10_000, killSignal: 'SIGKILL', encoding: 'utf8' } as const
  // Some releases print the list and say with their exit code that nothing was started.
  const { stdout = '', stderr = '' } = await run(binary, words, asked).catch(
    (error: { stdout?: string; stderr?: string }) => error,
  )
  const found = `${stdout} ${stderr}`.split(/\s+/).filter(Boolean)
  return found.length > 0 ? new Set(found) : undefined
}

/** What was found of a binary. */
const known = new Map<string, Promise<{ [kind in 'objects' | 'drivers']: ReadonlySet<string> | undefined }>>()

async function ask(binary: string) {
  const start = ['-machine', 'none', '-display', 'none', '-nodefaults']
  const [objects, drivers] = await Promise.all([
    told(binary, '-object', 'help'),
    told(binary, ...start, '-drive', 'format=help'),
  ])
  return { objects, drivers }
}

/** Why a binary cannot run a case for want of a part, if it cannot; nothing is concluded of one that does not tell. */
export async function missingPart(binary: string, { parts }: Case): Promise<string | undefined> {
  if (parts === undefined) return undefined
  const asked = known.get(binary) ?? ask(binary)
  known.set(binary, asked)
  const { objects, drivers } = await asked
  const object = parts.objects.find(name => objects !== undefined && !objects.has(name))
  if (object !== undefined) return `it needs the object ${object}, which ${binary} was built without`
  const driver = parts.drivers.find(name => drivers !== undefined && !drivers.has(name))
  return driver === undefined ? undefined : `it needs the block driver ${driver}, which ${binary} was built without`
}
