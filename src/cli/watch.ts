import { type BigIntStats, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { messageOf } from '../core/errors.ts'

/** So often it looks. A change is taken for complete once a second look finds nothing more. */
const lookMs = 500

/**
 * Notices when the files of a configuration change: rewritten, replaced under their name, or behind a symbolic link that leads
 * elsewhere now, as Kubernetes swaps its volumes. It looks, since events miss what happens behind links and on network file systems;
 * a look at a few files costs some microseconds.
 */
export class Watch {
  /** What the files were like before they were read last. */
  readonly #read = new Map<string, string>()
  readonly #everyMs: number
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(everyMs = lookMs) {
    this.#everyMs = everyMs
  }

  /** A file is about to be read. Until the next `clear` it belongs to the configuration. */
  reading(path: string): void {
    try {
      this.#read.set(path, signatureOf(statSync(path, { bigint: true })))
    } catch (error) {
      this.#read.set(path, faultOf(error))
    }
  }

  /** Everything is about to be read anew. */
  clear(): void {
    this.#read.clear()
  }

  /** Calls `changed` when something differs from what was read, and not again before that has ended. */
  start(changed: () => Promise<unknown>): void {
    let before = ''
    const look = async (): Promise<void> => {
      const now = await this.#look()
      if (now !== '' && now === before && !this.#isStopped) await changed()
      before = now
    }
    const again = (): void => {
      if (this.#isStopped) return
      this.#timer = setTimeout(() => void look().finally(again), this.#everyMs)
      this.#timer.unref()
    }
    again()
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  /** What differs, as one text; empty: nothing. */
  async #look(): Promise<string> {
    let differs = ''
    for (const [path, read] of Array.from(this.#read)) {
      const now = await stat(path, { bigint: true }).then(signatureOf, faultOf)
      if (now !== read) differs += `${path} ${now}\n`
    }
    return differs
  }
}

/** Differs when another file stands there, or this one was written to or may be read now. */
function signatureOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':')
}

function faultOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? messageOf(error)
}
