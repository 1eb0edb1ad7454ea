import { labelOf } from '../names.ts'
import type { RowView } from '../row-view.ts'
import type { RowStage } from '../syntax.ts'

const pair = /\s*(?:([^\s="]+)(?:(=)(?:"((?:[^"\\]|\\.)*)"(?=\s|$)|([^\s"=]*)(?=\s|$))?)?(?=\s|$)|(\S+))/y

/** Takes the pairs of the line, or those of them that are asked for. */
export function extractPairs(stage: RowStage & { kind: 'logfmt' }): (view: RowView) => void {
  const { isStrict, keepsEmpty, fields } = stage
  const byKey = Map.groupBy(fields, ({ path }) => labelOf(path.value))
  return view => {
    const { line } = view
    pair.lastIndex = 0
    for (let found = pair.exec(line); found !== null; found = pair.exec(line)) {
      const [, key, , quoted, bare, wrong] = found
      if (wrong !== undefined && isStrict) {
        view.fail('LogfmtParserErr')
        return
      }
      const value = quoted === undefined ? (bare ?? '') : unescaped(quoted)
      if (key === undefined || (value === '' && !keepsEmpty)) continue
      const name = labelOf(key)
      if (fields.length === 0) view.extract(name, value)
      else for (const { label } of byKey.get(name) ?? []) view.extract(label, value)
    }
    for (const { label } of fields) if (view.get(label) === undefined) view.extract(label, '')
  }
}

function unescaped(text: string): string {
  if (!text.includes('\\')) return text
  try {
    return JSON.parse(`"${text}"`) as string
  } catch {
    return text
  }
}
