import { limited, type Log, type LogFields, silentLog } from '../../core/log.ts'
import type { FollowContext } from './context.ts'

const reportEveryMs = 60_000
/** What we never open, said once for each path. */
const refusals = new Set(['symlink', 'foreign_link', 'outside', 'not_regular', 'directory'])
const mostRefused = 10_000
const mostProblems = 1000
/** Lines of the log for each `reportEveryMs`: who has no right to read a folder has it for none of its files. */
const mostTold = 100

/** Reasons in words, with what to do. */
const words: Readonly<Record<string, string>> = {
  EACCES: 'permission denied: run the collector as a user who may read it',
  EPERM: 'permission denied: run the collector as a user who may read it',
  EMFILE: 'too many files are open: raise the limit of the process (ulimit -n)',
  ENFILE: 'too many files are open on this machine',
  EIO: 'the disk can not be read',
  ELOOP: 'a link took its place',
  ESTALE: 'another file took its place, or its server does not know it any more',
  symlink: 'a symbolic link: set "follow_symlinks" to follow it',
  foreign_link: 'a symbolic link that another user made: name the path that it leads to',
  outside: 'it leads out of the folders of "paths": name the folder that it leads to in "symlink_roots"',
  not_regular: 'not a regular file but a device, pipe or socket',
  directory: 'a folder: name the files in it, as "*.log" behind its path does',
  not_compressed: 'it was an archive and is not compressed any more: give it a name without ".gz" or ".zst"',
  'archive ratio': 'the archive would become more than 500 times as large, the rest is lost: unpack it if that is right'
}

/** Why a path is not followed, in words, with what to do. */
export function wordsOf(reason: string): string {
  const known = words[reason]
  if (known !== undefined || !reason.startsWith('archive ')) return known ?? reason
  return `the archive is cut short or damaged, the rest is lost: ${reason.slice('archive '.length)}`
}

/** What can not be followed, and why: counted, said in the log now and then, and listed for people. */
export class Problems {
  readonly #input: string
  readonly #context: FollowContext
  readonly #log: Log
  #told = 0
  #toldSince = -Infinity
  readonly #refused = new Set<string>()
  /** Since the last scan began, by path. */
  readonly #current = new Map<string, string>()

  constructor(input: string, context: FollowContext) {
    this.#input = input
    this.#context = context
    const few: Log = { ...silentLog, warn: (message, fields) => this.#tell(message, fields) }
    this.#log = limited(few, reportEveryMs, () => context.clock.monotonic())
  }

  /** At most a thousand. */
  list(): { readonly path: string; readonly reason: string }[] {
    return [...this.#current].map(([path, reason]) => ({ path, reason }))
  }

  has(path: string): boolean {
    return this.#current.has(path)
  }

  /** A scan begins, which finds again what still is one. */
  clear(): void {
    this.#current.clear()
  }

  readonly report = (reason: string, path: string): void => {
    if (this.#current.size < mostProblems) this.#current.set(path, wordsOf(reason))
    const refusal = `${reason} ${path}`
    if (refusals.has(reason) && this.#refused.has(refusal)) return
    if (refusals.has(reason) && this.#refused.size < mostRefused) this.#refused.add(refusal)
    this.#context.meter.of('collector_input_errors_total', this.#input, reason).value++
    this.#log.warn(`Cannot follow "${path}": ${wordsOf(reason)}`, { input: this.#input })
  }

  #tell(message: string, fields?: LogFields): void {
    const { log, clock } = this.#context
    if (clock.monotonic() - this.#toldSince >= reportEveryMs) {
      this.#toldSince = clock.monotonic()
      this.#told = 0
    }
    this.#told++
    if (this.#told <= mostTold) log.warn(message, fields)
    if (this.#told === mostTold + 1)
      log.warn('Cannot follow more files than are told here: see "mcp-collector status"', fields)
  }
}
