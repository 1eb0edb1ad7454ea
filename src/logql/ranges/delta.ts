/** What rows have added to the windows of a range aggregation: the message from a shard, and what is stored. Plain data. */
export interface RangeDelta {
  /** Keys of groups, one behind the other; `ends[group]` is where one ends. */
  readonly keys: Uint8Array
  readonly ends: Int32Array
  /** Rows of each group. */
  readonly rows: Uint32Array
  readonly slabs: readonly SlabPart[]
  readonly counts: RangeCounts
}

/** Entries of one bucket: its rows have a time in (bucket × width, (bucket + 1) × width]. */
export interface SlabPart {
  readonly bucket: number
  readonly groups: Int32Array
  readonly bins: Int32Array | undefined
  readonly numbers: Float64Array
}

/** Rows that are selected and not in any window, and why. */
export interface RangeCounts {
  /** No window to come has the row's time. */
  readonly late: number
  /** A stage failed, as `__error__` says, and the query does not ask for it; or its value is no number. */
  readonly failed: number
  /** There are too many groups, or the labels are too long. */
  readonly refused: number
  /** In a window, but at the time of reading: the row's own time lies more than a second ahead of it. */
  readonly ahead: number
}

export const noCounts: RangeCounts = { late: 0, failed: 0, refused: 0, ahead: 0 }
