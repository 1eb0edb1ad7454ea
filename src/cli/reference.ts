import { components } from '../components.ts'
import { jsonSchema } from '../config/json-schema.ts'
import { reference as referenceOf } from '../config/reference.ts'
import { pageMarkdown } from '../config/reference-page.ts'
import { oneOf } from '../config/wording.ts'
import { exitCodes } from '../core/errors.ts'
import { wrapped } from './table.ts'
import { examples, usage, type Verb } from './verb.ts'

export const reference: Verb = {
  define(command, { out }, finish) {
    command.argument(
      '[component]',
      'only this component; "config" is the file format, "input" and "delivery" what inputs and outputs share, "query" is LogQL, "ledger" how rows end'
    )
    command.option('--json-schema', 'the JSON schema of configuration files, for editors')
    command.option('--markdown', 'options as tables, for pages')
    command.addHelpText(
      'after',
      examples({
        'mcp-collector reference': 'everything',
        'mcp-collector reference elasticsearch': 'options of a component, with defaults and examples',
        'mcp-collector reference --markdown': 'what docs/reference.md has',
        'mcp-collector reference --json-schema > schema.json': 'completion and checks in an editor'
      })
    )
    command.action(async (name: string | undefined, options: { jsonSchema?: true; markdown?: true }) => {
      if (options.jsonSchema && name !== undefined)
        throw usage('--json-schema is of the whole file, without a component')
      if (options.jsonSchema) out.line(JSON.stringify(await jsonSchema(components), null, 2))
      else if (options.markdown) out.line(await textOf(name, pageMarkdown))
      else for (const line of folded(await textOf(name), out.columns)) out.line(line)
      finish(exitCodes.ok)
    })
  }
}

/** Sentences fit the terminal; examples stay as they are, or nobody could copy them. */
function folded(text: string, columns: number): string[] {
  let isExample = false
  return text.split('\n').flatMap(line => {
    const [indent] = /^ */.exec(line)!
    if (line !== '' && indent.length <= 2) isExample = line.startsWith('  Example:')
    if (isExample || line.length <= columns) return line
    return wrapped(line.trimStart(), columns - indent.length).map(part => indent + part)
  })
}

async function textOf(name: string | undefined, write?: typeof pageMarkdown): Promise<string> {
  const answer = await referenceOf(components, name, write)
  if ('text' in answer) return answer.text.trimEnd()
  const { unknown, meant, known } = answer
  const rest = meant === undefined ? `known are ${oneOf(known)}` : `did you mean "${meant}"?`
  throw usage(`There is no component "${unknown}": ${rest}`)
}
