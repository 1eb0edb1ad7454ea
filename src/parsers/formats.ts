import type { ParserDefinition } from '../config/define.ts'
import type { Keys } from '../core/keys.ts'
import type { Parser } from '../core/steps.ts'

const stamp = String.raw`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+\-]\d\d:?\d\d)?`
const javaLevel = '(?:TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|SEVERE|CONFIG|F(?:ATAL|INE(?:R|ST)?))'
const pythonLevel = '(?:DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL|FATAL|NOTSET)'
const postgresLevel =
  '(?:DE(?:BUG[1-5]?|TAIL)|LO(?:G|CATION)|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|HINT|QUERY|CONTEXT|STATEMENT)'

interface Format {
  readonly load: () => Promise<ParserDefinition>
  /** How rows begin that can hardly be of anything else. Its parser understands more: once it is known what a source is, less will do. */
  readonly signs: readonly string[]
}

/** Formats that are known by the rows themselves, and are neither JSON nor logfmt. Where rows look like several, those that come first are
 * the likelier ones. */
const formats = {
  access: {
    load: () => import('./access.ts').then(it => it.access),
    signs: [
      String.raw`(?:[^ ]+ )?[^ ]+ [^ ]+ [^ ]+ \[\d\d/[A-Z][a-z]{2}/\d{4}:[^\]]+\] \\?"`,
      String.raw`\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[[a-z]+\] \d+#\d+: `,
      String.raw`\[[A-Z][^\]]+\] \[[^:\]]*:[a-z0-9]+\] \[pid \d+`
    ]
  },
  syslog: {
    load: () => import('./syslog.ts').then(it => it.syslog),
    signs: [
      String.raw`(?:<|\\u003c)\d{1,3}(?:>|\\u003e)(?:1 \d|[A-Z][a-z]{2} [ \d]\d \d\d:|\d{4}-)`,
      String.raw`[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [^ :\[]+ [^ :\[]+(?:\[\d*\])?: `,
      // many write a level, and who says it, behind such a time
      String.raw`\d{4}-\d\d-\d\dT[^ ]+ (?![A-Z]+ )[^ :\[]+ [^ :\[]+\[\d+\]: `
    ]
  },
  klog: {
    load: () => import('./klog.ts').then(it => it.klog),
    signs: [String.raw`[IWEFD]\d{4}(?:\d{4})? \d\d:\d\d:\d\d\.\d+ +\d+ [^ :\]]+:\d+\] `]
  },
  postgres: {
    load: () => import('./postgres.ts').then(it => it.postgres),
    signs: [
      String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Z+\-\d:]{3,6})? \[\d+\][ :].*\b${postgresLevel}: `
    ]
  },
  redis: {
    load: () => import('./redis.ts').then(it => it.redis),
    signs: [String.raw`\d+:[XCSM] \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d+ [.\-*#] `]
  },
  java: {
    load: () => import('./java.ts').then(it => it.java),
    signs: [
      String.raw`${stamp} +${javaLevel} \d+ --- \[`,
      String.raw`${stamp} \[[^\]]*\] ${javaLevel} +[^ :\-[][^ :]*(?: +-|:) `,
      String.raw`${stamp} +${javaLevel} +\[[^\]]*\] +[^ :\-[][^ :]*(?: +-|:) `,
      // a word and a colon may begin a message: "failed: no such file"
      String.raw`${stamp} +${javaLevel} +[^ :\-[](?:[^ :]* +-|[^ :]*[._$][^ :]*:) `,
      String.raw`\[${stamp}\] ${javaLevel} .*\(`,
      String.raw`${stamp} \[myid:`,
      String.raw`[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d [AP]M [^ ]+`
    ]
  },
  python: {
    load: () => import('./python.ts').then(it => it.python),
    signs: [
      String.raw`${pythonLevel}:[A-Za-z_][^: ]*:`,
      String.raw`${stamp} - (?:[A-Za-z_][\w.\-]* - )?${pythonLevel} - `,
      String.raw`${stamp} +[A-Za-z_][\w.\-]* +${pythonLevel} `,
      String.raw`${stamp} ${pythonLevel} +[A-Za-z_](?:[\w.\-]* -|[\w\-]*[._][\w.\-]*:) `,
      String.raw`${stamp} \[${pythonLevel}\] `,
      String.raw`\[${stamp} [+\-]\d{4}\] \[\d+\] \[${pythonLevel}\] `,
      String.raw`\[${stamp}: ${pythonLevel}/`,
      // a word and a colon alone may be anybody's: Uvicorn's are padded
      `${pythonLevel}: {2,}[^ ]`
    ]
  }
} as const satisfies Readonly<Record<string, Format>>

export type FormatName = keyof typeof formats
export const formatNames = Object.keys(formats) as readonly FormatName[]

const signsOf = new Map(formatNames.map(name => [name, new RegExp(`^(?:${formats[name].signs.join('|')})`, 's')]))

/** The formats whose signs a row has; of a long one its beginning is enough. */
export function signedBy(row: string): readonly FormatName[] {
  return formatNames.filter(name => signsOf.get(name)!.test(row))
}

const shared = new WeakMap<Keys, FormatParsers>()

/** Parsers of these formats, each made when it is first needed: their tables take 10 ms and half a megabyte. */
export class FormatParsers {
  readonly #keys: Keys
  readonly #made = new Map<FormatName, Parser>()
  readonly #loading = new Map<FormatName, Promise<void>>()

  private constructor(keys: Keys) {
    this.#keys = keys
  }

  /** All parsers of a shard share them. */
  static of(keys: Keys): FormatParsers {
    let parsers = shared.get(keys)
    if (parsers === undefined) shared.set(keys, (parsers = new FormatParsers(keys)))
    return parsers
  }

  /** Undefined: it is not loaded. */
  get(name: FormatName): Parser | undefined {
    return this.#made.get(name)
  }

  /** Resolves once all of them are loaded; undefined: they are. */
  load(names: readonly FormatName[]): Promise<unknown> | undefined {
    const missing = names.filter(name => !this.#made.has(name))
    return missing.length === 0 ? undefined : Promise.all(missing.map(name => this.#load(name)))
  }

  #load(name: FormatName): Promise<void> {
    const known = this.#loading.get(name)
    if (known !== undefined) return known
    const loading = this.#make(name)
    this.#loading.set(name, loading)
    return loading
  }

  async #make(name: FormatName): Promise<void> {
    const definition = await formats[name].load()
    this.#made.set(name, definition.create({}, { keys: this.#keys, now: Date.now }))
  }
}
