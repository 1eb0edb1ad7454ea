import { closeSync, openSync } from 'node:fs'

/** One Ctrl-C may arrive several times: the terminal sends it to the whole group, npm and a wrapper pass it on as well. */
const sameMs = 300

export interface Signals {
  /** The first signal that asks to stop. */
  readonly first: Promise<void>
  /** Ctrl-C once more. */
  readonly second: Promise<void>
  close(): void
}

export interface SignalOptions {
  /** The program was started on a terminal: then SIGHUP may also say that it was closed. */
  readonly onTerminal: boolean
  /** SIGHUP asks for a reload. */
  readonly reload: () => void
}

export function listenForSignals({ onTerminal, reload }: SignalOptions): Signals {
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
  const onHangup = (): void => {
    if (onTerminal && isTerminalGone()) onSignal('SIGHUP')
    else if (stoppingSince === undefined) reload()
  }
  const stopping = ['SIGINT', 'SIGTERM'] as const
  for (const name of stopping) process.on(name, onSignal)
  process.on('SIGHUP', onHangup)
  return {
    first: first.promise,
    second: second.promise,
    close() {
      for (const name of stopping) process.off(name, onSignal)
      process.off('SIGHUP', onHangup)
    }
  }
}

function isTerminalGone(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return false
  } catch {
    return true
  }
}
