import { burstThenRotate } from './bursts.ts'
import { namedCrashPoints } from './crash-points.ts'
import { sameInode, truncateAndRegrow } from './generations.ts'
import { noLossOnKill } from './kills.ts'
import { drainOnSigterm } from './shutdown.ts'
import { rottenState } from './state-rot.ts'
import type { Scenario } from './trial.ts'

export const scenarios: readonly Scenario[] = [
  noLossOnKill,
  namedCrashPoints,
  rottenState,
  burstThenRotate,
  truncateAndRegrow,
  sameInode,
  drainOnSigterm
]
