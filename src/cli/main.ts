import { ExitError, exitCodes, messageOf } from '../core/errors.ts'
import { packageVersion } from './package.ts'
import { printable, type Terminal } from './terminal.ts'
import { verbs } from './verbs.ts'

/** Runs the program with its arguments and returns the exit code. Throws nothing. */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  if (args[0] === '--version' || args[0] === '-V') {
    terminal.out.line(packageVersion())
    return exitCodes.ok
  }
  try {
    return await dispatch(args, terminal)
  } catch (error) {
    return report(error, terminal)
  }
}

/** An error that ends the program: one sentence, and where it comes from for those who ask. */
export function report(error: unknown, { env, err }: Terminal): number {
  const known = error instanceof ExitError
  const message = known ? error.message : `Unexpected error: ${messageOf(error)}`
  err.line(`${err.style('red', 'error:')} ${printable(message)}`)
  if (env.MCP_COLLECTOR_DEBUG && error instanceof Error) err.line(error.stack ?? '')
  else if (!known) err.line('  (set MCP_COLLECTOR_DEBUG=1 to see where it comes from)')
  return known ? error.exitCode : exitCodes.failed
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<number> {
  const { Command, CommanderError } = await import('commander')
  let exitCode: number = exitCodes.ok
  const program = new Command('mcp-collector')
    .description('Follows log files and container logs, normalises every line and ships it exactly once.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpCommand('help [verb]', 'show the help of a verb')
    .addHelpText('after', await rootExamples())
    .exitOverride()
    .configureOutput({
      writeOut: text => terminal.out.line(text.replace(/\n$/, '')),
      writeErr: text => terminal.err.line(text.replace(/\n$/, ''))
    })
  const called = args[0] === 'help' ? args[1] : args[0]
  for (const [name, { summary, load }] of Object.entries(verbs)) {
    const command = program.command(name).description(summary)
    if (name === called) (await load()).define(command, terminal, code => (exitCode = code))
  }
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 || args.length === 0 ? exitCodes.ok : exitCodes.badConfiguration
  }
}

async function rootExamples(): Promise<string> {
  const { examples } = await import('./verb.ts')
  return examples({
    'mcp-collector demo': 'see it at work, without any log of your own',
    'mcp-collector run': "print this machine's logs, normalised",
    'mcp-collector run pipelines/elasticsearch.yaml': 'ship them to Elasticsearch',
    'mcp-collector check my.yaml': 'validate without starting',
    'mcp-collector status': 'ask the running collector'
  })
}
