import { isNetwork } from '../core/addresses.ts'
import type { ReceiverConfig, RulesConfig } from './config.ts'
import { optionTypes as t } from './option-types.ts'

/** The section `rules`: who is told about alerts. */
export function rulesSchema() {
  return t.group('Who is told about alerts.', {
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
    externalUrl: t.url('Where people reach this collector: links in alerts begin so; left out: no links.').optional(),
    externalLabels: t
      .map('Labels of every alert that has none of this name.', t.text('A value.'))
      .refine(labels => Object.keys(labels).every(name => /^[A-Za-z_]\w*$/.test(name)), {
        error: 'a label is made of letters, digits and "_"'
      })
      .prefault({}),
    network: t
      .group('Which addresses alerts may be sent to. What counts is the address that is connected to.', {
        allow: networks(
          'Addresses and networks, as `10.0.0.0/8`, that are reached in any case; without it no link-local ones (169.254.0.0/16, where clouds tell machines their secrets).',
          []
        ),
        deny: networks('Those that are not; `private` stands for all that are not of the public Internet.', ['private'])
      })
      .prefault({})
  })
}

/** Options of everything that alerts are posted to. */
function receiverShape() {
  return {
    user: t.text('User name.').default(''),
    password: t.secret('Password of the user.').default(''),
    token: t.secret('Bearer token, instead of user and password.').default(''),
    headers: t
      .map('More headers of each request.', t.secret('A value.'))
      .refine(headers => Object.entries(headers).every(isHeader), {
        error: 'a header has a name of letters, digits and "-", and one line of text'
      })
      .prefault({}),
    tls: t
      .group('TLS of https addresses.', {
        caFile: t.file('Certificates to trust, PEM; the system’s where left out.', 'certificates').default(''),
        certFile: t.file('Client certificate, PEM.', 'certificates').default(''),
        keyFile: t.file('Key of the client certificate, PEM.', 'key').default(''),
        skipVerify: t.flag('Accept any certificate: for tests only.').default(false)
      })
      .prefault({}),
    timeout: t.duration('Longest silence of the receiver within a request.', { min: 100 }).default(10_000)
  }
}

function isHeader([name, value]: [string, string]): boolean {
  return /^[A-Za-z0-9-]+$/.test(name) && /^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value)
}

function networks(about: string, words: readonly string[]) {
  const network = t.text('An address or network.').refine(text => words.includes(text) || isNetwork(text), {
    error: 'expected an address or network, for example "10.0.0.0/8"'
  })
  return t.list(about, network).default([])
}

type Content = ReturnType<ReturnType<typeof rulesSchema>['parse']>

export function rulesOf({ alertmanagers, externalUrl, externalLabels, network }: Content): RulesConfig {
  return {
    alertmanagers: alertmanagers.map(one => receiverOf(typeof one === 'string' ? { ...defaults(), url: one } : one)),
    ...(externalUrl !== undefined && { externalUrl: externalUrl.replace(/\/+$/, '') }),
    externalLabels,
    network
  }
}

type Receiver = Exclude<Content['alertmanagers'][number], string>

function receiverOf({ timeout, ...options }: Receiver): ReceiverConfig {
  return { ...options, timeoutMs: timeout }
}

function defaults(): Omit<Receiver, 'url'> {
  return t.group('', receiverShape()).parse({})
}
