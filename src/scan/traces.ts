import { type Grouping, other, undecided } from '../core/grouping.ts'
import { Line, lineOf } from './trace-lines.ts'
import { beginnings, behind, blanks, isIndentedText, State } from './trace-states.ts'

export type Language = 'java' | 'python' | 'go' | 'node' | 'ruby' | 'rust' | 'dotnet' | 'php'

/** The lines by which the traces of a language go on; of the others none is known then. */
const linesOf: Readonly<Record<Language, readonly number[]>> = {
  java: [Line.exception, Line.at, Line.more, Line.cause],
  python: [
    Line.exception,
    Line.traceback,
    Line.groupTraceback,
    Line.groupLine,
    Line.pythonNote,
    Line.pythonFuture,
    Line.pythonFile,
    Line.chain,
    Line.carets
  ],
  go: [Line.goName, Line.panic, Line.goroutine, Line.goCall, Line.goFile, Line.goSignal, Line.exit],
  node: [Line.exception, Line.at, Line.atOpen, Line.more, Line.brace, Line.source, Line.carets, Line.nodeVersion],
  ruby: [Line.exception, Line.ruby],
  rust: [
    Line.exception,
    Line.numbered,
    Line.rustPanic,
    Line.rustPanicOpen,
    Line.rustNote,
    Line.backtrace,
    Line.at,
    Line.causes
  ],
  dotnet: [Line.exception, Line.at, Line.more, Line.inner, Line.dotnetLog, Line.deep],
  php: [Line.exception, Line.phpStack, Line.phpFrame, Line.phpThrown, Line.phpNext, Line.exit]
}
const ofNoLanguage = new Set<number>([
  Line.text,
  Line.log,
  Line.quiet,
  Line.json,
  Line.blank,
  Line.indented,
  Line.loud,
  Line.uncaught
])

/**
 * Stack traces of eight languages. With one language, all indented lines go on too, and no line is taken for one that has no trace
 * behind it; without, a line is part of a trace only if it is shaped like one.
 */
export class TraceGrouping implements Grouping {
  readonly #known: ReadonlySet<number> | undefined

  constructor(language?: Language) {
    if (language !== undefined) this.#known = new Set([...ofNoLanguage, ...linesOf[language]])
  }

  begin(bytes: Buffer, start: number, end: number): number {
    const line = this.#lineOf(bytes, start, end)
    if (this.#known !== undefined && (line === Line.quiet || line === Line.text)) return State.log
    return beginnings.get(line) ?? State.text
  }

  next(state: number, bytes: Buffer, start: number, end: number): number {
    const line = this.#lineOf(bytes, start, end)
    if (line === Line.blank) return ifMore(this.blank(state))
    const next = behind(state, line)
    const goesOn = this.#known !== undefined && isIndentedText(line)
    return goesOn && (next === other || next >= undecided) ? state : next
  }

  blank(state: number): number {
    return blanks.get(state) ?? (behindBlanks.has(state) ? state : other)
  }

  #lineOf(bytes: Buffer, start: number, end: number): number {
    const line = lineOf(bytes, start, end)
    if (this.#known === undefined || this.#known.has(line)) return line
    const first = bytes[start]
    return first === 0x20 || first === 0x09 ? Line.indented : Line.text
  }
}

/** More blanks change nothing. */
const behindBlanks = new Set(blanks.values())

/** In the group only if something behind it is. */
function ifMore(state: number): number {
  return state === other ? other : state + undecided
}
