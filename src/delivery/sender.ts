import { crashPoint } from '../core/crash-points.ts'
import { SendError } from '../core/errors.ts'
import { Verdict } from '../core/outcome.ts'
import type { Verdicts } from '../core/output.ts'
import { hasBug } from '../core/seeded-bugs.ts'
import { Concurrency } from './concurrency.ts'
import { type Answer, Courier } from './courier.ts'
import { Gate, pauseReason } from './gate.ts'
import { Knock } from './knock.ts'
import type { Parcel } from './parcel.ts'
import { Queue } from './queue.ts'
import type { Probe, Request, SenderParts } from './request.ts'
import { countRetries } from './settler.ts'
import { Trouble } from './trouble.ts'

const dropsTooLarge = hasBug('drop-on-413')
const resetsBackoff = hasBug('backoff-reset')
const refusesAll = 'refuses_all'
const mostAttemptsTooLarge = 8
/** Then others go first: one request that the server can't stand must not be the probe for ever. */
const mostAttemptsInFront = 3
/** A server that has less memory for requests than one needs says that it is busy each time (Elasticsearch:
 * indexing_pressure.memory.limit). Smaller requests find room; not ever smaller ones, as it may just be busy. */
const leastHalvedBytes = 256 * 1024

/** Sends parcels, one promise each, and decides what an answer or a fault means for the next ones. */
export class Sender {
  readonly gate: Gate
  readonly concurrency: Concurrency
  readonly queue: Queue
  inFlight = 0
  inFlightBytes = 0
  /** Nothing will ever be sent again. */
  isEnded = false
  readonly #courier: Courier
  readonly #knock: Knock
  readonly #trouble: Trouble
  /** Requests without an answer, and when they began. */
  readonly #requests = new Map<Promise<void>, number>()
  #cancelWake: (() => void) | undefined
  readonly #parts: SenderParts

  constructor(parts: SenderParts) {
    this.#parts = parts
    this.gate = new Gate(parts.clock, parts.retry, parts.random)
    this.concurrency = new Concurrency(parts.maxConcurrency)
    this.queue = new Queue(parts.batchBytes, parts)
    this.#courier = new Courier(parts.output, parts.link, parts.clock)
    this.#trouble = new Trouble(this.#courier, this.gate, parts)
    this.#knock = new Knock(this.#courier, this.gate, this.#trouble, parts)
  }

  /** Who answered last; empty before. */
  get server(): string {
    return this.#courier.server
  }

  /** From now on the server is asked whether it is there also while there is nothing to send, until it answers. */
  open(): void {
    this.#knock.isOpen = true
    this.pump()
  }

  push(parcel: Parcel): void {
    this.queue.push(parcel)
    this.pump()
  }

  /** Sends whatever may be sent now. */
  pump(): void {
    if (this.queue.hasRows) this.gate.rowsCame()
    while (this.inFlight < this.#slots()) {
      const next = this.#next()
      // Rows that are pending find out by themselves whether a server is there.
      if (next === undefined && (this.#parts.books.pendingRows > 0 || !this.#knock.isUnanswered)) break
      this.#track(next === undefined ? this.#ask() : this.#start(next.parcel, next.kind))
    }
    this.#show()
  }

  /** Ends all requests; their rows stay where they are. */
  async close(): Promise<void> {
    this.#courier.close()
    this.#cancelWake?.()
    await Promise.all(this.#requests.keys())
  }

  /** For how long the oldest request has had no answer, ms. */
  get waitingMs(): number {
    const [oldest] = this.#requests.values()
    return oldest === undefined ? 0 : this.#parts.clock.monotonic() - oldest
  }

  /** How many requests may be in flight now. Sets a timer where that changes with time. */
  #slots(): number {
    if (this.#courier.isClosed || this.isEnded) return 0
    const { waitMs } = this.gate
    if (waitMs > 0) {
      this.#cancelWake?.()
      this.#cancelWake = this.#parts.clock.after(waitMs, () => this.pump())
      return 0
    }
    return this.gate.failures > 0 || !this.#courier.isPrepared ? 1 : this.concurrency.limit
  }

  #next(): { readonly parcel: Parcel; readonly kind: Probe } | undefined {
    const { letters, refusals } = this.#parts
    if (letters.isFull) {
      // what is delivered of them makes room
      const replay = this.queue.nextReplay()
      return replay === undefined ? undefined : { parcel: replay, kind: 'none' }
    }
    if (refusals.isRefusing) return refusals.takeProbe(() => this.queue.anyRow(this.#parts.random))
    const parcel = this.queue.next()
    return parcel === undefined ? undefined : { parcel, kind: 'none' }
  }

  async #ask(): Promise<void> {
    this.inFlight++
    await this.#knock.ask()
    this.inFlight--
    this.pump()
  }

  #track(promise: Promise<void>): void {
    this.#requests.set(promise, this.#parts.clock.monotonic())
    void promise.finally(() => this.#requests.delete(promise))
  }

  #start(parcel: Parcel, probe: Probe): Promise<void> {
    if (resetsBackoff) this.gate.succeeded()
    const isFull = this.inFlight + 1 >= this.concurrency.limit && this.queue.length > 0
    this.inFlight++
    this.inFlightBytes += parcel.size
    return this.#run({ parcel, probe, isFull, epoch: this.gate.epoch, size: parcel.size })
  }

  async #run(request: Request): Promise<void> {
    const { parcel } = request
    const answer = await this.#courier.carry(parcel)
    if (answer === undefined) this.#putBack(request)
    else if (answer instanceof SendError) this.#faulted(request, answer)
    else this.#answered(request, answer)
    this.inFlight--
    this.inFlightBytes -= request.size
    this.pump()
  }

  #answered(request: Request, { verdicts, ms }: Answer): void {
    const { parcel } = request
    const { books, clock, settler } = this.#parts
    books.sentBytes.value += verdicts.requestBytes
    if (parcel.attempt > 0) books.retriedRows.value += parcel.rows
    const retried = countRetries(verdicts, parcel.rows)
    if (retried === parcel.rows) {
      // nothing was taken: the same as a fault of the whole request
      parcel.attempt++
      books.requests('retry').value++
      this.#pushedBack(request, verdicts.retryAfterMs, 'All rows are to be sent again')
      return
    }
    const now = clock.monotonic()
    books.requests(verdicts.each === undefined ? 'delivered' : 'mixed').value++
    this.queue.limit.taken(parcel.size)
    if (retried > 0) this.concurrency.pressed(now)
    else this.concurrency.answered(now, ms, request.isFull)
    crashPoint('delivery.settle.before')
    settler.settle(parcel, verdicts)
    crashPoint('delivery.settle.after')
    this.#judged(request, verdicts)
  }

