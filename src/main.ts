import { ExitError, exitCodes } from './core/errors.ts'
import { main, report } from './cli/main.ts'
import { processTerminal } from './cli/terminal.ts'

const patienceMs = 200
const terminal = processTerminal()

// Whoever reads our output may stop early: `mcp-collector ledger | head`. A terminal that was closed says so by SIGHUP, too: what was read
// is delivered first.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  if (error.code !== 'EIO') throw new ExitError(`Cannot write to standard output: ${error.message}`, exitCodes.failed)
})
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EIO') throw error
})
process.on('uncaughtException', error => process.exit(report(error, terminal)))
const args = process.argv.slice(2)
const code = await main(args, terminal)
// A pipe takes only what it has room for: a slow reader gets the rest before the end. But a collector waits for nobody.
if (args[0] === 'run') setTimeout(() => process.exit(code), patienceMs)
process.stdout.write('', () => setImmediate(() => process.exit(code)))
