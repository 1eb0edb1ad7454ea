const quarterMs = 900_000
const dayMs = 86_400_000
const maxCached = 4096

/** A time zone by its IANA name: what local time means. Throws RangeError for a name that is unknown. */
export class Zone {
  readonly #format: Intl.DateTimeFormat | undefined
  /** Offsets by quarter of an hour: no zone has changed its offset within one since 1972. */
  readonly #offsets = new Map<number, number>()
  #quarter = Number.NaN
  #offset = 0

  constructor(name: string) {
    if (name === 'UTC') return
    const options = { timeZone: name, calendar: 'iso8601', numberingSystem: 'latn', hourCycle: 'h23' } as const
    this.#format = new Intl.DateTimeFormat('en-US', {
      ...options,
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      era: 'short'
    })
  }

  /** What to take off a local time, in ms since 1970 as if it were UTC, to get the instant. Local times that a clock change skips
   * count on from before it; of those that come twice the first is meant (as Temporal's "compatible"). */
  offset(local: number): number {
    if (this.#format === undefined) return 0
    const quarter = Math.floor(local / quarterMs)
    if (quarter === this.#quarter) return this.#offset
    let offset = this.#offsets.get(quarter)
    if (offset === undefined) {
      if (this.#offsets.size === maxCached) this.#offsets.clear()
      this.#offsets.set(quarter, (offset = this.#find(quarter * quarterMs)))
    }
    this.#quarter = quarter
    this.#offset = offset
    return offset
  }

  #find(local: number): number {
    const before = this.#at(local - dayMs)
    const after = this.#at(local + dayMs)
    if (before === after || this.#at(local - before) === before) return before
    return this.#at(local - after) === after ? after : before
  }

  /** The offset in force at an instant. */
  #at(instant: number): number {
    const parts: Record<string, string> = {}
    for (const { type, value } of this.#format!.formatToParts(instant)) parts[type] = value
    const year = parts['era'] === 'B' || parts['era'] === 'BC' ? 1 - Number(parts['year']) : Number(parts['year'])
    const date = new Date(0)
    date.setUTCFullYear(year, Number(parts['month']) - 1, Number(parts['day']))
    date.setUTCHours(Number(parts['hour']), Number(parts['minute']), Number(parts['second']))
    return date.getTime() - Math.floor(instant / 1000) * 1000
  }
}
