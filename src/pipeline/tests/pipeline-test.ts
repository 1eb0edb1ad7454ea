import type { Place } from '../../config/tree.ts'
import type { End } from '../../core/outcome.ts'
import type { InputPlan, PipelinePlan, Plan } from '../plan.ts'

/** A file of tests: lines, and what a configuration makes of them. */
export interface PipelineTests {
  readonly file: string
  readonly plan: Plan
  readonly hostName: string
  readonly tests: readonly PipelineTest[]
}

export interface PipelineTest {
  readonly name: string
  readonly at: Place
  /** Epoch ms when its lines are read. */
  readonly nowMs: number
  readonly pipeline: PipelinePlan
  /** Read one after the other. */
  readonly files: readonly TestFile[]
  /** These rows, in their order, and no others. */
  readonly rows: readonly RowExpectation[]
}

export interface TestFile {
  readonly path: string
  /** The one that follows the path. */
  readonly input: InputPlan
  readonly bytes: Buffer
}

/** What is left out may be anything. */
export interface RowExpectation {
  readonly at: Place
  /** By name; of maps those keys that are named here count. */
  readonly fields: ReadonlyMap<string, unknown>
  /** Fields that it does not have. */
  readonly without: readonly string[]
  readonly fate: End
  /** The step that ended it. */
  readonly by: string | undefined
  /** Why no parser understood it; empty: one did. */
  readonly error: string | undefined
  /** That get it. */
  readonly outputs: readonly string[] | undefined
}
