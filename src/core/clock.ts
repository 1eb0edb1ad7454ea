/** Time as the program sees it. Waits use `monotonic`; `now` is only for stamps. Tests bring their own. */
export interface Clock {
  /** Epoch ms. */
  now(): number
  /** Ms since some fixed moment; never goes back. */
  monotonic(): number
  /** Calls `run` once after `ms`, with 0 as soon as the caller is done; returns how to take that back. The timer alone does not
   * keep the process alive. */
  after(ms: number, run: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    if (ms === 0) {
      // A timer takes a millisecond at least, and its own wake of the thread.
      const immediate = setImmediate(run)
      immediate.unref()
      return () => clearImmediate(immediate)
    }
    const timer = setTimeout(run, ms)
    timer.unref()
    return () => clearTimeout(timer)
  }
}
