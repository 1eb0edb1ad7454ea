const minuteMs = 60_000
const firstMs = Date.parse('0001-01-01T00:00:00.000Z')
const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
const zero = 0x30
const point = 0x2e
const letterZ = 0x5a

/** Writes times as `2026-11-22T10:00:00.123Z`, with nine digits where there are nanoseconds. The minute is formatted once for all rows in it. */
export class IsoTimes {
  /** The most bytes of a time. */
  static readonly length = 30
  #minute = Number.NaN
  readonly #text = Buffer.alloc(17)

  /** Whether the time is one of the years 1 to 9999: others have no such form. */
  has(ms: number): boolean {
    return ms >= firstMs && ms <= lastMs
  }

  /** Returns where it ends. `nanos` are those behind the millisecond. */
  write(ms: number, nanos: number, into: Buffer, at: number): number {
    let rest = ms - this.#minute
    if (!(rest >= 0 && rest < minuteMs)) {
      this.#minute = Math.floor(ms / minuteMs) * minuteMs
      this.#text.latin1Write(new Date(this.#minute).toISOString(), 0, 17)
      rest = ms - this.#minute
    }
    const text = this.#text
    for (let i = 0; i < 17; i++) into[at + i] = text[i]!
    at = writeDigits(Math.floor(rest / 1000), 2, into, at + 17)
    into[at] = point
    at = writeDigits(Math.floor(rest) % 1000, 3, into, at + 1)
    if (nanos !== 0) at = writeDigits(nanos, 6, into, at)
    into[at] = letterZ
    return at + 1
  }
}

function writeDigits(n: number, digits: number, into: Buffer, at: number): number {
  for (let i = at + digits - 1; i >= at; i--) {
    into[i] = zero + (n % 10)
    n = Math.floor(n / 10)
  }
  return at + digits
}
