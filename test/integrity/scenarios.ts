import { noLossOnKill } from './kills.ts'
import type { Scenario } from './trial.ts'

export const scenarios: readonly Scenario[] = [noLossOnKill]
