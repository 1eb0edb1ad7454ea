/**
 * Named places where a test may end the process as a power cut would: `MCP_COLLECTOR_CRASH_AT=state.commit.before:3` kills it
 * with SIGKILL when it comes to that place for the third time (each thread counts for itself). Without the variable a crash
 * point does nothing. Points stand directly before and after what makes something durable; their names are
 * `<room>.<action>.<moment>`.
 */
export const crashPoint: (name: string) => void = armed(process.env['MCP_COLLECTOR_CRASH_AT'])

function armed(setting: string | undefined): (name: string) => void {
  if (setting === undefined || setting === '') return () => {}
  const colon = setting.lastIndexOf(':')
  const target = colon < 0 ? setting : setting.slice(0, colon)
  let left = colon < 0 ? 1 : Number(setting.slice(colon + 1))
  return name => {
    if (name === target && --left === 0) process.kill(process.pid, 'SIGKILL')
  }
}
