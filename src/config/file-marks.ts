import type { Stats } from 'node:fs'

/** What differs where a file has changed. */
export function marksOf({ ino, size, mtimeMs }: Stats): string {
  return [ino, size, mtimeMs].join(' ')
}

/** Of a file that is not there, or can not be looked at. */
export const noFile = 'none'
