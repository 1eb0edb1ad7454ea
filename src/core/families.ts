import { isDeepStrictEqual } from 'node:util'

/** A metric that the configuration defines, as it stands. Plain data. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** Names of its labels. */
  readonly labels: readonly string[]
  /** Of a histogram: where its buckets end, the one without an end left out. */
  readonly bounds: readonly number[]
  readonly series: readonly Series[]
}

export interface Series {
  /** In the order of the family's labels; undefined for the rows that there was no series for. */
  readonly values: readonly string[] | undefined
  /** Of a histogram: the sum of what was measured. */
  readonly value: number
  /** Of a histogram: rows in each bucket, those of the buckets before it not counted. */
  readonly counts: readonly number[]
  /** Of a counter one, of a histogram one a bucket; of a gauge none. */
  readonly exemplars: readonly (Exemplar | undefined)[]
  /** Epoch ms of the reading of its last row. */
  readonly readAt: number
}

/** A row that counted. */
export interface Exemplar {
  readonly traceId: string
  readonly value: number
  /** Epoch ms, by the row's own time. */
  readonly at: number
}

/** Families of several threads, or of several pipelines: of one name, they become one. The first one says what it is. */
export function mergeFamilies(families: readonly Family[]): Family[] {
  const merged = new Map<string, Family>()
  for (const family of families) {
    const known = merged.get(family.name)
    if (known === undefined) merged.set(family.name, family)
    else if (isDeepStrictEqual({ ...known, series: [] }, { ...family, series: [] })) {
      merged.set(family.name, { ...known, series: mergeSeries(known, family) })
    }
  }
  return [...merged.values()]
}

function mergeSeries({ type, series }: Family, other: Family): Series[] {
  const merged = new Map<string, Series>()
  for (const one of [...series, ...other.series]) {
    const key = JSON.stringify(one.values ?? null)
    const known = merged.get(key)
    merged.set(key, known === undefined ? one : mergeTwo(type, known, one))
  }
  return [...merged.values()]
}

function mergeTwo(type: Family['type'], one: Series, other: Series): Series {
  const newer = other.readAt >= one.readAt ? other : one
  if (type === 'gauge') return newer
  return {
    values: one.values,
    value: one.value + other.value,
    counts: one.counts.map((count, i) => count + other.counts[i]!),
    exemplars: one.exemplars.map((known, i) => newerOf(known, other.exemplars[i])),
    readAt: newer.readAt
  }
}

function newerOf(one: Exemplar | undefined, other: Exemplar | undefined): Exemplar | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return other.at >= one.at ? other : one
}
