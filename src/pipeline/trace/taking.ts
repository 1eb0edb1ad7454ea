import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../core/clock.ts'
import type { StoredState } from '../../core/record.ts'
import type { FollowPlan } from '../../config/define.ts'
import { Discovery } from '../../inputs/file/discover.ts'
import { systemDisk } from '../../inputs/file/disk.ts'
import { parseGlob, pathMatcher } from '../../inputs/file/glob.ts'
import { keyOf } from '../../inputs/file/identity.ts'
import type { FileSource } from '../../inputs/file/source.ts'
import { wordsOf } from '../../inputs/file/problems.ts'
import { fromStored, type StoredFile, toStored } from '../../inputs/file/stored.ts'
import { inodeAt, sourceOfFile } from '../known-file.ts'
import { onlooker } from '../onlooker.ts'
import type { InputPlan } from '../plan.ts'

/** An input that may wait for something else waits no longer by then: see `doubtMs` and `partial_timeout`. */
const patienceMs = 3_600_000
/** The first bytes of an archive come soon, or never. */
const tries = 100
const tryMs = 20

export interface TakingParts {
  readonly hostId: string
  readonly hostName: string
  /** What earlier runs know. */
  readonly stored: StoredState
  /** More bytes of the source are there. */
  readonly woken: () => void
}

/** A file as an input follows it. */
export interface Taking {
  readonly source: FileSource
  /** Why the input would not read some of it, in words. */
  readonly notes: readonly string[]
  close(): void
}

/** Lets an input look at one file, as it is there, or says why it does not take it. The file stays open until `close`. */
export async function takingOf(
  input: InputPlan,
  path: string,
  line: { readonly end: number },
  parts: TakingParts
): Promise<Taking | { readonly refused: string }> {
  const found = nameOf(input, path, parts.stored)
  if ('refused' in found) return found
  const follow = {
    ...input.follow,
    paths: [found.name],
    linkRoots: [...input.follow.linkRoots, ...rootsOf(input.follow)]
  }
  const unread = parts.stored.sources.map(fromStored).map(file => ({ ...file, isEnded: false }))
  const strict = await look({ ...input, follow }, knowing(parts, unread))
  if (strict.source !== undefined && strict.source.startAt < line.end) return { ...strict, source: strict.source }
  strict.close()
  // However it begins, what would become of the line can be told.
  const all = { ...follow, readFrom: 'beginning', ignoreOlderMs: 0, compression: 'auto' } as const
  const whole = unread.map(file => ({ ...file, startAt: 0 }))
  const lax = await look({ ...input, follow: all }, knowing(parts, whole))
  const why = [...strict.problems, ...strict.notes]
  const notes = why.length > 0 ? why : ['reading began behind this line']
  if (lax.source !== undefined) return { ...lax, source: lax.source, notes }
  lax.close()
  return { refused: [...lax.problems, ...lax.notes][0] ?? 'it has no whole line yet' }
}

function knowing(parts: TakingParts, files: readonly StoredFile[]): TakingParts {
  return { ...parts, stored: { ...parts.stored, sources: files.map(toStored) } }
}

/** The name under which the patterns of an input lead to a file, or its own if an earlier run followed it and it was renamed. */
function nameOf(
  { name: input, follow }: InputPlan,
  path: string,
  stored: StoredState
): { readonly name: string } | { readonly refused: string } {
  const reasons = new Map<string, string>()
  const discovery = new Discovery(follow, systemDisk, (reason, at) => void reasons.set(at, reason))
  const key = keyOf(inodeAt(path))
  for (const found of discovery.scan()) if (found.key === key) return { name: found.names[0]! }
  if (sourceOfFile(path, stored.sources)?.input === input) return { name: path }
  const reason = [...reasons].find(([at]) => path === at || path.startsWith(`${at}/`))?.[1]
  const excluding = follow.exclude.find(pattern => pathMatcher([pattern])(path))
  if (reason !== undefined) return { refused: wordsOf(reason) }
  if (!pathMatcher(follow.paths)(path))
    return { refused: `none of its "paths" leads there: ${follow.paths.join(', ')}` }
  return { refused: excluding === undefined ? 'there is no such file' : `left out by "exclude": ${excluding}` }
}

function rootsOf({ paths }: FollowPlan): string[] {
  return paths.flatMap(parseGlob).map(({ root }) => root)
}

interface Look {
  readonly source: FileSource | undefined
  readonly notes: readonly string[]
  readonly problems: readonly string[]
  close(): void
}

async function look(input: InputPlan, { woken, ...known }: TakingParts): Promise<Look> {
  let source: FileSource | undefined
  let waitedMs = 0
  const follower = onlooker(input, {
    ...known,
    open: opened => (source ??= opened),
    wake: woken,
    // all that is waited for is over at the next look
    monotonic: () => systemClock.monotonic() + waitedMs
  })
  // the file is there: an archive whose first bytes are under way looks as if it was not
  const notes = (): string[] => follower.notes.flatMap(({ reason, text }) => (reason === 'no_match' ? [] : [text]))
  const problems = (): string[] => follower.problems.map(({ reason }) => reason)
  await follower.start()
  for (let n = 0; n < tries && source === undefined; n++) {
    waitedMs += patienceMs
    follower.scan()
    if (n > 0 && problems().length + notes().length > 0) break
    if (source === undefined) await delay(tryMs)
  }
  return { source, notes: notes(), problems: problems(), close: () => follower.stop() }
}
