export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The median of paired ratios with its 90 % interval, by 10,000 bootstrap draws (percentile method, fixed seed). */
export function compare(ratios: readonly number[]): { low: number; middle: number; high: number } {
  let state = 12_345
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  const medians: number[] = []
  for (let draw = 0; draw < 10_000; draw++) medians.push(median(ratios.map(() => ratios[below(ratios.length)]!)))
  medians.sort((a, b) => a - b)
  return { low: medians[500]!, middle: median(ratios), high: medians[9499]! }
}
