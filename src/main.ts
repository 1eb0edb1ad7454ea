import { main, report } from './cli/main.ts'
import { processTerminal } from './cli/terminal.ts'

const terminal = processTerminal()

// Whoever reads our output may stop early: `mcp-collector ledger | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})
process.on('uncaughtException', error => process.exit(report(error, terminal)))
process.exit(await main(process.argv.slice(2), terminal))
