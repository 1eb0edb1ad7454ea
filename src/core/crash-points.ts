/**
 * Named places where a test may end the process as a power cut would: `MCP_COLLECTOR_CRASH_AT=state.commit.before:3` kills it
 * with SIGKILL when it comes to that place for the third time (each thread counts for itself). Without the variable a crash
 * point does nothing. Points stand directly before and after what makes something durable; their names are
 * `<room>.<action>.<moment>`.
 */
export const crashPoint: (name: string) => void = armed(process.env['MCP_COLLECTOR_CRASH_AT']) ?? (() => {})

/** The crash point behind `StateLink.append`. A shard's records leave its thread in a microtask that `append` has begun: the process
 * ends right behind that one. */
export const crashPointHandedOver: (name: string) => void =
  armed(process.env['MCP_COLLECTOR_CRASH_AT']) === undefined ? () => {} : name => queueMicrotask(() => crashPoint(name))

function armed(setting: string | undefined): ((name: string) => void) | undefined {
  if (setting === undefined || setting === '') return undefined
  const colon = setting.lastIndexOf(':')
  const target = colon < 0 ? setting : setting.slice(0, colon)
  let left = colon < 0 ? 1 : Number(setting.slice(colon + 1))
  return name => {
    if (name === target && --left === 0) process.kill(process.pid, 'SIGKILL')
  }
}
