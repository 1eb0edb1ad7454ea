import type { WebhookConfig } from '../../config/config.ts'
import type { Addresses } from '../../core/addresses.ts'
import type { Clock } from '../../core/clock.ts'
import { SendError } from '../../core/errors.ts'
import type { Alert } from '../alert.ts'
import type { Template } from '../template.ts'
import type { Channel, Origin } from './channel.ts'
import { Connection } from './connection.ts'
import { type MessageForm, messageOf } from './message.ts'
import { messageTemplate } from './templates.ts'
import { dingtalk } from './webhooks/dingtalk.ts'
import { feishu } from './webhooks/feishu.ts'
import { generic } from './webhooks/generic.ts'
import type { Platform } from './webhooks/platform.ts'
import { slack } from './webhooks/slack.ts'
import { wecom } from './webhooks/wecom.ts'

const platforms: Readonly<Record<WebhookConfig['type'], Platform>> = { generic, slack, dingtalk, feishu, wecom }

const maxTextLength = 300

/** Posts a message about a group of alerts. */
export class Webhook implements Channel {
  readonly name: string
  readonly #connection: Connection
  readonly #config: WebhookConfig
  readonly #platform: Platform
  readonly #form: MessageForm
  readonly #origin: Origin
  readonly #clock: Clock

  constructor(config: WebhookConfig, origin: Origin, { addresses, clock }: { addresses: Addresses; clock: Clock }) {
    const { name, type, receiver, title, text } = config
    this.name = name
    this.#connection = new Connection(receiver, addresses)
    this.#config = config
    this.#platform = platforms[type]
    this.#form = { title: templateOf(title), text: templateOf(text) }
    this.#origin = origin
    this.#clock = clock
  }

  async send(alerts: readonly Alert[], signal: AbortSignal): Promise<void> {
    const { name: receiver, secret, groups } = this.#config
    const message = messageOf(alerts, this.#form)
    const said = {
      alerts,
      message,
      origin: this.#origin,
      receiver,
      secret,
      groupBy: groups.groupBy,
      now: this.#clock.now()
    }
    const { body, query, sign = '' } = this.#platform.request(said)
    const path = this.#connection.target(query)
    const posting = { path, body: JSON.stringify(body), secrets: [secret, sign] }
    const reply = await this.#connection.post(posting, signal)
    const fault = this.#platform.fault?.(reply.body)
    if (fault === undefined) return
    const text = this.#connection.withoutSecrets(fault.text, posting).slice(0, maxTextLength)
    throw new SendError(`Cannot send to "${this.#connection.origin}": ${text}`, fault.fault, {
      status: reply.status,
      retryAfterMs: fault.retryAfterMs
    })
  }

  close(): void {
    this.#connection.close()
  }
}

function templateOf(text: string | undefined): Template | undefined {
  return text === undefined ? undefined : messageTemplate(text)
}
