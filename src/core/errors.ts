/** What went wrong with a whole request, as far as delivery/ has to act differently. */
export type SendFault =
  /** Transient: 429, 5xx, reset, timeout. Retried with backoff. */
  | 'retry'
  /** Needs a person or another system: 401, 403, 404, DNS, TLS. The output pauses, says so and tries slowly. */
  | 'pause'
  /** The request was too large: split it. */
  | 'split'
  /** Nobody will ever take rows here again (the reader of a pipe has gone): the collector ends, as a filter does. */
  | 'end'

/** Thrown by `Output.send` and `Output.prepare`. */
export class SendError extends Error {
  override readonly name = 'SendError'
  readonly fault: SendFault
  /** HTTP status, or 0 where there was none. */
  readonly status: number
  /** Nobody knows whether the rows were accepted. */
  readonly unknown: boolean
  readonly retryAfterMs: number | undefined

  constructor(
    message: string,
    fault: SendFault,
    options: {
      status?: number
      unknown?: boolean
      retryAfterMs?: number | undefined
      cause?: unknown
    } = {}
  ) {
    super(message, { cause: options.cause })
    this.fault = fault
    this.status = options.status ?? 0
    this.unknown = options.unknown ?? false
    this.retryAfterMs = options.retryAfterMs
  }
}

/** A mistake that ends the program, with its exit code. Only cli/ and main.ts act on it. */
export class ExitError extends Error {
  override readonly name = 'ExitError'
  readonly exitCode: number

  constructor(message: string, exitCode: number, cause?: unknown) {
    super(message, { cause })
    this.exitCode = exitCode
  }
}

/** Exit codes of the program. */
export const exitCodes = { ok: 0, failed: 1, badConfiguration: 2, newerState: 3, alreadyRunning: 4 } as const

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
