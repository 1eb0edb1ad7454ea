import type { ExplainReport, PipelineReport } from './explain-report.ts'
import { formatCount } from './table.ts'
import { printable, type Stream } from './terminal.ts'

/** An explanation for people. */
export function explainLines(out: Stream, report: ExplainReport): string[] {
  const { file, line, input, refused, notes, source, pipelines } = report
  const about = Object.entries({ dataset: source.dataset, service: source.service, agent: source.agent })
  const shown = about.flatMap(([key, value]) => (value === '' ? [] : [`${key} ${value}`]))
  return [
    `${out.style('bold', printable(`${file}:${line}`))} is taken by input "${printable(input.name)}" (${input.type})`,
    ...refused.map(one => out.style('dim', printable(`  not by "${one.input}": ${one.reason}`))),
    ...notes.map(note => out.style('yellow', printable(`  as it is now, this line would not be read: ${note}`))),
    '',
    titled(out, 'source', [source.id, ...shown].join('  ')),
    ...Object.entries(source.resource).map(([key, value]) => titled(out, '', `${key}  ${value}`)),
    ...rowLines(out, report),
    ...pipelines.flatMap(one => pipelineLines(out, one))
  ]
}

function rowLines(out: Stream, { row, line }: ExplainReport): string[] {
  if (row === undefined) return [titled(out, 'row', `none: line ${line} is empty`)]
  const { start, bytes, lines, framing, flags, content, parser, found, error } = row
  const [first, last] = lines
  const which = first === last ? `line ${first} is one row` : `lines ${first} to ${last} are one row`
  const chosen = found === undefined ? parser : `${parser}, which has found ${found} in this file`
  return [
    titled(out, 'bytes', `${formatCount(start)} to ${formatCount(start + bytes)} (${formatCount(bytes)})`),
    titled(out, 'framing', `${framing.join(', ')}: ${which}`),
    ...flags.map(flag => titled(out, '', flag)),
    ...content.split('\n').map((text, i) => titled(out, i === 0 ? 'row' : '', text.replaceAll('\t', '    '))),
    titled(
      out,
      'parser',
      error === '' ? (chosen ?? 'none understood it') : `none understood it: error.type is ${error}`
    )
  ]
}

function pipelineLines(out: Stream, { name, steps, fields, outputs }: PipelineReport): string[] {
  const width = Math.max(0, ...fields.map(field => field.name.length))
  return [
    '',
    out.style('bold', printable(`pipeline "${name}"`)),
    ...steps.flatMap(step => stepLines(out, step)),
    ...fields.map((field, i) => {
      const text = `${printable(field.name).padEnd(width)}  ${shownValue(field.value)}`
      return `${titled(out, i === 0 ? 'fields' : '', text)}  ${out.style('dim', printable(field.origin))}`
    }),
    ...outputs.flatMap(output => outputLines(out, output))
  ]
}

function stepLines(out: Stream, { name, if: condition, changes, fate }: PipelineReport['steps'][number]): string[] {
  const title = `step ${name}${condition === undefined ? '' : ` if ${condition}`}`
  // what normalize makes is below, with where it comes from
  const shown = name === 'normalize' ? changes.filter(change => 'wasNamed' in change) : changes
  const lines = shown.map(change => `  ${changeText(out, change)}`)
  const end = fate === undefined ? [] : [`  ${out.style('yellow', `the row ends here: ${fate}`)}`]
  const all = [...lines, ...end]
  const none = name === 'normalize' ? 'finds the fields below' : 'changes nothing'
  return all.length === 0
    ? [`${out.style('cyan', printable(title))}: ${none}`]
    : [out.style('cyan', printable(title)), ...all]
}

function changeText(out: Stream, change: PipelineReport['steps'][number]['changes'][number]): string {
  const { name, value, was, wasNamed } = change
  if (wasNamed !== undefined) return `${printable(wasNamed)} is called ${printable(name)} now`
  const before = 'was' in change ? out.style('red', shownValue(was)) : ''
  const after = 'value' in change ? out.style('green', shownValue(value)) : ''
  if (after === '') return `${printable(name)}: ${before} is gone`
  return `${printable(name)}: ${before === '' ? '' : `${before} → `}${after}`
}

function outputLines(
  out: Stream,
  { name, type, taken, why, sent, answer }: PipelineReport['outputs'][number]
): string[] {
  const title = out.style('bold', printable(`output "${name}" (${type})`))
  if (!taken) return [`${title}: ${out.style('yellow', `does not get it: ${why}`)}`]
  const asked = answer ?? 'not asked'
  return [
    `${title} gets`,
    ...sent!
      .trimEnd()
      .split('\n')
      .map(text => `  ${printable(text)}`),
    `  ${out.style('dim', printable(`its answer: ${asked}`))}`
  ]
}

function titled(out: Stream, title: string, text: string): string {
  return `${out.style('cyan', title.padEnd(8))} ${printable(text)}`
}

/** Text as it is, but for line ends and the like. */
function shownValue(value: unknown): string {
  const isPlain = typeof value === 'string' && value === printable(value)
  return isPlain ? value : printable(JSON.stringify(value))
}
