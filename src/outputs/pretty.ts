import type { Batch, Column } from '../core/batch.ts'
import { Fate, Kind, Use, parseErrors } from '../core/row.ts'
import type { Keys } from '../core/keys.ts'
import type { Body } from '../core/output.ts'
import { severityTexts } from '../scan/severity.ts'

const reset = '\u001b[0m'
const dim = '\u001b[2m'
const traceLength = 8
const levelWidth = 8

/** Rows as lines for people: time, level, service, agent, short trace id, message, attributes. Whatever the rows hold, nothing but our
 * own colours reaches the terminal. */
export class PrettyEncoder {
  readonly #keys: Keys
  readonly #hasColor: boolean

  constructor(keys: Keys, hasColor: boolean) {
    this.#keys = keys
    this.#hasColor = hasColor
  }

  encode(batch: Batch, body: Body): void {
    for (let row = 0; row < batch.rows; row++) {
      if (batch.fate[row] !== Fate.kept) continue
      const line = Buffer.from(`${this.#line(batch, row)}\n`)
      body.reserve(line.length)
      line.copy(body.bytes, body.at)
      body.at += line.length
      body.endRow(batch.positions[row]!, batch.lengths[row]!)
    }
  }

  #line(batch: Batch, row: number): string {
    const severity = batch.severity[row]!
    const level = (severityTexts[severity] || '-').padEnd(levelWidth)
    const message = columnText(batch, batch.body, row) ?? batch.text(batch.starts[row]!, batch.ends[row]!)
    const parts = [
      this.#paint(dim, timeText(batch.time[row]!)),
      this.#paint(colorOf(severity), level),
      safe(columnText(batch, batch.service, row) ?? '-'),
      safe(columnText(batch, batch.agentId, row) ?? ''),
      this.#paint(dim, safe((columnText(batch, batch.traceId, row) ?? '').slice(0, traceLength))),
      safe(message),
      this.#paint(dim, this.#attributes(batch, row))
    ]
    return parts.filter(part => part !== '').join(' ')
  }

  #attributes(batch: Batch, row: number): string {
    const parts: string[] = []
    if (batch.errors[row] !== 0) parts.push(`error.type=${parseErrors[batch.errors[row]!]}`)
    for (let field = batch.firstField[row]!; field >= 0; field = batch.fieldNext[field]!) {
      if (batch.fieldUse[field] !== Use.attribute) continue
      const value = text(batch, batch.fieldKind[field]!, batch.fieldStart[field]!, batch.fieldEnd[field]!)
      parts.push(`${safe(this.#keys.names[batch.fieldKey[field]!]!)}=${safe(value)}`)
    }
    return parts.join(' ')
  }

  #paint(color: string, part: string): string {
    return this.#hasColor && part !== '' ? color + part + reset : part
  }
}

function columnText(batch: Batch, column: Column, row: number): string | undefined {
  const kind = column.kind[row]!
  return kind === Kind.absent ? undefined : text(batch, kind, column.start[row]!, column.end[row]!)
}

function text(batch: Batch, kind: number, start: number, end: number): string {
  const bytes = batch.text(start, end)
  return kind === Kind.jsonText ? (JSON.parse(`"${bytes}"`) as string) : bytes
}

/** Control characters, C1 ones and changes of writing direction included, as escapes: a log line must not steer the terminal. */
function safe(part: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what it looks for
  return part.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, escaped)
}

function escaped(char: string): string {
  if (char === '\n') return '\\n'
  if (char === '\t') return '  '
  const code = char.charCodeAt(0)
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
}

/** Local time without the year. */
function timeText(ms: number): string {
  const date = new Date(ms)
  if (Number.isNaN(date.getTime())) return '-'
  const day = `${two(date.getMonth() + 1)}-${two(date.getDate())}`
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  return `${day} ${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/** By OpenTelemetry severity number. */
function colorOf(severity: number): string {
  if (severity >= 21) return '\u001b[1;31m'
  if (severity >= 17) return '\u001b[31m'
  if (severity >= 13) return '\u001b[33m'
  return severity >= 9 ? '\u001b[32m' : dim
}

function two(n: number): string {
  return String(n).padStart(2, '0')
}
