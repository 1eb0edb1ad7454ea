import { type End, endOf, ends, type LossReason, lossReasons } from '../core/outcome.ts'
import type { Clock } from '../core/clock.ts'
import type { SendError } from '../core/errors.ts'
import type { Meter, Sample } from '../core/metrics.ts'
import type { Parcel } from './parcel.ts'

const mostMessage = 500

/** Counts what happens to the rows of an output, and tells their accounts. */
export class Books {
  /** Rows appended or sent again from dead letters, and not ended. */
  pendingRows = 0
  lastError: { readonly at: number; readonly message: string; readonly status: number } | undefined
  readonly requests: (outcome: string) => Sample
  readonly sentBytes: Sample
  readonly retriedRows: Sample
  readonly idCollisions: Sample
  readonly possiblyTwice: Sample
  readonly setAside: Sample
  readonly rejected: Sample
  readonly #inFlight: Sample
  readonly #inFlightBytes: Sample
  readonly #concurrency: Sample
  readonly #paused: (reason: string) => Sample
  #reason = ''
  /** Of the pending rows. */
  #replayed = 0
  readonly #read: Sample
  /** Not those of a replay: they ended when they became dead letters. */
  readonly #pending: Sample
  readonly #ended: readonly Sample[]
  readonly #lostRows: Readonly<Record<LossReason, Sample>>
  readonly #lostBytes: Readonly<Record<LossReason, Sample>>
  readonly #onEmpty: () => void
  /** Rows that were counted by those before and are read again. */
  #counted = 0
  readonly #clock: Clock

  constructor({ meter, id, clock }: { meter: Meter; id: string; clock: Clock }, onEmpty: () => void) {
    this.requests = outcome => meter.of('collector_output_requests_total', id, outcome)
    this.sentBytes = meter.of('collector_output_sent_bytes_total', id)
    this.retriedRows = meter.of('collector_output_retried_rows_total', id)
    this.idCollisions = meter.of('collector_output_id_collisions_total', id)
    this.possiblyTwice = meter.of('collector_output_possibly_twice_total', id)
    this.setAside = meter.of('collector_output_set_aside_total', id)
    this.rejected = meter.of('collector_output_rejected_rows_total', id)
    this.#inFlight = meter.of('collector_output_in_flight_requests', id)
    this.#inFlightBytes = meter.of('collector_output_in_flight_bytes', id)
    this.#concurrency = meter.of('collector_output_concurrency', id)
    this.#paused = reason => meter.of('collector_output_paused', id, reason)
    this.#read = meter.of('collector_read_rows_total', id)
    meter.of('collector_derived_rows_total', id)
    this.#pending = meter.of('collector_output_pending_rows', id)
    this.#ended = ends.map(end => meter.of('collector_rows_total', id, end))
    const lossesOf = (name: 'collector_lost_rows_total' | 'collector_lost_bytes_total'): Record<LossReason, Sample> =>
      Object.fromEntries(lossReasons.map(reason => [reason, meter.of(name, id, reason)])) as Record<LossReason, Sample>
    this.#lostRows = lossesOf('collector_lost_rows_total')
    this.#lostBytes = lossesOf('collector_lost_bytes_total')
    this.#onEmpty = onEmpty
    this.#clock = clock
  }

  /** Rows by how they ended. */
  counts(): Record<End, number> {
    return Object.fromEntries(ends.map((end, i) => [end, this.#ended[i]!.value])) as Record<End, number>
  }

  /** Rows of a batch were read; `unended` of them have not ended with that. */
  appended(read: number, unended: number): void {
    const counted = Math.min(this.#counted, unended)
    this.#counted -= counted
    this.#read.value += read - counted
    this.#pending.value += unended - counted
    this.pendingRows += unended
  }

  /** What the books of the same output before these have counted as pending is read again, and is still pending until then. */
  succeed({ unended }: Books): void {
    this.#counted = unended
  }

  /** Rows that were read and have no end in these books. */
  get unended(): number {
    return this.#counted + this.pendingRows - this.#replayed
  }

  /** Rows of dead letters are sent again: they are in no account. */
  replayed(rows: number): void {
    this.pendingRows += rows
    this.#replayed += rows
  }

  /** Shows how sending stands. */
  show(inFlight: number, inFlightBytes: number, concurrency: number, reason: string): void {
    this.#inFlight.value = inFlight
    this.#inFlightBytes.value = inFlightBytes
    this.#concurrency.value = concurrency
    if (reason === this.#reason) return
    if (this.#reason !== '') this.#paused(this.#reason).value = 0
    if (reason !== '') this.#paused(reason).value = 1
    this.#reason = reason
  }

  /** Counts a request with rows that failed; returns its message. */
  failed({ fault, message, status }: SendError): string {
    this.requests(fault).value++
    return this.noted(message, status)
  }

  /** Notes what people should know; returns it. */
  noted(text: string, status = 0): string {
    const message = text.slice(0, mostMessage)
    this.lastError = { at: this.#clock.now(), message, status }
    return message
  }

  /** Rows that end without being sent. */
  endedUnsent(end: number, rows: number): void {
    this.#ended[end]!.value += rows
  }

  /** Rows that are lost without having been sent. */
  lostUnsent(reason: LossReason, rows: number): void {
    this.#lostRows[reason].value += rows
  }

  skipped(reason: LossReason, bytes: number): void {
    this.#lostBytes[reason].value += bytes
  }

  end(parcel: Parcel, entry: number, end: number, rows: number): void {
    parcel.accounts[entry]!.end(parcel.ranges[entry]!, end, rows)
    if (!parcel.isReplay) this.#ended[end]!.value += rows
    this.#less(parcel, rows)
  }

  endAll(parcel: Parcel, end: End): void {
    this.#each(parcel, (entry, rows) => this.end(parcel, entry, endOf[end], rows))
  }

  /** Rows of a replay that is over: nothing has become of them. */
  takeBack(parcel: Parcel): void {
    this.#each(parcel, (entry, rows) => {
      parcel.accounts[entry]!.unsent?.(rows)
      this.#less(parcel, rows)
    })
  }

  loseAll(parcel: Parcel, reason: LossReason): void {
    this.#each(parcel, (entry, rows) => {
      parcel.accounts[entry]!.lose(parcel.ranges[entry]!, reason, rows)
      this.#lostRows[reason].value += rows
      this.#less(parcel, rows)
    })
  }

  #each(parcel: Parcel, visit: (entry: number, rows: number) => void): void {
    let start = 0
    for (let entry = 0; entry < parcel.entryEnds.length; entry++) {
      const end = parcel.entryEnds[entry]!
      visit(entry, end - start)
      start = end
    }
  }

  #less({ isReplay }: Parcel, rows: number): void {
    this.pendingRows -= rows
    if (isReplay) this.#replayed -= rows
    else this.#pending.value -= rows
    if (this.pendingRows === 0) this.#onEmpty()
  }
}
