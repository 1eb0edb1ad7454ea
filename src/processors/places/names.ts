import { builtIn } from '../normalize/candidates.ts'

/** What every row has a column for, by the names that queries and documents have for it. */
const columnNames = {
  time: ['time', '@timestamp'],
  level: ['level', 'log.level'],
  service: ['service_name', 'service.name'],
  trace: ['trace_id', 'trace.id'],
  span: ['span_id', 'span.id'],
  agent: ['agent_id', 'agent.id'],
  body: ['message']
} as const

export type Column = keyof typeof columnNames
export const allColumns = Object.keys(columnNames) as Column[]

export function namesOf(column: Column): readonly string[] {
  return columnNames[column]
}

/** The column that a name stands for; undefined: it is that of a field. */
export function columnOf(name: string): Column | undefined {
  return allColumns.find(column => namesOf(column).includes(name))
}

/** The column that `normalize` fills from fields of this name. */
export function candidateOf(name: string): Column | undefined {
  return allColumns.find(column => (builtIn[column] as readonly string[]).includes(name))
}
