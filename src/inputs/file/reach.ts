import { readFileSync } from 'node:fs'
import { readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate, setTimeout as wait } from 'node:timers/promises'
import type { FollowPlan } from '../../config/define.ts'
import { hungThreads } from '../../core/hung-threads.ts'
import { type Glob, mayMeet, type Part, parseGlob } from './glob.ts'

/** Types of file systems whose files are elsewhere, or in the hands of a program: when nobody answers there, a system call does not
 * return. `autofs` is there until the real one is mounted. */
const remote = new Set(
  (
    '9p acfs afs autofs beegfs ceph cifs coda fuse gfs gfs2 gpfs lustre ncpfs nfs nfs4 ocfs2 orangefs panfs prl_fs pvfs2 smb3 ' +
    'smbfs vboxsf virtiofs vmhgfs'
  ).split(' ')
)
const mostLinks = 40
/** Who does not answer a question about one name for so long hangs, ms. */
const answerMs = 1000
const late = Symbol('late')
const anywhere: readonly Part[] = [{ kind: 'any' }]

/** Names and patterns, from the root on: where files of an input may be. */
export type Way = readonly Part[]

/** Whether both may come to the same file. */
export function doMeet(ways: readonly Way[], others: readonly Way[]): boolean {
  return ways.some(way => others.some(other => mayMeet(way, other)))
}

/** The system's list of mounts: proc_pid_mountinfo(5). To read it asks no server. Empty where there is none. */
function mountinfo(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8')
  } catch {
    return ''
  }
}

/** Finds out which inputs may hang together, without ever hanging itself. */
export class Lookout {
  /** Remote mount points, and what did not answer. */
  readonly #points: Set<string>
  /** Each takes one of the few threads that all of the process share. */
  #isOneLate = false

  constructor(mounts = mountinfo()) {
    this.#points = remotePoints(mounts)
  }

  /** Links are followed as far as that needs no remote server. */
  async waysTo({ paths, followSymlinks, linkRoots, rotatedTo }: FollowPlan): Promise<Way[]> {
    const named = paths.flatMap(parseGlob)
    const linked = followSymlinks ? [...named.map(({ root }) => root), ...linkRoots] : []
    const globs: Glob[] = [...named, ...[...linked, ...rotatedTo].map(root => ({ root, parts: anywhere }))]
    const ways: Way[] = []
    for (const { root, parts } of globs) {
      const fixed = parts.flatMap(part => (part.kind === 'name' ? [part.name] : []))
      if (fixed.length === parts.length) ways.push(namesOf(await this.#resolved(join(root, ...fixed))))
      else ways.push([...namesOf(await this.#resolved(root)), ...parts])
    }
    return ways
  }

  /** The remote mount points that these ways lead over, once all ways are known. */
  mountsOn(ways: readonly Way[]): Set<string> {
    // whoever comes to it may also go on behind it
    return new Set([...this.#points].filter(point => doMeet(ways, [[...namesOf(point), ...anywhere]])))
  }

  /** The path without links; behind a remote mount point as it is written. */
  async #resolved(path: string): Promise<string> {
    let real = '/'
    let rest = path.split('/')
    for (let links = 0; rest.length > 0; ) {
      const next = join(real, rest[0]!)
      rest = rest.slice(1)
      const target = links < mostLinks ? await this.#linkAt(next) : undefined
      if (this.#points.has(next)) return join(next, ...rest)
      if (target === undefined) real = next
      else {
        links++
        if (target.startsWith('/')) real = '/'
        rest = [...target.split('/'), ...rest]
      }
    }
    return real
  }

  async #linkAt(path: string): Promise<string | undefined> {
    if (this.#points.has(path) || this.#isOneLate) return undefined
    const asked = readlink(path).catch(() => undefined)
    const answer = await Promise.race([asked, tooLate()])
    if (answer !== late) return answer
    this.#isOneLate = true
    this.#points.add(path)
    hungThreads.add(asked)
    void asked.then(() => hungThreads.delete(asked))
    return undefined
  }
}

/** The answer may have come while this thread had no time for either. */
async function tooLate(): Promise<typeof late> {
  await wait(answerMs, undefined, { ref: false })
  await setImmediate()
  return late
}

/** What was mounted last at a place hides what was there before. */
function remotePoints(mounts: string): Set<string> {
  const points = new Set<string>()
  for (const line of mounts.split('\n')) {
    const [own = '', common = ''] = line.split(' - ')
    // blanks, and what else would end a word, by their octal numbers
    const point = own.split(' ')[4]?.replace(/\\([0-7]{3})/g, (_, octal: string) => {
      return String.fromCharCode(Number.parseInt(octal, 8))
    })
    if (point === undefined) continue
    const type = common.split(' ')[0]!
    if (remote.has(type) || type.startsWith('fuse.')) points.add(point)
    else points.delete(point)
  }
  return points
}

function namesOf(path: string): Part[] {
  return path.split('/').flatMap(name => (name === '' ? [] : [{ kind: 'name', name }]))
}
