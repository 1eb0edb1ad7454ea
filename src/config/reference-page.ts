import type { ListedOption } from './option-list.ts'

/** What the reference says of one thing. */
export interface Page {
  readonly title: string
  readonly summary: string
  readonly options: readonly ListedOption[]
  /** Behind the options, as a terminal shows them. */
  readonly lines: readonly string[]
}

/** For terminals: a line for each option, and its sentence below; groups follow indented. */
export function pageText({ title, summary, options, lines }: Page): string {
  const own = options.flatMap(({ path, type, presence, about }) => {
    const indent = '  '.repeat(path.length)
    const rest = presence === '' ? type : `${type}, ${presence}`
    return [`${indent}${path.at(-1)}: ${rest}`, `${indent}    ${about}`]
  })
  const all = [...own, ...lines]
  return [title, `  ${summary}`, ...(all.length > 0 ? [''] : []), ...all, ''].join('\n')
}

/** For pages: options in a table. */
export function pageMarkdown({ title, summary, options, lines }: Page): string {
  const rows = options.map(({ path, type, presence, about }) =>
    [`\`${path.join('.')}\``, type, presence, about].map(cell => cell.replaceAll('|', '\\|')).join(' | ')
  )
  const table = ['', '| option | type | | |', '| --- | --- | --- | --- |', ...rows.map(row => `| ${row} |`)]
  const text = lines.map(line => line.replace(/^ {2}/, ''))
  const shown = ['', '```text', ...(text[0] === '' ? text.slice(1) : text), '```']
  return [
    `## ${title}`,
    '',
    summary,
    ...(options.length > 0 ? table : []),
    ...(lines.length > 0 ? shown : []),
    ''
  ].join('\n')
}
