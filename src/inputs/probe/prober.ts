import type { Feed, FeedContext } from '../../config/define.ts'
import { messageOf } from '../../core/errors.ts'
import { type Check, type Finding, look, targetOf } from './checks.ts'
import { fedPath, FedFile } from './fed-file.ts'

export interface Target {
  readonly name: string
  readonly check: Check
  /** Empty: none. */
  readonly agent: string
}

export interface ProberOptions {
  readonly targets: readonly Target[]
  readonly intervalMs: number
  readonly timeoutMs: number
}

/** Looks at all targets at equal intervals, not all at the same moment, and writes a row of each look. One that is slow holds up no
 * other, and is not asked twice at a time. */
export function startProber(options: ProberOptions, context: FeedContext): Feed {
  const file = new FedFile(fedPath(context))
  const { intervalMs, targets } = options
  const stops = targets.map((target, i) => {
    const prober = new Prober(target, { ...options, context, file })
    prober.startIn((intervalMs * i) / targets.length)
    return () => prober.stop()
  })
  return { stop: () => stops.forEach(stop => stop()) }
}

interface ProberParts extends ProberOptions {
  readonly context: FeedContext
  readonly file: FedFile
}

class Prober {
  readonly #target: Target
  readonly #parts: ProberParts
  readonly #stop = new AbortController()
  #cancel: () => void = () => {}
  #fails = false

  constructor(target: Target, parts: ProberParts) {
    this.#target = target
    this.#parts = parts
  }

  startIn(ms: number): void {
    this.#cancel = this.#parts.context.clock.after(ms, () => void this.#look())
  }

  stop(): void {
    this.#cancel()
    this.#stop.abort()
  }

  async #look(): Promise<void> {
    const { context, intervalMs, timeoutMs } = this.#parts
    const { clock } = context
    const [at, began] = [clock.now(), clock.monotonic()]
    const late = new AbortController()
    const cancel = clock.after(timeoutMs, () => late.abort())
    const finding = await look(this.#target.check, AbortSignal.any([late.signal, this.#stop.signal]))
    cancel()
    if (this.#stop.signal.aborted) return
    const tookMs = clock.monotonic() - began
    this.#write(at, tookMs, finding)
    this.startIn(Math.max(0, intervalMs - tookMs))
  }

  #write(at: number, tookMs: number, finding: Finding): void {
    const { file, context } = this.#parts
    const { log, meter, name } = context
    try {
      file.append(rowOf(this.#target, { at, tookMs, ...finding }))
      this.#fails = false
    } catch (error) {
      meter.of('collector_input_errors_total', name, 'write').value++
      if (!this.#fails)
        log.warn('Cannot write what a probe found: it is lost', { input: name, cause: messageOf(error) })
      this.#fails = true
    }
  }
}

interface Look extends Finding {
  /** Epoch ms. */
  readonly at: number
  readonly tookMs: number
}

function rowOf({ name, agent, check }: Target, { at, tookMs, error, status }: Look): object {
  const isGood = error === ''
  const ms = Math.round(tookMs * 1000) / 1000
  const target = targetOf(check)
  const how = isGood ? `answers in ${Math.round(ms)} ms` : `fails: ${error}${status === undefined ? '' : ` ${status}`}`
  return {
    '@timestamp': new Date(at).toISOString(),
    level: isGood ? 'info' : 'warn',
    message: `Probe ${name}: ${check.type} "${target}" ${how}`,
    event: 'probe',
    ...(agent !== '' && { agent_id: agent }),
    'probe.name': name,
    'probe.type': check.type,
    'probe.target': target,
    'probe.outcome': isGood ? 'success' : 'failure',
    'probe.duration_ms': ms,
    ...(status !== undefined && { 'probe.status': status }),
    ...(!isGood && { 'error.type': error })
  }
}
