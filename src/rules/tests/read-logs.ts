import { quoted } from '../../config/problems.ts'
import type { MapNode, ScalarNode } from '../../config/tree.ts'
import { Fields } from '../fields.ts'
import { readTexts } from '../read-labels.ts'
import type { TestContext } from './context.ts'
import type { TestLog } from './rule-test.ts'

const logKeys = ['labels', 'lines', 'series']
const seriesKeys = ['every', 'from', 'to', 'at', 'line']
/** What a line of a series says in place of its time. */
const timeMark = '{{time}}'
const mostLines = 1_000_000
const inLines = 'lines name it themselves'
const taken = { agent_id: inLines, level: inLines, trace_id: inLines, span_id: inLines }

/** Reads one entry of `input_logs`: lines that have their own times are a log, and each series is one. */
export function readLogs(node: MapNode, everyMs: number | undefined, context: TestContext): TestLog[] {
  const { problems } = context
  const where = ` of input_logs${context.where}`
  const fields = new Fields(node, { keys: logKeys, where }, problems)
  if (!fields.has('lines') && !fields.has('series')) fields.missing('lines', 'series')
  const all = readTexts(fields.map('labels'), { what: 'label', where, taken }, problems)
  const { service_name: service = '', ...rest } = Object.fromEntries(all)
  const labels = new Map(Object.entries(rest))
  const texts = [...linesOf(fields), ...fields.maps('series').map(one => seriesOf(one, everyMs, { ...context, where }))]
  return texts.map(text => ({ at: node.at, service, labels, text }))
}

/** A block, or a list of lines. */
function linesOf(fields: Fields): string[] {
  if (!fields.has('lines')) return []
  const block = fields.text('lines')
  if (block !== undefined) return [block.text]
  const lines = fields.list('lines')?.items ?? []
  const texts = lines.flatMap(line => {
    if (line.kind === 'scalar') return `${line.text}\n`
    fields.report(line.at, `Cannot use a ${line.kind} as a line${fields.where}: expected text`)
    return []
  })
  return [texts.join('')]
}

/** One line at a time, or again and again. */
function seriesOf(node: MapNode, everyMs: number | undefined, { problems, where, startMs }: TestContext): string {
  const fields = new Fields(node, { keys: seriesKeys, where: ` in a series${where}` }, problems)
  const line = lineOf(fields)
  const at = fields.duration('at')
  const every = fields.duration('every', 1) ?? everyMs
  const from = at ?? fields.duration('from') ?? 0
  const to = at ?? fields.duration('to')
  if (at === undefined && !fields.has('at')) {
    if (every === undefined) fields.missing('every', 'at')
    if (!fields.has('to')) fields.missing('to', 'at')
  }
  if (line === undefined || to === undefined) return ''
  const step = at === undefined ? (every ?? to - from + 1) : 1
  if ((to - from) / step > mostLines) {
    fields.report(node.at, `Cannot make this series${where}: it has more than ${mostLines} lines`)
    return ''
  }
  let text = ''
  for (let ms = from; ms <= to; ms += step) {
    text += `${line.text.replaceAll(timeMark, new Date(startMs + ms).toISOString())}\n`
  }
  return text
}

function lineOf(fields: Fields): ScalarNode | undefined {
  const line = fields.scalar('line')
  if (!fields.has('line')) fields.missing('line')
  else if (line !== undefined && !line.text.includes(timeMark)) {
    fields.report(line.at, `Cannot use ${quoted(line.written)} for "line"${fields.where}: it has no ${timeMark}`)
  }
  return line
}
