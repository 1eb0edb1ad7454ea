import { styleText } from 'node:util'
import { ExitError, exitCodes } from '../core/errors.ts'

/** What a verb may use of the process: tests bring their own. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: Stream
  readonly err: Stream
  /** Asks whoever sits there, and resolves with the answer; absent where nobody does. */
  readonly ask?: ((question: string) => Promise<string>) | undefined
  /** Takes the whole terminal; absent where there is none. */
  readonly openScreen?: (() => Promise<Screen>) | undefined
}

/** A terminal that shows one thing, again and again. */
export interface Screen {
  /** Resolves when somebody wants it to end. */
  readonly left: Promise<void>
  show(lines: readonly string[]): void
  /** Leaves the terminal as it was. */
  close(): void
}

export interface Stream {
  readonly isTerminal: boolean
  /** How wide it is; Infinity where lines are for programs. */
  readonly columns: number
  /** Writes a line. */
  line(text: string): void
  /** Shows how far something is, in the place of what was shown before; nothing where no terminal is. */
  progress(text: string): void
  /** Colours a text where the stream shows colours: a terminal, and no NO_COLOR. */
  style(style: Style, text: string): string
}
export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan'

export function processTerminal(): Terminal {
  const { env, stdin, stdout, stderr } = process
  return {
    env,
    out: streamOf(stdout),
    err: streamOf(stderr),
    ask: stdin.isTTY && stderr.isTTY ? ask : undefined,
    openScreen: stdin.isTTY && stdout.isTTY ? openScreen : undefined
  }
}

async function openScreen(): Promise<Screen> {
  const { TerminalScreen } = await import('./screen.ts')
  return new TerminalScreen(process.stdin, process.stdout)
}

async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await lines.question(question)
  } finally {
    lines.close()
  }
}

/** Whether the person at the terminal says yes. Where there is none, that has to be said beforehand. */
export async function isConfirmed({ ask }: Terminal, question: string): Promise<boolean> {
  if (ask === undefined) throw new ExitError('Say --yes, as nobody is here to be asked', exitCodes.badConfiguration)
  return /^y(es)?$/i.test((await ask(`${question} [y/N] `)).trim())
}

function streamOf(stream: NodeJS.WriteStream): Stream {
  return {
    isTerminal: stream.isTTY,
    columns: stream.isTTY ? stream.columns || 80 : Infinity,
    line: text => void stream.write(`${text}\n`),
    progress: text => void (stream.isTTY && stream.write(`\r\u001b[K${text}`)),
    style: (style, text) => styleText(style, text, { stream })
  }
}

// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** Text from outside (paths, replies, log lines) as it may go to a terminal: control characters become `\x1b`. */
export function printable(text: string): string {
  return text.replace(controls, char => {
    const code = char.charCodeAt(0)
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
}
