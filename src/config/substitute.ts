import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

const maxFileBytes = 64 * 1024
const maxDepth = 8

export interface Variables {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The configuration file, which `${file:…}` is relative to. */
  readonly file: string
  /** Told of each file that `${file:…}` names. */
  readonly onFile?: ((path: string) => void) | undefined
}

export type Substitution = { readonly text: string } | { readonly refused: string }

/**
 * Replaces `${VAR}`, `${VAR:-default}` and `${file:path}`; `$$` is a dollar sign. What comes in is not looked at again, only
 * a default may hold further `${…}`.
 */
export function substitute(text: string, variables: Variables, depth = 0): Substitution {
  let result = ''
  let at = 0
  for (;;) {
    const dollar = text.indexOf('$', at)
    if (dollar < 0) return { text: result + text.slice(at) }
    result += text.slice(at, dollar)
    if (text[dollar + 1] !== '{') {
      result += '$'
      at = dollar + (text[dollar + 1] === '$' ? 2 : 1)
      continue
    }
    const end = closing(text, dollar + 2)
    if (end < 0) return { refused: 'Cannot replace "${": its "}" is missing ("$$" stands for a dollar sign)' }
    const replaced = replace(text.slice(dollar + 2, end), variables, depth)
    if ('refused' in replaced) return replaced
    result += replaced.text
    at = end + 1
  }
}

function closing(text: string, from: number): number {
  let open = 1
  for (let i = from; i < text.length; i++) {
    if (text[i] === '$' && text[i + 1] === '{') open++
    else if (text[i] === '}' && --open === 0) return i
  }
  return -1
}

function replace(inside: string, variables: Variables, depth: number): Substitution {
  if (inside.startsWith('file:')) return contentOf(inside.slice(5), variables)
  const [, name, fallback] = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([^]*))?$/.exec(inside) ?? []
  if (name === undefined) {
    const shown = inside.split(':', 1)[0]! // The default may be a secret.
    return { refused: `Cannot replace "\${${shown}": write \${VAR}, \${VAR:-default} or \${file:path}` }
  }
  const value = variables.env[name]
  if (value !== undefined && (value !== '' || fallback === undefined)) return { text: value }
  if (fallback === undefined) {
    return { refused: `Environment variable "${name}" is not set: set it, or write \${${name}:-default}` }
  }
  if (depth === maxDepth) return { refused: `Cannot replace "${name}": defaults are nested more than ${maxDepth} deep` }
  return substitute(fallback, variables, depth + 1)
}

/** The text of a file without the line end behind it, as secrets are mounted. */
function contentOf(path: string, { file, onFile }: Variables): Substitution {
  const from = resolve(dirname(file), path.trim())
  onFile?.(from)
  try {
    const about = statSync(from)
    if (!about.isFile()) return { refused: `Cannot read "${path}": not a file` }
    if (about.size > maxFileBytes) return { refused: `Cannot read "${path}": larger than 64KiB` }
    return { text: readFileSync(from, 'utf8').replace(/\r?\n$/, '') }
  } catch (error) {
    return { refused: `Cannot read "${path}": ${reasonOf(error)}` }
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'no permission',
  EISDIR: 'it is a folder',
  ENOTDIR: 'no such folder',
  ESPIPE: 'it is a pipe'
}

/** Why a file can not be read, in words. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  return reasons[code] ?? code
}

const numbers = /^[-+]?(?:0|[1-9][0-9]*|[0-9]+|\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?$/

/** The type that YAML's core schema gives to an unquoted scalar. */
export function typed(text: string): string | number | boolean | null {
  if (/^(?:~|null|Null|NULL|)$/.test(text)) return null
  if (/^(?:true|True|TRUE)$/.test(text)) return true
  if (/^(?:false|False|FALSE)$/.test(text)) return false
  if (/^0o[0-7]+$/.test(text) || /^0x[0-9a-fA-F]+$/.test(text) || numbers.test(text)) return Number(text)
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  return /^\.(?:nan|NaN|NAN)$/.test(text) ? Number.NaN : text
}
