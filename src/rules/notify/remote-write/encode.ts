/** A number of a series at a time. */
export interface Sample {
  /** With `__name__`. */
  readonly labels: Readonly<Record<string, string>>
  /** Undefined: the series has ended. */
  readonly value: number | undefined
  /** Epoch ms. */
  readonly at: number
}

/** The NaN by which Prometheus knows that a series has ended. */
const stale = 0x7ff0000000000002n

/** A `WriteRequest` of remote write 1.0, in the form of Protocol Buffers. https://prometheus.io/docs/specs/prw/remote_write_spec/ */
export function writeRequest(samples: readonly Sample[]): Buffer {
  return Buffer.concat(samples.map(sample => field(1, timeSeries(sample))))
}

function timeSeries({ labels, value, at }: Sample): Buffer {
  // Sorted, and without empty ones.
  const names = Object.keys(labels).filter(name => labels[name] !== '')
  const pairs = names.toSorted().map(name => field(1, label(name, labels[name]!)))
  return Buffer.concat([...pairs, field(2, Buffer.concat([double(1, value), integer(2, at)]))])
}

function label(name: string, value: string): Buffer {
  return Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))])
}

/** A field that has a length. */
function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.of((number << 3) | 2), varint(content.length), content])
}

function double(number: number, value: number | undefined): Buffer {
  const bytes = Buffer.allocUnsafe(9)
  bytes[0] = (number << 3) | 1
  if (value === undefined) bytes.writeBigUInt64LE(stale, 1)
  else bytes.writeDoubleLE(value, 1)
  return bytes
}

function integer(number: number, value: number): Buffer {
  return Buffer.concat([Buffer.of(number << 3), varint(value)])
}

/** Of a whole number from 0 to 2^53. */
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  bytes.push(rest)
  return Buffer.from(bytes)
}
