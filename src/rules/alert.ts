/** One alert: a series that the expression of a rule gives, with the labels of both. */
export interface Alert {
  /** Its identity, `alertname` among them; sorted by name. */
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** `inactive`: it has fired, and has ended. */
  readonly state: 'pending' | 'firing' | 'inactive'
  readonly value: number
  /** Epoch ms, as all times here: since when the expression gives it. */
  readonly activeAt: number
  /** Since when it fires; 0: it does not. */
  readonly firedAt: number
  /** When it ended; 0: it has not. */
  readonly resolvedAt: number
  /** Nothing was said of it since: whoever hears nothing more takes it for ended then. */
  readonly validUntil: number
}

/** Takes what is to be told after an evaluation: alerts that fire, again at each `resend`, and those that have ended, for a while. */
export interface AlertSink {
  /** Does not wait and does not throw. */
  notify(alerts: readonly Alert[]): void
}
