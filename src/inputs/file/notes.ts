import { writeDuration } from '../../config/units.ts'
import type { FollowInput } from './context.ts'
import { isPattern, pathMatcher } from './glob.ts'
import type { KnownFile } from './known.ts'

/** Why paths or files of an input are not read now although nothing failed, and what to do if that is not what was wanted. */
export interface Note {
  readonly reason: 'no_match' | 'excluded' | 'compressed' | 'older' | 'at_end' | 'near_end' | 'no_line' | 'read'
  readonly files: number
  readonly text: string
}

export interface NotesParts {
  readonly input: FollowInput
  readonly files: readonly KnownFile[]
  /** Files that `exclude` left out in the last scan. */
  readonly excluded: number
  /** Compressed files that are not read. */
  readonly unread: number
  /** Files with the names of such that are empty. */
  readonly empty: number
  /** Whether something failed at this path or above it. */
  readonly isUnknown: (path: string) => boolean
  readonly now: number
}

export function notesOf(parts: NotesParts): Note[] {
  const { input, files, excluded } = parts
  const isIdle = files.every(file => file.source === undefined)
  const missing = missingOf(parts)
  const noted = isIdle && files.length + parts.empty === 0 && missing.length === 0
  return [
    ...missing.map(path => {
      return {
        reason: 'no_match',
        files: 0,
        text: `${path}: no such file yet, it is followed as soon as it appears`
      } as const
    }),
    ...note('excluded', noted ? excluded : 0, `matched, but left out by "exclude"`),
    ...(noted && excluded === 0 && parts.unread === 0 && !input.paths.some(parts.isUnknown)
      ? [{ reason: 'no_match', files: 0, text: 'no file matches yet, those that appear are followed at once' } as const]
      : []),
    ...note('compressed', parts.unread, 'compressed and not read: set "compression: auto" to read what they hold'),
    ...restNotes(parts, isIdle)
  ]
}

function restNotes({ input, files, empty, now, isUnknown }: NotesParts, isIdle: boolean): Note[] {
  const { readFrom, ignoreOlderMs } = input
  const counts = { older: 0, atEnd: 0, nearEnd: 0, noLine: empty, read: 0 }
  for (const file of files) {
    if (file.whyIdle === 'no_line' && !isUnknown(file.path)) counts.noLine++
    if (file.whyIdle === 'read') counts.read++
    if (file.isTail) counts.nearEnd++
    if (file.whyIdle !== 'left_out') continue
    const isYoung = ignoreOlderMs === 0 || now - file.mtimeMs <= ignoreOlderMs
    const isAtEnd = isYoung && (readFrom === 'end' || readFrom === 0)
    if (isAtEnd) counts.atEnd++
    else counts.older++
  }
  const all = 'to read the rest too, set a longer "ignore_older" and a new "state_dir"'
  const older = `older than "ignore_older" (${writeDuration(ignoreOlderMs)}): only what is added is read; ${all}`
  return [
    ...note('older', counts.older, older),
    ...note('at_end', counts.atEnd, `read from the end ("read_from"): only what is added is read`),
    ...note(
      'near_end',
      counts.nearEnd,
      `read from ${linesOf(readFrom)} before the end ("read_from"): what stands above is left out`
    ),
    ...note('no_line', isIdle ? counts.noLine : 0, 'without a whole line yet, followed as soon as there is one'),
    ...note('read', isIdle ? counts.read : 0, 'read to the end, and rotated')
  ]
}

function linesOf(count: FollowInput['readFrom']): string {
  return count === 1 ? '1 line' : `${count} lines`
}

function note(reason: Note['reason'], files: number, what: string): Note[] {
  return files === 0 ? [] : [{ reason, files, text: `${files} ${files === 1 ? 'file is' : 'files are'} ${what}` }]
}

/** Paths that are no patterns and under which nothing was found. */
function missingOf({ input, files, isUnknown }: NotesParts): string[] {
  const isExcluded = pathMatcher(input.exclude)
  const names = new Set(files.flatMap(file => [file.name, file.path]))
  return input.paths.filter(path => !isPattern(path) && !names.has(path) && !isUnknown(path) && !isExcluded(path))
}
