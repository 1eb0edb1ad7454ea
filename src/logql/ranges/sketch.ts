/**
 * Quantiles of many values in little memory, as in DDSketch (Masson, Rim and Lee, 2019): values are counted in bins whose borders are
 * powers of `growth`, so that the middle of a bin is at most `relativeError` away from each value in it. Bins of parts of the values
 * are merged by adding their counts. The number of a bin is larger the larger its values are, and 0 is the bin of 0.
 */
export const relativeError = 0.01

const growth = (1 + relativeError) / (1 - relativeError)
const perFactor = 1 / Math.log(growth)
/** More than the power of the smallest number there is. */
const shift = 38_000

export function binOf(value: number): number {
  if (value === 0) return 0
  const bin = Math.ceil(Math.log(Math.abs(value)) * perFactor) + shift
  return value > 0 ? bin : -bin
}

function valueOf(bin: number): number {
  if (bin === 0) return 0
  const power = Math.abs(bin) - shift
  // growth ** power alone may be more than there are numbers
  const value = growth ** (power - 1) * ((2 * growth) / (growth + 1))
  return bin > 0 ? value : -value
}

/** A quantile of values in `bins`, which stand in order, with their `counts`. Between two values it is in between, as in Prometheus. */
export function quantileOf(quantile: number, bins: Int32Array, counts: Float64Array): number {
  let total = 0
  for (const count of counts) total += count
  const rank = quantile * (total - 1)
  const lower = Math.floor(rank)
  const below = valueOf(binAt(lower, bins, counts))
  const above = valueOf(binAt(Math.min(lower + 1, total - 1), bins, counts))
  return below + (above - below) * (rank - lower)
}

function binAt(rank: number, bins: Int32Array, counts: Float64Array): number {
  let before = 0
  for (let i = 0; i < bins.length; i++) {
    before += counts[i]!
    if (rank < before) return bins[i]!
  }
  return bins[bins.length - 1]!
}
