export const schemas = ['ecs', 'flat', 'otel'] as const
export type Schema = (typeof schemas)[number]

/** Dataset of inputs that name none: the requests' own data stream. */
export const defaultDataset = 'mcp.agent'

/** Name of the data stream of a dataset: `logs-<dataset>-<namespace>`. OpenTelemetry documents get the suffix `.otel`, by which
 * Elasticsearch's own templates know them. */
export function streamName(schema: Schema, dataset: string, namespace: string): string {
  return `logs-${datasetName(schema, dataset)}-${partName(namespace)}`
}

export function datasetName(schema: Schema, dataset: string): string {
  const name = partName(dataset)
  return schema === 'otel' && !name.endsWith('.otel') ? `${name}.otel` : name
}

/** The parts of a data stream's name are lower-case and have none of `\ / * ? " < > | , # : -` nor spaces, at most 100 bytes. */
function partName(text: string): string {
  const name = text.toLowerCase().replace(/[^a-z0-9_.]/g, '_')
  return name.slice(0, 90) || 'default'
}
