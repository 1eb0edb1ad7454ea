import type { RuleGroupStatus } from '../../rules/evaluate/status.ts'
import { printable, type Stream } from '../terminal.ts'

/** Says when alerts begin to fire, and when they end. */
export class AlertWatch {
  readonly #stream: Stream
  /** What was said of those that fire, by their labels. */
  readonly #firing = new Map<string, string>()

  constructor(stream: Stream) {
    this.#stream = stream
  }

  /** To be called with how rules are, again and again. */
  look(groups: readonly RuleGroupStatus[]): void {
    const alerts = groups.flatMap(({ rules }) => rules.flatMap(rule => rule.alerts))
    const firing = new Map(
      alerts
        .filter(({ state }) => state === 'firing')
        .map(({ labels, annotations }) => [
          JSON.stringify(labels),
          `${labels['alertname']}: ${annotations['summary'] ?? ''}`
        ])
    )
    const stream = this.#stream
    for (const [id, text] of firing) {
      if (!this.#firing.has(id))
        stream.line(`${stream.style('red', '▲ ALERT')} ${stream.style('bold', printable(text))}`)
    }
    for (const [id, text] of this.#firing) {
      if (!firing.has(id)) stream.line(`${stream.style('green', '▼ over ')} ${stream.style('dim', printable(text))}`)
    }
    this.#firing.clear()
    for (const [id, text] of firing) this.#firing.set(id, text)
  }
}
