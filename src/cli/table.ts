import { printable, type Stream } from './terminal.ts'

export interface Column<T> {
  readonly title: string
  readonly cell: (row: T) => string | number
  /** Its texts are cut in the middle where a line would not fit: both ends of a path say something. */
  readonly canShrink?: true
}

/** No column gets narrower. */
const leastWidth = 12

/** Made when the first number is shown: a collector at rest shows none, and it loads all that ICU knows of numbers. */
let grouped: Intl.NumberFormat | undefined

/** The rows as aligned lines below their titles; numbers stand right. */
export function tableLines<T>(stream: Stream, columns: readonly Column<T>[], rows: readonly T[]): string[] {
  const cells = rows.map(row => columns.map(column => format(column.cell(row))))
  const right = columns.map(column => rows.length > 0 && rows.every(row => typeof column.cell(row) === 'number'))
  const widths = columns.map((column, i) => Math.max(column.title.length, ...cells.map(line => line[i]!.length)))
  for (let i = 0; i < columns.length; i++) if (columns[i]!.canShrink) shrink(stream, i, { widths, cells })
  const lineOf = (line: readonly string[]): string =>
    line
      .map((cell, i) => (right[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd()
  const title = lineOf(columns.map(column => column.title))
  return [stream.style('bold', title), ...cells.map(lineOf)]
}

function shrink(
  stream: Stream,
  column: number,
  { widths, cells }: { readonly widths: number[]; readonly cells: readonly string[][] }
): void {
  const excess = widths.reduce((sum, width) => sum + width + 2, -2) - stream.columns
  if (excess <= 0) return
  const width = Math.max(leastWidth, widths[column]! - excess)
  if (width >= widths[column]!) return
  widths[column] = width
  for (const line of cells) line[column] = cutInMiddle(line[column]!, width)
}

/** `/var/log/po…er/0.log`. */
function cutInMiddle(text: string, width: number): string {
  if (text.length <= width) return text
  const before = Math.floor((width - 1) / 3)
  return `${text.slice(0, before)}…${text.slice(before + 1 - width)}`
}

/** A text as lines of at most `width`, cut at blanks; what has none stays whole. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

export function formatCount(count: number): string {
  grouped ??= new Intl.NumberFormat('en-US')
  return grouped.format(count)
}

/** `1 row`, `2,000 rows`. */
export function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** `1,024 B`, `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 'B'
  while (value >= 1024 && units.length > 0) {
    value /= 1024
    unit = units.shift()!
  }
  return `${unit === 'B' ? value : value.toFixed(1)} ${unit}`
}

/** `42s`, `3m 20s`, `5h 12m`, `8d 2h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ${Math.floor(seconds / 60) % 60}m`
  return `${Math.floor(seconds / 86_400)}d ${Math.floor(seconds / 3600) % 24}h`
}

function format(cell: string | number): string {
  return typeof cell === 'number' ? formatCount(cell) : printable(cell)
}
