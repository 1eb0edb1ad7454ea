import { alertsAcrossKills } from './alerts.ts'
import { compressedFiles } from './archives.ts'
import { burstThenRotate } from './bursts.ts'
import { oneOfAHundred } from './calm.ts'
import { bulkChaos } from './chaos.ts'
import { containerMatrix } from './containers.ts'
import { mixedContent } from './content.ts'
import { copyTruncate, rotatedWhileDown } from './copies.ts'
import { namedCrashPoints } from './crash-points.ts'
import { diskFull, flushFails } from './disk-faults.ts'
import { fewHandles, lostEvents, manyFiles, overlap, twinFiles } from './crowds.ts'
import { givenUp } from './evictions.ts'
import { fanOut } from './fan-out.ts'
import { encodings } from './encodings.ts'
import { endlessLine } from './endless.ts'
import { sameInode, truncateAndRegrow } from './generations.ts'
import { hostileServer } from './hostile.ts'
import { oneInstance } from './instances.ts'
import { hostileFolder } from './hostile-folder.ts'
import { noLossOnKill } from './kills.ts'
import { tooLargeRequests } from './oversize.ts'
import { hostilePatterns } from './patterns.ts'
import { deletedButHeld } from './held.ts'
import { hungMount } from './mounts.ts'
import { longOutage } from './outages.ts'
import { outputFiles } from './output-files.ts'
import { partialLines } from './partials.ts'
import { podFarm } from './pods.ts'
import { reloadStorm } from './reloads.ts'
import { noSecretTold } from './secrets.ts'
import { needsAPerson, slowAndPoisoned } from './pauses.ts'
import { rollingRestarts } from './rollouts.ts'
import { nulHoles, renameStorm, replaceGames, rotatedBySize } from './rotations.ts'
import { drainOnSigterm } from './shutdown.ts'
import { soak } from './soak.ts'
import { bigBacklog } from './spool-backlog.ts'
import { damagedSpool } from './spool-damage.ts'
import { rottenState } from './state-rot.ts'
import { killedInTraces } from './traces.ts'
import type { Scenario } from './trial.ts'

export const scenarios: readonly Scenario[] = [
  noLossOnKill,
  namedCrashPoints,
  rottenState,
  oneInstance,
  flushFails,
  diskFull,
  damagedSpool,
  bigBacklog,
  burstThenRotate,
  renameStorm,
  rotatedBySize,
  copyTruncate,
  nulHoles,
  rotatedWhileDown,
  compressedFiles,
  truncateAndRegrow,
  sameInode,
  podFarm,
  replaceGames,
  hungMount,
  twinFiles,
  overlap,
  fewHandles,
  manyFiles,
  lostEvents,
  encodings,
  deletedButHeld,
  mixedContent,
  endlessLine,
  partialLines,
  containerMatrix,
  bulkChaos,
  slowAndPoisoned,
  needsAPerson,
  fanOut,
  longOutage,
  givenUp,
  outputFiles,
  tooLargeRequests,
  hostileServer,
  noSecretTold,
  drainOnSigterm,
  reloadStorm,
  alertsAcrossKills,
  killedInTraces,
  hostilePatterns,
  hostileFolder,
  rollingRestarts,
  oneOfAHundred,
  soak
]
