import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const lookMs = 50

/** How long threads of a process have to wait for a processor that others have: what takes longer for that is not the process's fault. */
export class Waits {
  readonly #folder: string
  /** Ms by thread. */
  readonly #before = new Map<string, number>()

  constructor(pid: number) {
    this.#folder = `/proc/${pid}/task`
    this.take()
  }

  /** Since the last call, ms, of the thread that had to wait the longest; 0 where the system does not tell. */
  take(): number {
    let longest = 0
    try {
      for (const thread of readdirSync(this.#folder)) {
        // nanoseconds: on a processor, ready for one
        const waited = Number(readFileSync(`${this.#folder}/${thread}/schedstat`, 'utf8').split(' ')[1]) / 1e6
        longest = Math.max(longest, waited - (this.#before.get(thread) ?? waited))
        this.#before.set(thread, waited)
      }
    } catch {
      // it has ended
    }
    return longest
  }
}

/** How long something takes, ms, without the time in which the process waits for a processor. */
export async function ownMs(pid: number, work: Promise<unknown>): Promise<number> {
  const began = performance.now()
  const waits = new Waits(pid)
  let waited = 0
  let isOver = false
  const over = work.finally(() => (isOver = true))
  while (!isOver) {
    await Promise.race([over, delay(lookMs)])
    waited += waits.take()
  }
  return Math.max(0, performance.now() - began - waited)
}
