import type { Alert } from '../alert.ts'
import type { Template } from '../template.ts'

/** One text that tells of a group of alerts. It is plain text: nothing that an alert holds becomes a link or calls people. */
export interface Message {
  readonly status: 'firing' | 'resolved'
  readonly title: string
  /** One for each alert. */
  readonly texts: readonly string[]
}

export interface MessageForm {
  /** Left out: how many fire, and what they have in common. */
  readonly title: Template | undefined
  /** Of each alert; left out: summary, description and labels. */
  readonly text: Template | undefined
}

export function messageOf(alerts: readonly Alert[], { title, text }: MessageForm): Message {
  const status = statusOf(alerts)
  const labels = common(alerts.map(alert => alert.labels))
  const annotations = common(alerts.map(alert => alert.annotations))
  const value = alerts[0]?.value ?? Number.NaN
  return {
    status,
    title: title === undefined ? titleOf(alerts, labels) : title.render({ labels, annotations, value, status }),
    texts: alerts.map(alert =>
      text === undefined ? textOf(alert, labels) : text.render({ ...alert, status: statusOf([alert]) })
    )
  }
}

export function statusOf(alerts: readonly Alert[]): 'firing' | 'resolved' {
  return alerts.some(({ state }) => state === 'firing') ? 'firing' : 'resolved'
}

type Texts = Readonly<Record<string, string>>

/** What all of them have. */
export function common([first = {}, ...rest]: readonly Texts[]): Texts {
  return Object.fromEntries(Object.entries(first).filter(([name, value]) => rest.every(other => other[name] === value)))
}

/** `[FIRING:2] AgentSilent (severity=critical)` */
function titleOf(alerts: readonly Alert[], shared: Texts): string {
  const firing = alerts.filter(({ state }) => state === 'firing').length
  const { alertname = 'Alerts', ...others } = shared
  const pairs = pairsOf(others)
  return `[${firing === 0 ? 'RESOLVED' : `FIRING:${firing}`}] ${alertname}${pairs === '' ? '' : ` (${pairs})`}`
}

/** What it says of itself, and the labels that not all of the group have. */
function textOf({ state, labels, annotations }: Alert, shared: Texts): string {
  const own = Object.fromEntries(Object.entries(labels).filter(([name]) => shared[name] === undefined))
  const { summary, message, description, runbook_url: runbook } = annotations
  const lines = [summary ?? message, description, pairsOf(own), runbook].filter(
    line => line !== undefined && line !== ''
  )
  const text = lines.length === 0 ? pairsOf(labels) : lines.join('\n')
  return state === 'firing' ? text : `resolved: ${text}`
}

function pairsOf(labels: Texts): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}

/** The texts that find room in so many bytes of UTF-8, and how many do not. */
export function fitted(texts: readonly string[], maxBytes: number): string {
  const whole = texts.join('\n\n')
  if (Buffer.byteLength(whole) <= maxBytes) return whole
  const reserve = 40
  let room = maxBytes - reserve
  const shown: string[] = []
  for (const text of texts) {
    room -= Buffer.byteLength(text) + 2
    if (room < 0) break
    shown.push(text)
  }
  if (shown.length === 0) return `${cut(texts[0]!, maxBytes - reserve)} …${moreOf(texts.length - 1)}`
  return `${shown.join('\n\n')}${moreOf(texts.length - shown.length)}`
}

function moreOf(count: number): string {
  return count === 0 ? '' : `\n\n… and ${count} more`
}

/** The beginning of a text that has at most so many bytes. */
export function cut(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= maxBytes) return text
  let end = maxBytes
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}
