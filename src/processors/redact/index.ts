import { defineProcessor } from '../../config/define.ts'
import { type Hint, Hints, Look } from '../../scan/hints.ts'
import { aboutIf } from '../chosen.ts'
import { Cards } from './cards.ts'
import { PrivateKeys, Schemes, UrlPasswords, WebTokens } from './credentials.ts'
import type { Finder } from './finder.ts'
import { Masks } from './masks.ts'
import { Names } from './names.ts'
import { Pairs } from './pairs.ts'
import { UserPattern } from './patterns.ts'
import { Addresses, Emails } from './personal.ts'
import { Redact } from './redact.ts'
import { beginnings, Tokens } from './tokens.ts'

type Preset = 'secrets' | 'cards' | 'emails' | 'ips'

/** Masks secrets and personal data. */
export const redact = defineProcessor({
  name: 'redact',
  summary:
    'Masks secrets and personal data in place, byte for byte: in the row, in all values of its fields and of JSON in them, also where they are written with escapes. Names of fields stay; numbers of JSON get nines. Put it first: rules, tail and all outputs then see masked rows only.',
  options: t => ({
    presets: t
      .list(
        'What to mask: `secrets` (keys of AWS, GitHub, GitLab, Slack, Stripe, OpenAI, Anthropic, Google and others, JSON Web Tokens, `Bearer` and `Basic`, passwords in URLs, private keys, values by names such as `password`, `token`, `api_key`), `cards` (payment cards with their check digit), `emails`, `ips` (version 4 and 6).',
        t.choice('A preset.', ['secrets', 'cards', 'emails', 'ips'])
      )
      .default(['secrets']),
    fields: t
      .list(
        'Fields to mask as a whole, wherever they stand; `user.ssn` is also `request.user.ssn`. The ids of a trace and a span stay: `remove` takes them away.',
        t.text('The name of a field.').min(1)
      )
      .default([]),
    patterns: t
      .list(
        'What else to mask: all that a pattern matches, or only its named groups, if it has some. A line that would take too long is masked as a whole.',
        t.pattern('A regular expression of RE2.')
      )
      .default([]),
    mask: t.choice('What each masked byte becomes.', ['*', '#', 'x', 'X', '_']).default('*'),
    if: t.query(aboutIf).optional()
  }),
  faultIn: ({ presets, fields, patterns }) =>
    presets.length + fields.length + patterns.length === 0 ? 'there is nothing to mask' : undefined,
  examples: [
    {
      title: 'Keys, tokens and passwords',
      config: '{}',
      input:
        '{"level":"info","msg":"PUT https://ci:hunter2@git.example.org/","headers":{"authorization":"Bearer abc"},"api_key":"k-1"}',
      output: {
        time: 'of reading',
        level: 'info',
        body: 'PUT https://ci:*******@git.example.org/',
        headers: { authorization: '**********' },
        api_key: '***'
      }
    },
    {
      title: 'Personal data too, of one service',
      config: `presets: [secrets, cards, emails, ips]\nif: '{service_name="shop"}'`,
      input:
        '{"service":"shop","msg":"ann@example.org paid with 4111 1111 1111 1111 from 203.0.113.7","card":4111111111111111}',
      output: {
        time: 'of reading',
        service_name: 'shop',
        body: '*************** paid with ******************* from ***********',
        card: '9999999999999999'
      }
    },
    {
      title: 'Fields, and numbers of customers',
      config: String.raw`fields: [ssn]
patterns: ['\bC-[0-9]{6}\b', 'pin (?P<pin>[0-9]+)']`,
      input: '{"msg":"C-123456 gave pin 1234","user":{"ssn":"078-05-1120"}}',
      output: { time: 'of reading', body: '******** gave pin ****', user: { ssn: '***********' } }
    }
  ],
  create: ({ presets, fields, patterns, mask, if: query }, { keys }) => {
    const has = new Set<Preset>(presets)
    const names = new Names(has.has('secrets'), fields)
    const own = patterns.map(text => new UserPattern(text))
    const finders: Finder[] = [...findersOf(has), ...(names.isEmpty ? [] : [new Pairs(names)]), ...own]
    const byte = mask.charCodeAt(0)
    return new Redact({
      keys,
      query,
      hints: hintsOf(has, names, own),
      finders,
      askedInside: askedOf(finders.filter(({ atStart }) => atStart !== true)),
      askedAtStart: askedOf(finders),
      names,
      masks: new Masks(byte),
      mask: byte
    })
  }
})

function findersOf(presets: ReadonlySet<Preset>): Finder[] {
  const finders: Finder[] = []
  if (presets.has('secrets')) {
    finders.push(new Tokens(), new WebTokens(), new Schemes(), new UrlPasswords(), new PrivateKeys())
  }
  if (presets.has('cards')) finders.push(new Cards())
  if (presets.has('emails')) finders.push(new Emails())
  if (presets.has('ips')) finders.push(new Addresses())
  return finders
}

function askedOf(finders: readonly Finder[]): (Finder[] | undefined)[] {
  const asked: (Finder[] | undefined)[] = Array(256).fill(undefined)
  for (const finder of finders) for (const byte of Buffer.from(finder.at ?? '')) (asked[byte] ??= []).push(finder)
  return asked
}

/** Escapes that these texts may be hidden behind. */
function escapesOf(texts: readonly string[]): Hint[] {
  if (texts.some(text => /["\\\p{Cc}]/u.test(text))) return [{ text: '\\' }]
  const isAscii = texts.every(text => /^\p{ASCII}*$/u.test(text))
  return [{ text: isAscii ? String.raw`\u00` : String.raw`\u` }, { text: String.raw`\/` }]
}

/** What stands in each row that has something to find; undefined: nobody knows. */
function hintsOf(presets: ReadonlySet<Preset>, names: Names, patterns: readonly UserPattern[]): Hints | undefined {
  const hints: Hint[] = [...names.hints]
  if (presets.has('secrets')) {
    hints.push(...[...beginnings, 'eyJ', '-----BEGIN '].map(text => ({ text })))
    hints.push(...['bearer ', 'basic '].map(text => ({ text, ignoresCase: true })))
  }
  if (presets.has('secrets') || presets.has('emails')) hints.push({ text: '@' })
  if (presets.has('emails')) hints.push({ text: '%40' })
  for (const pattern of patterns) {
    if (pattern.hints === undefined) return undefined
    hints.push(...pattern.hints)
  }
  hints.push(...escapesOf(hints.map(({ text }) => text)))
  return new Hints(hints, (presets.has('cards') ? Look.cards : 0) | (presets.has('ips') ? Look.addresses : 0))
}
