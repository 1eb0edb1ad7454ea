import { stat } from 'node:fs/promises'
import type { Finding } from '../../core/probe.ts'
import type { StoredState } from '../../core/record.ts'
import { Discovery } from '../../inputs/file/discover.ts'
import { systemDisk } from '../../inputs/file/disk.ts'
import { parseGlob } from '../../inputs/file/glob.ts'
import { onlooker } from '../onlooker.ts'
import type { InputPlan } from '../plan.ts'

/** Problems that are listed. */
const mostShown = 10

export interface Files {
  readonly hostId: string
  readonly hostName: string
  /** What earlier runs know. */
  readonly stored: StoredState
  /** Ends what takes too long. */
  readonly signal: AbortSignal
}

/** Lets an input look for its files, and says what it finds at each of its paths. */
export async function filesOf(input: InputPlan, files: Files): Promise<Finding[]> {
  if (input.feed !== undefined) return [{ what: 'rows', state: 'ok', text: 'it makes them itself' }]
  const { paths } = input.follow
  const mute = await muteAmong(
    paths.flatMap(parseGlob).map(({ root }) => root),
    files.signal
  )
  if (mute !== undefined) {
    const text = `"${mute}" does not answer in time: is what is mounted there reachable`
    return [{ what: 'paths', state: 'failed', text: `${text}?` }]
  }
  return [...paths.map(path => pathFinding(path, input)), ...notesOf(input, files)]
}

/** A folder that nobody answers for: looking at it by a call that can not be given up would hang. */
async function muteAmong(folders: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  const ended = new Promise<'late'>(resolve => {
    signal.addEventListener('abort', () => resolve('late'), { once: true })
    if (signal.aborted) resolve('late')
  })
  for (const folder of new Set(folders)) {
    const there = stat(folder).then(
      () => 'there',
      () => 'gone'
    )
    if ((await Promise.race([there, ended])) === 'late') return folder
  }
  return undefined
}

function pathFinding(path: string, { follow }: InputPlan): Finding {
  const discovery = new Discovery({ ...follow, paths: [path] }, systemDisk, () => {})
  const found = [...discovery.scan()].length
  const left = discovery.excluded > 0 ? `, ${discovery.excluded} left out by "exclude"` : ''
  if (found > 0) return { what: path, state: 'ok', text: `${found} ${found === 1 ? 'file' : 'files'}${left}` }
  const text = `no file${left}: those that appear are followed at once`
  return { what: path, state: 'warning', text: discovery.isUnknown(path) ? 'can not be looked at, see below' : text }
}

/** Why files that are there are not read, or only in part. */
function notesOf(input: InputPlan, files: Files): Finding[] {
  const follower = onlooker(input, files)
  void follower.start()
  try {
    const { problems, notes } = follower
    const others = problems.length - mostShown
    return [
      ...problems
        .slice(0, mostShown)
        .map(({ path, reason }): Finding => ({ what: path, state: 'failed', text: reason })),
      ...(others > 0 ? [{ what: 'others', state: 'failed', text: `${others} more can not be read` } as const] : []),
      ...notes.flatMap(({ reason, text }): Finding[] => {
        if (reason === 'no_match') return []
        return [{ what: 'files', state: reason === 'read' ? 'ok' : 'warning', text }]
      })
    ]
  } finally {
    follower.stop()
  }
}
