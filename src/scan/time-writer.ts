const minuteMs = 60_000
/** `2026-11-22T10:00:`, as it was written last: rows of one minute share it. */
const shared = Buffer.alloc(17)
let sharedMinute = Number.NaN

/** Writes ISO 8601 in UTC with three digits of a second, or nine when `nanos` is not 0; returns the `at` behind it. Years 0 to
 * 9999 only. Takes at most 30 bytes. */
export function writeTime(ms: number, nanos: number, into: Buffer, at: number): number {
  const minute = Math.floor(ms / minuteMs)
  if (minute !== sharedMinute) {
    shared.latin1Write(new Date(minute * minuteMs).toISOString(), 0, 17)
    sharedMinute = minute
  }
  for (let i = 0; i < 17; i++) into[at + i] = shared[i]!
  const rest = Math.floor(ms - minute * minuteMs)
  const seconds = (rest / 1000) | 0
  into[at + 17] = 0x30 + ((seconds / 10) | 0)
  into[at + 18] = 0x30 + (seconds % 10)
  into[at + 19] = 0x2e
  writeThree(rest - seconds * 1000, into, at + 20)
  at += 23
  if (nanos !== 0) {
    const micros = (nanos / 1000) | 0
    writeThree(micros, into, at)
    writeThree(nanos - micros * 1000, into, at + 3)
    at += 6
  }
  into[at] = 0x5a
  return at + 1
}

function writeThree(n: number, into: Buffer, at: number): void {
  const tens = (n / 10) | 0
  const hundreds = (tens / 10) | 0
  into[at] = 0x30 + hundreds
  into[at + 1] = 0x30 + tens - hundreds * 10
  into[at + 2] = 0x30 + n - tens * 10
}
