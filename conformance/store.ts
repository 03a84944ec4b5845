/** Files that are written whole or not at all, and errors that say which could not be. */
import { lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'

/** A file or a folder cannot be written: the disk is full, or it is not ours to write to. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly path: string
  constructor(path: string, cause: unknown) {
    const { code = '', message } = cause as NodeJS.ErrnoException
    const why = new Map([
      ['ENOSPC', 'the disk is full'],
      ['EDQUOT', 'no more may be stored there'],
      ['EACCES', 'that is not allowed'],
      ['EROFS', 'nothing can be written there'],
    ]).get(code)
    super(`${path}: cannot be written: ${why === undefined ? message : `${why} (${code})`}`, { cause })
    this.path = path
  }
}

/** Removes half a file; what is no file, such as a device, is not of our making. */
export function unstore(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile()) rmSync(path, { force: true })
}

/**
 * Writes a file; where that fails, no half of it is left.
 *
 * @throws StoreError
 */
export function store(path: string, data: string | Buffer): void {
  try {
    writeFileSync(path, data)
  } catch (error) {
    unstore(path)
    throw new StoreError(path, error)
  }
}

/**
 * Makes a folder, and those above it.
 *
 * @throws StoreError
 */
export function storeIn(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new StoreError(folder, error)
  }
}
