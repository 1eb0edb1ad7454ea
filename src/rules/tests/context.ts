import type { Problems } from '../../config/problems.ts'

/** What parts of a test need to know of it. */
export interface TestContext {
  readonly problems: Problems
  /** ` in test "a"` */
  readonly where: string
  /** Of evaluations of expressions. */
  readonly intervalMs: number
  /** Epoch ms. */
  readonly startMs: number
}
