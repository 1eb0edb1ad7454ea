import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { messageOf } from '../core/errors.ts'

export type PemContent = 'certificates' | 'key'

const mostBytes = 4 << 20
const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

/** Why a readable file does not hold what it should; nothing where it does. What it holds is not told: it may be a key. */
export function pemFault(path: string, wanted: PemContent): string | undefined {
  const stat = statSync(path)
  // A pipe would be read once, and then be empty for the run.
  if (!stat.isFile() || stat.size > mostBytes) return undefined
  const text = readFileSync(path, 'utf8')
  return wanted === 'key' ? keyFault(text) : certificateFault(text)
}

function certificateFault(text: string): string | undefined {
  const blocks = text.match(block) ?? []
  if (blocks.length === 0) return 'it holds no certificate: expected "-----BEGIN CERTIFICATE-----"'
  const broken = blocks.findIndex(one => !isCertificate(one))
  return broken < 0 ? undefined : `its certificate ${broken + 1} of ${blocks.length} can not be read`
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).subject !== undefined
  } catch {
    return false
  }
}

function keyFault(text: string): string | undefined {
  try {
    createPrivateKey(text)
    return undefined
  } catch (error) {
    const isLocked = /passphrase|bad decrypt|interrupted or cancelled/i.test(messageOf(error))
    return isLocked ? 'its key has a passphrase: store it without one' : 'it holds no private key in PEM form'
  }
}
