import { exitCodes } from '../core/errors.ts'
import { sentencesOf } from '../pipeline/changes.ts'
import type { Reload } from '../pipeline/collector.ts'
import { sentenceOf } from '../pipeline/reload.ts'
import { ask, notRunning } from './client.ts'
import { outputName } from './output-id.ts'
import { withStateDir } from './state-dir.ts'
import { printable } from './terminal.ts'
import { examples, type Verb } from './verb.ts'

export const reload: Verb = {
  define(command, { env, out, err }, finish) {
    withStateDir(command, env)
    command.option('--json', 'what has changed, or the problems, as JSON')
    command.addHelpText(
      'after',
      examples({
        'mcp-collector reload': 'read the files again, take over what differs; exit code 2 if they are not valid',
        'mcp-collector reload --state-dir /var/lib/mcp-collector': 'the collector of the system',
        'kill -HUP PID': 'the same, without an answer; "run --watch" does it whenever a file changes'
      })
    )
    command.action(async (options: { stateDir: string; json?: true }) => {
      const question = { method: 'POST', path: '/api/v1/reload', accept: [422, 500] } as const
      const answer = await ask<Reload>(options.stateDir, question)
      if (answer === undefined) throw notRunning(options.stateDir)
      if (options.json) out.line(JSON.stringify(answer))
      else {
        for (const problem of answer.problems) err.line(printable(sentenceOf(problem)))
        for (const line of linesOf(answer)) out.line(line)
      }
      finish(exitCodeOf(answer))
    })
  }
}

function exitCodeOf({ result }: Reload): number {
  if (result === 'refused') return exitCodes.badConfiguration
  return result === 'failed' ? exitCodes.failed : exitCodes.ok
}

function linesOf({ result, changes, durationMs }: Reload): string[] {
  if (result === 'unchanged') return [`Nothing has changed (${durationMs} ms)`]
  if (result !== 'changed') return ['Not reloaded: the configuration from before goes on']
  return [`Reloaded in ${durationMs} ms`, ...sentencesOf(changes, outputName).map(line => `  ${line}`)]
}
