import { burstThenRotate } from './bursts.ts'
import { bulkChaos } from './chaos.ts'
import { mixedContent } from './content.ts'
import { copyTruncate } from './copies.ts'
import { namedCrashPoints } from './crash-points.ts'
import { fanOut } from './fan-out.ts'
import { sameInode, truncateAndRegrow } from './generations.ts'
import { noLossOnKill } from './kills.ts'
import { partialLines } from './partials.ts'
import { reloadStorm } from './reloads.ts'
import { drainOnSigterm } from './shutdown.ts'
import { soak } from './soak.ts'
import { rottenState } from './state-rot.ts'
import type { Scenario } from './trial.ts'

export const scenarios: readonly Scenario[] = [
  noLossOnKill,
  namedCrashPoints,
  rottenState,
  burstThenRotate,
  copyTruncate,
  truncateAndRegrow,
  sameInode,
  mixedContent,
  partialLines,
  bulkChaos,
  fanOut,
  drainOnSigterm,
  reloadStorm,
  soak
]
