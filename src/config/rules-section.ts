import { isNetwork } from '../core/addresses.ts'
import type { ReceiverConfig, RuleFile, RulesConfig, WebhookConfig } from './config.ts'
import { optionTypes as t } from './option-types.ts'
import { headerMap, tlsGroup } from './receiver-options.ts'

/** The section `rules`: which there are, and who is told about alerts. */
export function rulesSchema() {
  return t.group('Alerts, and numbers to record, that are made of rows; and who is told.', {
    files: t
      .list(
        'Rule files in the form of Prometheus, with LogQL in "expr"; also patterns, as `rules/*.yaml`.',
        t.path('A file or a pattern.')
      )
      .default([]),
    maxSeries: t
      .count('Most series of an aggregation over time; rows of others are in no number, and are counted.', { min: 1 })
      .default(10_000),
    alertmanagers: t
      .list(
        'Alertmanagers; each of them is told everything.',
        t.z.union([
          t.url('Address, with a path where a proxy wants one.'),
          t.group('An Alertmanager.', {
            url: t.url('Address, with a path where a proxy wants one.'),
            ...receiverShape()
          })
        ])
      )
      .default([]),
    webhooks: t.map('Others that are told, by names of your own.', webhookSchema()).prefault({}),
    remoteWrite: t
      .list(
        'Where `ALERTS`, `ALERTS_FOR_STATE` and recorded series are written by remote write 1.0, of Prometheus for example.',
        t.z.union([
          t.url('Address with its path, as `http://prometheus:9090/api/v1/write`.'),
          t.group('A receiver.', {
            url: t.url('Address with its path, as `http://prometheus:9090/api/v1/write`.'),
            ...receiverShape()
          })
        ])
      )
      .default([]),
    externalUrl: t.url('Where people reach this collector: links in alerts begin so; left out: no links.').optional(),
    externalLabels: t
      .map('Labels of every alert that has none of this name.', t.text('A value.'))
      .refine(labels => Object.keys(labels).every(name => /^[A-Za-z_]\w*$/.test(name)), {
        error: 'a label is made of letters, digits and "_"'
      })
      .prefault({}),
    network: t
      .group(
        'Which addresses alerts may be sent to. What counts is the address that is connected to; behind a proxy (HTTPS_PROXY) it is the proxy that looks names up.',
        {
          allow: networks(
            'Addresses and networks, as `10.0.0.0/8`, that are reached in any case; without it no link-local ones (169.254.0.0/16, where clouds tell machines their secrets).',
            []
          ),
          deny: networks('Those that are not; `private` stands for all that are not of the public Internet.', [
            'private'
          ])
        }
      )
      .prefault({})
  })
}

const minute = 60_000

function webhookSchema() {
  return t.group('Somebody who is told in messages, where there is no Alertmanager.', {
    type: t.choice('What the messages are for; `generic` is the JSON of Alertmanager’s webhooks.', [
      'generic',
      'slack',
      'dingtalk',
      'feishu',
      'wecom'
    ]),
    url: t.secretUrl('Address of the webhook. For many, who knows it may write there: it is never shown.'),
    secret: t.secret('Key for signing, of dingtalk and feishu.').optional(),
    title: t
      .template(
        'Title of a message, of what its alerts have in common; left out: how many there are, and their labels.'
      )
      .optional(),
    text: t.template('Text for each alert; left out: summary, description and labels.').optional(),
    groupBy: t
      .list('Labels that alerts of one message share; `...`: each alert has a message of its own.', t.text('A label.'))
      .default(['alertname']),
    groupWait: t.duration('How long to wait for more after the first alert of a group.').default(minute / 2),
    groupInterval: t.duration('How long to wait until more is told of a group.', { min: 1000 }).default(5 * minute),
    repeatInterval: t.duration('When the same is told again.', { min: 1000 }).default(240 * minute),
    sendResolved: t.flag('Tell when alerts have ended, too.').default(true),
    maxPerMinute: t.count('Most messages in a minute; most platforms take 20.', { min: 1, max: 600 }).default(20),
    ...receiverShape()
  })
}

/** Options of everything that alerts are posted to. */
function receiverShape() {
  return {
    user: t.text('User name.').default(''),
    password: t.secret('Password of the user.').default(''),
    token: t.secret('Bearer token, instead of user and password.').default(''),
    headers: headerMap(t),
    tls: tlsGroup(t),
    timeout: t.duration('Longest silence of the receiver within a request.', { min: 100 }).default(10_000)
  }
}

function networks(about: string, words: readonly string[]) {
  const network = t.text('An address or network.').refine(text => words.includes(text) || isNetwork(text), {
    error: 'expected an address or network, for example "10.0.0.0/8"'
  })
  return t.list(about, network).default([])
}

type Content = ReturnType<ReturnType<typeof rulesSchema>['parse']>

export function rulesOf(content: Content, files: readonly RuleFile[]): RulesConfig {
  const { maxSeries, alertmanagers, webhooks, remoteWrite, externalUrl, externalLabels, network } = content
  return {
    files,
    maxSeries,
    alertmanagers: alertmanagers.map(receiverAt),
    remoteWrite: remoteWrite.map(receiverAt),
    webhooks: Object.entries(webhooks).map(([name, webhook]) => webhookOf(name, webhook)),
    ...(externalUrl !== undefined && { externalUrl: externalUrl.replace(/\/+$/, '') }),
    externalLabels,
    network
  }
}

function webhookOf(name: string, webhook: Content['webhooks'][string]): WebhookConfig {
  const { type, secret, title, text, groupBy, sendResolved, maxPerMinute, ...rest } = webhook
  const { groupWait, groupInterval, repeatInterval, ...receiver } = rest
  const times = { groupWaitMs: groupWait, groupIntervalMs: groupInterval, repeatIntervalMs: repeatInterval }
  return {
    name,
    type,
    secret: secret ?? '',
    ...(title !== undefined && { title }),
    ...(text !== undefined && { text }),
    groups: { groupBy, ...times, sendResolved, maxPerMinute },
    receiver: receiverOf(receiver)
  }
}

type Receiver = Exclude<Content['alertmanagers'][number], string>

/** A URL is short for a receiver without more options. */
function receiverAt(one: string | Receiver): ReceiverConfig {
  return receiverOf(typeof one === 'string' ? { ...defaults(), url: one } : one)
}

function receiverOf({ timeout, ...options }: Receiver): ReceiverConfig {
  return { ...options, timeoutMs: timeout }
}

function defaults(): Omit<Receiver, 'url'> {
  return t.group('', receiverShape()).parse({})
}