  /** What the answer says of the server. */
  #judged({ parcel, probe }: Request, verdicts: Verdicts): void {
    const { id, log, refusals } = this.#parts
    if (probe !== 'none' && refusals.isRefusing) {
      const isRefused = verdicts.each?.verdict[0] === Verdict.refused
      for (const kept of refusals.probed(probe, isRefused) ?? []) this.#parts.returns.gather(kept)
    }
    if (refusals.isInDoubt) {
      this.gate.hurry()
    } else if (refusals.isRefusing) {
      if (probe !== 'none' || this.gate.reason !== refusesAll) this.#pauseRefused()
    } else if (this.gate.succeeded()) {
      log.info(`Output "${id}" delivers again`, { rows: parcel.rows })
    }
  }

  #faulted(request: Request, fault: SendError): void {
    const message = this.#parts.books.failed(fault)
    if (this.#courier.isClosed) {
      this.#putBack(request)
    } else if (fault.fault === 'split') {
      this.#tooLarge(request, fault.status, message)
    } else if (fault.fault === 'end') {
      this.#putBack(request)
      this.#end(message)
    } else if (fault.fault === 'pause') {
      this.#putBack(request)
      this.#trouble.pause(pauseReason(fault.status), message)
    } else {
      this.#pushedBack(request, fault.retryAfterMs, message, fault.status === 429)
    }
  }

  #end(message: string): void {
    this.isEnded = true
    this.gate.pause('ended')
    this.#parts.log.info(`Output "${this.#parts.id}" has ended: ${message}`)
    this.#parts.onEnd()
  }

  #pushedBack(request: Request, retryAfterMs: number | undefined, error: string, isBusy = false): void {
    const { rows, size, attempt } = request.parcel
    const isStuck = isBusy && attempt >= mostAttemptsInFront
    if (isStuck && rows > 1 && size > leastHalvedBytes) this.queue.halve(request.parcel)
    else this.#putBack(request)
    this.concurrency.pressed(this.#parts.clock.monotonic())
    this.#trouble.retry(request.epoch, retryAfterMs, error)
  }

  #putBack({ parcel, probe }: Request): void {
    if (probe === 'kept') this.#parts.refusals.keep(parcel)
    else if (parcel.attempt < mostAttemptsInFront) this.queue.putBack(parcel)
    else this.queue.push(parcel)
  }

  #tooLarge(request: Request, status: number, reason: string): void {
    const { parcel } = request
    if (dropsTooLarge) return this.#parts.settler.settle(parcel, { requestBytes: 0 })
    if (parcel.rows > 1) return this.queue.halve(parcel)
    // size can't be the matter with a row smaller than what was taken before: it is retried, though not for ever
    if (this.queue.limit.hasTaken(parcel.size) && parcel.attempt < mostAttemptsTooLarge) {
      this.#pushedBack(request, undefined, reason)
      return
    }
    this.#parts.settler.refuseOnly(parcel, { status, type: 'request_too_large', reason })
    if (this.#parts.refusals.isRefusing) this.#pauseRefused()
  }

  #pauseRefused(): void {
    const { books, refusals } = this.#parts
    this.#trouble.pause(refusesAll, books.noted(`Half of the last rows were refused: ${refusals.type}`))
  }

  #show(): void {
    const reason = this.#parts.letters.isFull ? 'dead_letters_full' : this.gate.reason
    this.#parts.books.show(this.inFlight, this.inFlightBytes, this.concurrency.limit, reason)
  }
}
