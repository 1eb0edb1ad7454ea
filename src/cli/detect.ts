import { basename, resolve } from 'node:path'
import { stringify } from 'yaml'
import { exitCodes, messageOf } from '../core/errors.ts'
import type { Detected } from '../pipeline/detect/detect.ts'
import { counted } from './table.ts'
import { printable, type Stream, type Terminal } from './terminal.ts'
import { examples, type Verb } from './verb.ts'

export const detect: Verb = {
  define(command, terminal, finish) {
    command.argument('<file...>', 'log files, gzip and zstd too; their first 128 KiB are read')
    command.option('--json', 'what was found as JSON, an object a file')
    command.addHelpText(
      'after',
      examples({
        'mcp-collector detect /var/log/nginx/access.log': 'its format, and the configuration to read it',
        'mcp-collector detect --json *.log | jq .parsers': 'for programs'
      })
    )
    command.action(async (files: string[], options: { json?: true }) => {
      finish(await show(files, options.json === true, terminal))
    })
  }
}

async function show(files: readonly string[], isJson: boolean, { out, err }: Terminal): Promise<number> {
  const { Detector } = await import('../pipeline/detect/detect.ts')
  const detector = await Detector.create()
  let code: number = exitCodes.ok
  for (const file of files) {
    try {
      const found = detector.detect(file)
      if (isJson) out.line(JSON.stringify({ ...found, config: configFor(found) }))
      else for (const line of textOf(found, out)) out.line(line)
    } catch (error) {
      code = exitCodes.failed
      err.line(`${err.style('red', 'error:')} Cannot read "${printable(file)}": ${printable(messageOf(error))}`)
    }
  }
  return code
}

function textOf(found: Detected, out: Stream): string[] {
  const { file, format, writer, containers, rows, rates, others } = found
  const name = `${format}${writer === undefined ? '' : ` (${writer})`}${containers ? ' in lines of a container' : ''}`
  const title = `${printable(file)}: ${out.style('bold', name)}`
  if (rows === 0) return [`${title}, but it is empty`, '']
  const share =
    format === 'text' ? `, ${counted(rows, 'row')}` : `, ${percent(found.confidence)} of ${counted(rows, 'row')}`
  const shown = Object.entries(rates).map(([field, rate]) => `${field} ${percent(rate)}`)
  return [
    `${title}${share}`,
    `  ${shown.join('  ')}`,
    ...others.map(row => `  not of this format: ${out.style('dim', printable(row))}`),
    '',
    ...stringify(configFor(found), { flowCollectionPadding: false, lineWidth: 0 })
      .trimEnd()
      .split('\n')
      .map(line => `  ${line}`),
    ''
  ]
}

function percent(share: number): string {
  // what is not all must not look like it
  return `${share === 1 ? 100 : Math.min(99, Math.round(share * 100))}%`
}

/** What to write into the configuration, to read such a file without finding out. */
function configFor({ file, containers, parsers, multiline }: Detected): object {
  const input = {
    type: containers ? 'containers' : 'file',
    paths: [resolve(file)],
    ...(parsers.length === 1 ? { parser: parsers[0] } : { parsers }),
    ...(multiline && { multiline: 'auto' })
  }
  return { inputs: { [nameOf(file)]: input } }
}

/** Of an input: letters, digits, `_`, `-` and `.`. */
function nameOf(file: string): string {
  const name = basename(file)
    .replace(/\.(gz|zst)$/, '')
    .replace(/(\.log|\.ndjson|\.jsonl?|\.txt)?(\.\d+)?$/, '')
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 64)
  return name === '' ? 'log' : name
}
