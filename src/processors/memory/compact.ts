import type { GroupKeys } from '../../logql/ranges/group-keys.ts'
import type { GroupTable } from '../../core/group-table.ts'

/** Takes keys out of a table. The others move up, in their order: `moved` is told of each of them, one after the other. */
export function compact(
  table: GroupTable,
  keys: GroupKeys,
  stays: (key: number) => boolean,
  moved: (from: number, to: number) => void
): void {
  const { count } = table
  const bytes = Buffer.from(table.keys.subarray(0, table.startOf(count)))
  const ends = table.ends.slice(0, count)
  table.clear()
  keys.clear()
  for (let key = 0; key < count; key++) {
    if (!stays(key)) continue
    const start = key === 0 ? 0 : ends[key - 1]!
    moved(key, table.find(bytes.subarray(start, ends[key]), ends[key]! - start))
  }
}
