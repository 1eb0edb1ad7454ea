/** One Ctrl-C may arrive several times: the terminal sends it to the whole group, npm and a wrapper pass it on as well. */
const sameMs = 300

export interface Signals {
  /** The first signal that asks to stop. */
  readonly first: Promise<void>
  /** Ctrl-C once more. */
  readonly second: Promise<void>
  close(): void
}

export function listenForSignals(): Signals {
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<void>()
  let stoppingSince: number | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stoppingSince === undefined) {
      stoppingSince = performance.now()
      first.resolve()
    } else if (signal === 'SIGINT' && performance.now() - stoppingSince > sameMs) {
      second.resolve()
    }
  }
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of names) process.on(name, onSignal)
  return {
    first: first.promise,
    second: second.promise,
    close() {
      for (const name of names) process.off(name, onSignal)
    }
  }
}
