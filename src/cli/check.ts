import { components } from '../components.ts'
import { loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problems.ts'
import { exitCodes } from '../core/errors.ts'
import { printable } from './terminal.ts'
import { examples, type Verb } from './verb.ts'

export const check: Verb = {
  define(command, { env, out, err }, finish) {
    command.argument('<file...>', 'configuration files, merged in this order')
    command.option('--json', 'the problems as JSON')
    command.addHelpText(
      'after',
      examples({
        'mcp-collector check my.yaml': 'all mistakes at once, as file:line:column: message; exit code 2',
        'mcp-collector check base.yaml prod.yaml': 'an overlay on its base'
      })
    )
    command.action(async (files: string[], options: { json?: true }) => {
      const loaded = await loadConfig(files, { env, components })
      if ('problems' in loaded) {
        if (options.json) out.line(JSON.stringify({ ok: false, problems: loaded.problems }))
        else for (const problem of loaded.problems) err.line(printable(formatProblem(problem)))
        return finish(exitCodes.badConfiguration)
      }
      const { inputs, outputs, pipelines } = loaded.config
      const counts = { inputs: inputs.length, outputs: outputs.length, pipelines: pipelines.length }
      if (options.json) out.line(JSON.stringify({ ok: true, ...counts }))
      else {
        const parts = Object.entries(counts).map(
          ([name, count]) => `${count} ${count === 1 ? name.slice(0, -1) : name}`
        )
        out.line(`ok: ${parts.join(', ')}`)
      }
      finish(exitCodes.ok)
    })
  }
}
