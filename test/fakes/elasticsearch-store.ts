import { randomOf } from './random.ts'

/** A document as it was sent. */
export interface StoredDocument {
  readonly stream: string
  readonly index: string
  readonly id: string
  /** The document's line, byte for byte. */
  readonly source: string
}

export interface ItemResult {
  readonly status: number
  readonly index: string
  readonly id: string
  readonly type?: string
  readonly reason?: string
}

/** Per-document odds between 0 and 1. `p400` depends on the id alone: such a document is refused each time it comes. */
export interface ItemOdds {
  readonly p429?: number
  readonly p503?: number
  readonly p400?: number
}

interface Stream {
  generation: number
  readonly indices: Index[]
}
interface Index {
  readonly name: string
  readonly documents: Map<string, string>
}

/** Data streams of a fake Elasticsearch: ids are unique within a backing index only. */
export class FakeStore {
  readonly #streams = new Map<string, Stream>()
  readonly #random: () => number
  odds: ItemOdds = {}
  /** Answers a document, or undefined to go on as usual. For scripted refusals. */
  judge: (source: string, id: string) => { status: number; type: string; reason: string } | undefined = () => undefined

  constructor(seed: number) {
    this.#random = randomOf(seed)
  }

  random(): number {
    return this.#random()
  }

  create(name: string, id: string, source: string): ItemResult {
    const stream = this.#streamOf(name)
    const { name: index, documents } = stream.indices[stream.indices.length - 1] as Index
    const scripted = this.judge(source, id)
    if (scripted !== undefined) return { index, id, ...scripted }
    const fault = this.#fault(id)
    if (fault !== undefined) return { index, id, ...fault }
    const problem = problemOf(source)
    if (problem !== undefined) return { index, id, status: 400, type: 'document_parsing_exception', reason: problem }
    if (documents.has(id)) {
      const reason = `[${id}]: version conflict, document already exists (current version [1])`
      return { index, id, status: 409, type: 'version_conflict_engine_exception', reason }
    }
    documents.set(id, source)
    return { index, id, status: 201 }
  }

  /** As if somebody had deleted a document. */
  remove(id: string): void {
    for (const { indices } of this.#streams.values()) for (const { documents } of indices) documents.delete(id)
  }

  rollover(name: string): string {
    const stream = this.#streamOf(name)
    stream.generation++
    const index = indexName(name, stream.generation)
    stream.indices.push({ name: index, documents: new Map() })
    return index
  }

  /** Names of the backing indices, the write index last; undefined if there is no such data stream. */
  indices(name: string): string[] | undefined {
    return this.#streams.get(name)?.indices.map(index => index.name)
  }

  has(index: string, id: string): boolean | undefined {
    for (const { indices } of this.#streams.values()) {
      for (const each of indices) if (each.name === index) return each.documents.has(id)
    }
    return undefined
  }

  /** Every document of every index, in the order in which they came. */
  *documents(): Generator<StoredDocument> {
    for (const [stream, { indices }] of this.#streams) {
      for (const { name, documents } of indices) {
        for (const [id, source] of documents) yield { stream, index: name, id, source }
      }
    }
  }

  count(): number {
    let count = 0
    for (const { indices } of this.#streams.values()) for (const { documents } of indices) count += documents.size
    return count
  }

  #streamOf(name: string): Stream {
    let stream = this.#streams.get(name)
    if (stream === undefined) {
      stream = { generation: 1, indices: [{ name: indexName(name, 1), documents: new Map() }] }
      this.#streams.set(name, stream)
    }
    return stream
  }

  #fault(id: string): { status: number; type: string; reason: string } | undefined {
    const { p429 = 0, p503 = 0, p400 = 0 } = this.odds
    if (p400 > 0 && oddsOf(id) < p400) {
      return { status: 400, type: 'document_parsing_exception', reason: '[1:1] failed to parse field' }
    }
    const roll = p429 + p503 > 0 ? this.#random() : 1
    if (roll < p429) return { status: 429, type: 'es_rejected_execution_exception', reason: 'rejected execution' }
    if (roll < p429 + p503)
      return { status: 503, type: 'unavailable_shards_exception', reason: 'primary shard is not active' }
    return undefined
  }
}

/** Why Elasticsearch would refuse the document, or undefined. */
function problemOf(source: string): string | undefined {
  try {
    const document = JSON.parse(source) as Record<string, unknown>
    return '@timestamp' in document ? undefined : 'data stream timestamp field [@timestamp] is missing'
  } catch {
    return '[1:1] failed to parse'
  }
}

function indexName(stream: string, generation: number): string {
  return `.ds-${stream}-2026.01.01-${String(generation).padStart(6, '0')}`
}

/** A number from 0 to 1 that depends on the id alone. */
function oddsOf(id: string): number {
  let hash = 2166136261
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 16777619)
  return randomOf(hash)()
}
