import type { ReadStream, WriteStream } from 'node:tty'
import type { Screen } from './terminal.ts'

const ctrlC = '\u0003'
/** A screen of its own, without cursor, where long lines are cut; and back to what was there before. */
const open = '\u001b[?1049h\u001b[?25l\u001b[?7l'
const shut = '\u001b[?7h\u001b[?25h\u001b[?1049l'

/** A terminal that shows one thing, again and again, until somebody presses `q` or Ctrl-C. */
export class TerminalScreen implements Screen {
  readonly left: Promise<void>
  readonly #keys: ReadStream
  readonly #stream: WriteStream
  readonly #leave: () => void
  readonly #close = (): void => void this.#stream.write(shut)
  #lines: readonly string[] = []
  readonly #draw = (): void => {
    const { rows } = this.#stream
    const hidden = this.#lines.length - rows
    const shown = hidden > 0 ? [...this.#lines.slice(0, rows - 1), `… ${hidden + 1} more lines`] : this.#lines
    this.#stream.write(`\u001b[H${shown.map(line => `${line}\u001b[K`).join('\n')}\u001b[J`)
  }

  constructor(keys: ReadStream, stream: WriteStream) {
    this.#keys = keys
    this.#stream = stream
    const { promise, resolve } = Promise.withResolvers<void>()
    this.left = promise
    this.#leave = resolve
    stream.write(open)
    stream.on('resize', this.#draw)
    keys.setRawMode(true)
    keys.on('data', this.#onKeys).resume()
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, resolve)
    process.on('exit', this.#close)
  }

  show(lines: readonly string[]): void {
    this.#lines = lines
    this.#draw()
  }

  close(): void {
    this.#stream.off('resize', this.#draw)
    this.#keys.off('data', this.#onKeys).setRawMode(false).pause()
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, this.#leave)
    process.off('exit', this.#close)
    this.#close()
  }

  readonly #onKeys = (bytes: Buffer): void => {
    const pressed = bytes.toString()
    if (pressed === ctrlC || pressed.toLowerCase() === 'q') this.#leave()
  }
}
