/** Time as the program sees it. Waits use `monotonic`; `now` is only for stamps. Tests bring their own. */
export interface Clock {
  /** Epoch ms. */
  now(): number
  /** Ms since some fixed moment; never goes back. */
  monotonic(): number
  /** CPU time that this thread has taken, ms. */
  cpu(): number
  /** Calls `run` once after `ms`, with 0 as soon as the caller is done; returns how to take that back. The wait alone does
   * not keep the process alive. */
  after(ms: number, run: () => void): () => void
}

/** A timer that is to run later is run at once by Node.js. */
const longestTimerMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  cpu() {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1000
  },
  after(ms, run) {
    if (ms === 0) {
      // A timer takes a millisecond at least, and its own wake of the thread. Not `unref`: then a loop with nothing else to do
      // sleeps until something happens before it runs this.
      const immediate = setImmediate(run)
      return () => clearImmediate(immediate)
    }
    if (ms > longestTimerMs) {
      let cancel = this.after(longestTimerMs, () => (cancel = this.after(ms - longestTimerMs, run)))
      return () => cancel()
    }
    const timer = setTimeout(run, ms)
    timer.unref()
    return () => clearTimeout(timer)
  }
}
