import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { main } from '../../src/cli/main.ts'
import type { Stream } from '../../src/cli/terminal.ts'

export const root = join(import.meta.dirname, '..', '..')

export interface Finished {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the program in this process. */
export async function command(args: readonly string[], env: Record<string, string> = {}): Promise<Finished> {
  const out = recorder()
  const err = recorder()
  const code = await main(args, { env: { HOME: '/nonexistent', ...env }, out, err })
  return { code, out: out.text(), err: err.text() }
}

/** Runs a program as a process. Colours and the user's own settings stay outside. */
export function execute(file: string, args: readonly string[], env: Record<string, string> = {}): Promise<Finished> {
  const clean = { PATH: process.env.PATH, HOME: '/nonexistent', ...env }
  return new Promise(resolve => {
    execFile(file, args, { env: clean }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err })
    })
  })
}

/** A stream that keeps its lines; as a terminal, it shows styles as `<bold>…`. */
export function recorder(isTerminal = false): Stream & { text(): string } {
  let written = ''
  return {
    isTerminal,
    columns: isTerminal ? 80 : Infinity,
    line: text => void (written += `${text}\n`),
    progress() {},
    style: (style, text) => (isTerminal ? `<${style}>${text}</>` : text),
    text: () => written
  }
}
