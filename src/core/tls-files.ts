import { readFileSync, statSync } from 'node:fs'
import type { SecureContextOptions } from 'node:tls'
import { messageOf } from './errors.ts'

const checkMs = 5000

/** Paths of PEM files; empty: none. */
export interface TlsConfig {
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
  readonly skipVerify: boolean
}
type TlsOptions = SecureContextOptions & { readonly ca?: Buffer; readonly rejectUnauthorized: boolean }

/** What TLS connections are opened with. Files that change, as those of short-lived certificates do, are read again. Where they can not
 * be read then, or hold nothing that TLS takes, those from before are kept without a word, and the files are tried at each next look. */
export class TlsFiles {
  readonly #config: TlsConfig
  readonly #now: () => number
  #options: TlsOptions
  #seen: string
  #checkedAt: number

  /** Throws where a file can not be read. */
  constructor(config: TlsConfig, now: () => number = () => performance.now()) {
    this.#config = config
    this.#now = now
    this.#seen = stampsOf(config)
    this.#options = optionsOf(config)
    this.#checkedAt = now()
  }

  /** Looks at the files once in five seconds. */
  get options(): TlsOptions {
    if (this.#now() - this.#checkedAt >= checkMs) this.#check()
    return this.#options
  }

  /** What is half written yet is left for the next time. */
  #check(): void {
    this.#checkedAt = this.#now()
    try {
      const stamps = stampsOf(this.#config)
      if (stamps === this.#seen) return
      const options = optionsOf(this.#config)
      throwIfBroken(options)
      this.#options = options
      this.#seen = stamps
    } catch {
      // those from before may do for a while
    }
  }
}

function optionsOf({ caFile, certFile, keyFile, skipVerify }: TlsConfig): TlsOptions {
  return {
    ...(caFile === '' ? {} : { ca: readPem(caFile, 'ca_file') }),
    ...(certFile === '' ? {} : { cert: readPem(certFile, 'cert_file') }),
    ...(keyFile === '' ? {} : { key: readPem(keyFile, 'key_file') }),
    rejectUnauthorized: !skipVerify
  }
}

/** A context takes any bytes for certificates to trust. */
function throwIfBroken(options: TlsOptions): void {
  const { X509Certificate } = process.getBuiltinModule('node:crypto')
  if (options.ca !== undefined) void new X509Certificate(options.ca)
  process.getBuiltinModule('node:tls').createSecureContext(options)
}

function readPem(path: string, option: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Error(`Cannot read "${path}", the "${option}" in "tls": ${messageOf(error)}`, { cause: error })
  }
}

function stampsOf({ caFile, certFile, keyFile }: TlsConfig): string {
  const stamps = [caFile, certFile, keyFile].map(path => {
    const stat = path === '' ? undefined : statSync(path, { throwIfNoEntry: false })
    return stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`
  })
  return stamps.join(',')
}
