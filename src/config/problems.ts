import type { Place } from './tree.ts'

/** A mistake in a configuration file, at the place to mend. Its message never holds a secret. */
export interface Problem extends Place {
  readonly message: string
}

/** Gathers all mistakes of one loading, so that they can be mended in one go. */
export class Problems {
  readonly #all = new Map<string, Problem>()
  readonly #files: string[]

  /** The files in the order in which they were named. */
  constructor(files: readonly string[]) {
    this.#files = [...files]
  }

  /** One of the files names this one. */
  alsoOf(file: string): void {
    this.#files.push(file)
  }

  get any(): boolean {
    return this.#all.size > 0
  }

  /** The same message at the same place counts once: an alias may bring a mistake in twice. */
  add({ file, line, column }: Place, message: string): void {
    const problem = { file, line, column, message }
    this.#all.set(formatProblem(problem), problem)
  }

  sorted(): Problem[] {
    const order = (file: string) => this.#files.indexOf(file)
    return [...this.#all.values()].sort(
      (a, b) => order(a.file) - order(b.file) || a.line - b.line || a.column - b.column
    )
  }
}

export function formatProblem({ file, line, column, message }: Problem): string {
  return `${file}:${line}:${column}: ${message}`
}

const secretName = /key$|passw|token|secret|credential|authorization|cookie|headers/i

/** Whether a value under this path of keys must not be shown. */
export function isSecret(path: readonly PropertyKey[]): boolean {
  const isWebhook = path.includes('webhooks') && path.at(-1) === 'url'
  return isWebhook || path.some(key => typeof key === 'string' && secretName.test(key))
}

/** A value as a message may show it: short, on one line, without a password in a URL. */
export function quoted(written: string): string {
  const bare = written.replaceAll(/:\/\/[^/@\s]*@/g, '://…@').replaceAll(/\s+/g, ' ')
  return JSON.stringify(bare.length > 60 ? `${bare.slice(0, 59)}…` : bare)
}
