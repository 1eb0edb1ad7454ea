/** Reads what is written remotely, by the descriptions of the formats alone. */

/** Takes Snappy's block format apart: https://github.com/google/snappy/blob/main/format_description.txt */
export function unsnappy(bytes: Buffer): Buffer {
  let at = 0
  const length = varint()
  const out: number[] = []
  while (at < bytes.length) {
    const tag = bytes[at++]!
    if ((tag & 3) === 0) literal(tag >> 2)
    else if ((tag & 3) === 1) copy(((tag >> 2) & 7) + 4, ((tag >> 5) << 8) | bytes[at++]!)
    else if ((tag & 3) === 2) copy((tag >> 2) + 1, little(2))
    else copy((tag >> 2) + 1, little(4))
  }
  if (out.length !== length) throw new Error(`${out.length} bytes instead of ${length}`)
  return Buffer.from(out)

  function literal(code: number): void {
    const count = (code < 60 ? code : little(code - 59)) + 1
    if (at + count > bytes.length) throw new Error('The literal is cut')
    for (let i = 0; i < count; i++) out.push(bytes[at++]!)
  }
  function copy(count: number, offset: number): void {
    if (offset === 0 || offset > out.length) throw new Error(`No byte ${offset} before`)
    for (let i = 0; i < count; i++) out.push(out[out.length - offset]!)
  }
  function little(count: number): number {
    const value = bytes.readUIntLE(at, count)
    at += count
    return value
  }
  function varint(): number {
    const [value, end] = varintAt(bytes, at)
    at = end
    return value
  }
}

export interface Written {
  readonly labels: readonly (readonly [string, string])[]
  readonly value: number
  /** The value is the one that ends a series. */
  readonly isStale: boolean
  readonly at: number
}

/** A `WriteRequest` of remote write 1.0. */
export function readRequest(bytes: Buffer): Written[] {
  return fieldsOf(bytes).map(({ content }) => {
    const fields = fieldsOf(content)
    const labels = fields.filter(({ number }) => number === 1).map(field => pairOf(field.content))
    const [value, time] = fieldsOf(fields.find(({ number }) => number === 2)!.content)
    const isStale = value!.content.readBigUInt64LE() === 0x7ff0000000000002n
    return { labels, value: value!.content.readDoubleLE(), isStale, at: time!.varint }
  })
}

function pairOf(bytes: Buffer): [string, string] {
  const [name, value] = fieldsOf(bytes)
  return [name!.content.toString(), value!.content.toString()]
}

interface Field {
  readonly number: number
  readonly content: Buffer
  readonly varint: number
}

function fieldsOf(bytes: Buffer): Field[] {
  const fields: Field[] = []
  let at = 0
  while (at < bytes.length) {
    const [key, next] = varintAt(bytes, at)
    const [number, type] = [key >> 3, key & 7]
    if (type === 1) {
      fields.push({ number, content: bytes.subarray(next, next + 8), varint: 0 })
      at = next + 8
      continue
    }
    const [value, end] = varintAt(bytes, next)
    at = type === 2 ? end + value : end
    fields.push({ number, content: bytes.subarray(end, at), varint: value })
  }
  return fields
}

function varintAt(bytes: Buffer, from: number): [value: number, end: number] {
  let value = 0
  for (let at = from, factor = 1; ; at++, factor *= 128) {
    const byte = bytes[at]!
    value += (byte & 127) * factor
    if (byte < 128) return [value, at + 1]
  }
}
