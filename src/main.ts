import { ExitError, exitCodes } from './core/errors.ts'
import { main, report } from './cli/main.ts'
import { processTerminal } from './cli/terminal.ts'
import { hungThreads } from './core/hung-threads.ts'

const patienceMs = 200
const terminal = processTerminal()

// Whoever reads our output may stop early: `mcp-collector ledger | head`. A terminal that was closed says so by SIGHUP, too: what was read
// is delivered first.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') leave(0)
  if (error.code !== 'EIO') throw new ExitError(`Cannot write to standard output: ${error.message}`, exitCodes.failed)
})
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EIO') throw error
})
process.on('uncaughtException', error => leave(report(error, terminal)))
const args = process.argv.slice(2)
const code = await main(args, terminal)
// A pipe takes only what it has room for: a slow reader gets the rest before the end. But a collector waits for nobody.
if (args[0] === 'run' || args[0] === 'demo') setTimeout(() => leave(code), patienceMs)
process.stdout.write('', () => setImmediate(() => leave(code)))

/** `process.exit` waits for the end of all threads, and one that hangs in a system call has none. Another program in the place of this
 * one ends them; a signal would not do it for the first process of a container. */
function leave(code: number): never {
  if (hungThreads.size > 0) {
    try {
      process.execve?.(process.execPath, [process.execPath, '--eval', `process.exit(${code})`])
    } catch {
      // Not on this system.
    }
    process.kill(process.pid, 'SIGKILL')
  }
  process.exit(code)
}
