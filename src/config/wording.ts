/** How messages name keys and places. */

export type Path = readonly (string | number)[]

/** `maxBytes` → `max_bytes` */
export function toSnake(key: string): string {
  return key.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}

/** `"paths"`, `item 2 of "paths"`. */
export function labelOf(path: Path): string {
  const last = path.at(-1)
  if (typeof last === 'number') return `item ${last + 1} of ${labelOf(path.slice(0, -1))}`
  return last === undefined ? 'the file' : `"${toSnake(last)}"`
}

const sections: Readonly<Record<string, string>> = { inputs: 'input', outputs: 'output', pipelines: 'pipeline' }

/** ` in input "agent"`, ` in "retry" of output "es"`; nothing at the top. */
export function whereOf(path: Path): string {
  const [first, second, ...rest] = path
  if (first === undefined) return ''
  const noun = sections[String(first)]
  const named = noun !== undefined && second !== undefined
  const place = named ? `${noun} "${second}"` : `"${toSnake(String(first))}"`
  const inner = (named ? rest : path.slice(1)).filter(key => typeof key === 'string').map(key => toSnake(key))
  return inner.length === 0 ? ` in ${place}` : ` in "${inner.join('.')}" of ${place}`
}

export function oneOf(values: readonly string[]): string {
  const some = values.slice(0, 16).map(value => `"${value}"`)
  return `${some.join(', ')}${values.length > 16 ? ' …' : ''}`
}
