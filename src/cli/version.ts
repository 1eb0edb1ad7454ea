import { exitCodes } from '../core/errors.ts'
import { packageVersion } from './package.ts'
import type { Verb } from './verb.ts'
import { examples } from './verb.ts'

export const version: Verb = {
  define(command, { out }, finish) {
    command.option('--json', 'version, Node.js and platform as JSON')
    command.addHelpText('after', examples({ 'mcp-collector version --json': 'for a bug report' }))
    command.action((options: { json?: true }) => {
      const { version: node, platform, arch } = process
      out.line(options.json ? JSON.stringify({ version: packageVersion(), node, platform, arch }) : packageVersion())
      finish(exitCodes.ok)
    })
  }
}
