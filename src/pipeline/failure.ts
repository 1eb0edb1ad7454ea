import type { Place } from '../config/tree.ts'

/** Lines that a test wants to be the same, and are not. */
export interface Failure {
  readonly at: Place
  readonly message: string
  readonly expected: readonly string[]
  readonly received: readonly string[]
}
