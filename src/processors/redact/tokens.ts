import { type Finder, type Hide, type Passage, setOf, standsAt } from './finder.ts'

/** What keys of one kind look like. */
interface Token {
  /** How each begins. */
  readonly begins: readonly string[]
  /** What its other characters are, as a class of a regular expression; how many there are at least, and at most. */
  readonly of: string
  readonly least: number
  readonly most?: number
  /** A digit is among them. */
  readonly hasDigit?: true
}

/** As their makers document them, and secret scanners know them. A key that may be published (Stripe's `pk_live_`) is none. */
const tokens: readonly Token[] = [
  // AWS: access key ids, those of sessions and of other kinds
  { begins: ['AKIA', 'ASIA', 'ABIA', 'ACCA'], of: 'A-Z0-9', least: 16, most: 16 },
  // GitHub: personal, OAuth, user-to-server, server-to-server and refresh tokens
  { begins: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], of: '\\w', least: 30 },
  { begins: ['github_pat_'], of: '\\w', least: 22 },
  // GitLab: personal, deploy, runner, job, trigger, feed, mail, agent, OAuth, SCIM and feature flag tokens
  {
    begins: 'glpat glpat gldt glrt glcbt glptt glft glimt glagent gloas glsoat glffct'
      .split(' ')
      .map(name => `${name}-`),
    of: '\\w.-',
    least: 20
  },
  // Slack: tokens, those of apps, of configurations and of workflows
  { begins: 'abcdeoprs'.split('').map(kind => `xox${kind}-`), of: '\\w%./+=-', least: 10 },
  { begins: ['xapp-', 'xwfp-', 'xoxe.xoxp-', 'xoxe.xoxb-'], of: '\\w-', least: 10 },
  // webhooks of Slack: who has the path may post
  { begins: ['hooks.slack.com/services/', 'hooks.slack.com/workflows/'], of: '\\w/', least: 16 },
  // Stripe: secret and restricted keys, keys that sign webhooks
  { begins: ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_'], of: 'A-Za-z0-9', least: 10 },
  // OpenAI, Anthropic and those who do alike: sk-…, sk-proj-…, sk-ant-api03-…, sk-or-v1-…
  { begins: ['sk-'], of: '\\w-', least: 20, hasDigit: true },
  // Google: API keys, access tokens of OAuth, secrets of its clients
  { begins: ['AIza'], of: '\\w-', least: 35, most: 35 },
  { begins: ['ya29.'], of: '\\w.-', least: 20 },
  { begins: ['GOCSPX-'], of: '\\w-', least: 24 },
  // npm, PyPI, Hugging Face, Vault, Grafana, SendGrid, Shopify
  { begins: ['npm_'], of: 'A-Za-z0-9', least: 36 },
  { begins: ['pypi-'], of: '\\w-', least: 50 },
  { begins: ['hf_'], of: 'A-Za-z0-9', least: 30 },
  { begins: ['hvs.', 'hvb.'], of: '\\w-', least: 24 },
  { begins: ['glsa_'], of: '\\w', least: 32 },
  { begins: ['SG.'], of: '\\w.-', least: 60 },
  { begins: ['shpat_', 'shpss_', 'shppa_', 'shpca_'], of: '0-9a-fA-F', least: 32 }
]

/** How keys begin. */
export const beginnings: readonly string[] = tokens.flatMap(({ begins }) => begins)

interface Begun {
  readonly text: Buffer
  readonly token: Token
  readonly run: Run
}

/** Keys by how they begin. */
export class Tokens implements Finder {
  readonly at = [...new Set(beginnings.map(text => text[0]!))].join('')
  readonly atStart = true
  readonly #byFirst: readonly (readonly Begun[] | undefined)[]
  readonly #runs = new Map<string, Run>()

  constructor() {
    const all = tokens.flatMap(token =>
      token.begins.map(text => ({ text: Buffer.from(text), token, run: this.#runOf(token.of) }))
    )
    const byFirst = Map.groupBy(all, ({ text }) => text[0]!)
    this.#byFirst = Array.from({ length: 256 }, (_, byte) => byFirst.get(byte))
  }

  open(): void {
    for (const run of this.#runs.values()) run.open()
  }

  find(passage: Passage, at: number, hide: Hide): void {
    for (const { text, token, run } of this.#byFirst[passage.bytes[at]!]!) {
      if (!standsAt(passage, at, text)) continue
      const from = at + text.length
      const to = run.end(passage, from)
      const length = to - from
      if (length < token.least || length > (token.most ?? length)) continue
      if (token.hasDigit && run.lastDigit < from) continue
      hide(at, to)
    }
  }

  #runOf(of: string): Run {
    const known = this.#runs.get(of)
    if (known !== undefined) return known
    const run = new Run(of)
    this.#runs.set(of, run)
    return run
  }
}

/** Where bytes of a class end. What was run through is remembered: a text of many beginnings is not run through for each. */
export class Run {
  readonly #set: Uint8Array
  #from = 0
  #to = -1
  /** Where the last digit before the end stands; -1 where there is none. */
  lastDigit = -1

  constructor(of: string) {
    this.#set = setOf(of)
  }

  open(): void {
    this.#to = -1
  }

  end({ bytes, end }: Passage, at: number): number {
    if (at >= this.#from && at <= this.#to) return this.#to
    const set = this.#set
    this.#from = at
    this.lastDigit = -1
    for (; at < end && set[bytes[at]!] === 1; at++) if ((bytes[at]! - 0x30) >>> 0 < 10) this.lastDigit = at
    this.#to = at
    return at
  }
}
