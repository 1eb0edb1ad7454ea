import { closed, other, undecided } from '../core/grouping.ts'
import { Line } from './trace-lines.ts'

/** What was seen of a group so far. */
export const State = {
  /** Text of any kind: frames may follow. */
  text: 0,
  /** A log line, or text that speaks of an error: all that traces begin with may follow. */
  log: 1,
  /** The first line of an exception; more lines of its message may follow, then frames. */
  exception: 2,
  exceptionBlank: 3,
  /** Frames of Java, JavaScript, .NET. */
  frames: 4,
  framesBlank: 5,
  /** In the object that Node prints behind the frames. */
  object: 6,
  causes: 7,
  causesBlank: 8,
  python: 9,
  pythonEnd: 10,
  pythonEndBlank: 11,
  pythonChain: 12,
  goPanic: 13,
  goCall: 14,
  go: 15,
  goBlank: 16,
  ruby: 17,
  rustOpen: 18,
  rust: 19,
  rustTrace: 20,
  php: 21,
  phpBlank: 22,
  source: 23,
  sourceCode: 24,
  carets: 25,
  dotnetLog: 26,
  causesOne: 27,
  logBlank: 28,
  pythonGroup: 29,
  /** Behind further lines of the message. */
  message: 30,
  pythonMessage: 31
} as const

/** The state of a group by its first line; text is what is not here. */
export const beginnings: ReadonlyMap<number, number> = new Map([
  [Line.json, closed],
  [Line.quiet, closed],
  [Line.log, State.log],
  [Line.loud, State.log],
  [Line.exception, State.exception],
  [Line.uncaught, State.exception],
  [Line.phpNext, State.exception],
  [Line.at, State.frames],
  [Line.atOpen, State.object],
  [Line.cause, State.frames],
  [Line.traceback, State.python],
  [Line.groupTraceback, State.pythonGroup],
  [Line.pythonFile, State.python],
  [Line.panic, State.goPanic],
  [Line.goroutine, State.go],
  [Line.goCall, State.goCall],
  [Line.goName, State.goCall],
  [Line.ruby, State.ruby],
  [Line.rustPanic, State.rust],
  [Line.rustPanicOpen, State.rustOpen],
  [Line.phpFrame, State.php],
  [Line.phpStack, State.php],
  [Line.source, State.source],
  [Line.dotnetLog, State.dotnetLog]
])

/** Lines that belong to whatever error stands before them. */
const joiners = new Map<number, number>([
  [Line.at, State.frames],
  [Line.atOpen, State.object],
  [Line.inner, State.frames],
  [Line.ruby, State.ruby],
  [Line.phpThrown, closed]
])
/** Lines that belong to an exception whose message has several lines. */
const ofMessages = new Map<number, number>([
  ...joiners,
  [Line.cause, State.frames],
  [Line.phpStack, State.php],
  [Line.phpFrame, State.php]
])
/** Lines that belong to a log line or an exception before them. */
const starters = new Map<number, number>([
  ...joiners,
  [Line.cause, State.frames],
  [Line.causes, State.causes],
  [Line.pythonFile, State.python],
  [Line.traceback, State.python],
  [Line.groupTraceback, State.pythonGroup],
  [Line.goroutine, State.go],
  [Line.phpStack, State.php],
  [Line.phpFrame, State.php],
  [Line.backtrace, State.rustTrace],
  [Line.pythonFuture, State.log]
])

/** States behind a line without content; it ends all other groups. */
export const blanks: ReadonlyMap<number, number> = new Map([
  [State.log, State.logBlank],
  [State.exception, State.exceptionBlank],
  [State.frames, State.framesBlank],
  [State.causesOne, State.causesBlank],
  [State.pythonEnd, State.pythonEndBlank],
  [State.pythonMessage, State.pythonEndBlank],
  [State.pythonChain, State.pythonChain],
  [State.goPanic, State.goPanic],
  [State.go, State.goBlank],
  [State.php, State.phpBlank],
  [State.carets, State.carets]
])

/** Text that could be the next line of a message. */
function isText(line: number): boolean {
  return line === Line.text || line === Line.loud || isIndentedText(line)
}

/** Indented, and no part of a trace by its form. */
export function isIndentedText(line: number): boolean {
  return line === Line.indented || line === Line.deep || line === Line.numbered
}

function isIndented(line: number): boolean {
  return isIndentedText(line) || line === Line.at || line === Line.atOpen || line === Line.more || line === Line.carets
}

/** What a line is to a group in this state, as `Grouping.next` says it. A table in the form of a switch. */
export function behind(state: number, line: number): number {
  switch (state) {
    case State.text:
      return line === Line.goName ? State.goCall + undecided : (joiners.get(line) ?? other)
    case State.log:
      if (line === Line.exception) return State.exception + undecided
      return line === Line.goName ? State.goCall + undecided : (starters.get(line) ?? other)
    case State.logBlank:
      return line === Line.exception ? State.exception + undecided : other
    case State.exception:
      return starters.get(line) ?? (isText(line) ? State.message + undecided : other)
    case State.message:
      return ofMessages.get(line) ?? (isText(line) ? State.message + undecided : other)
    case State.exceptionBlank:
      return line === Line.causes ? State.causes : line === Line.ruby ? State.ruby : other
    case State.frames:
      return inFrames(line)
    case State.framesBlank:
      return line === Line.nodeVersion ? closed : other
    case State.object:
      return line === Line.brace ? State.frames : isIndented(line) || line === Line.cause ? State.object : other
    case State.causes:
      return isIndentedText(line) ? State.causesOne : other
    case State.causesOne:
      return line === Line.numbered ? State.causesOne : other
    case State.causesBlank:
      return line === Line.backtrace ? State.rustTrace : other
    case State.python:
      return inPython(line)
    case State.pythonEnd:
      if (line === Line.pythonNote || line === Line.carets) return State.pythonEnd
      if (isText(line)) return State.pythonMessage + undecided
      return line === Line.chain ? State.pythonChain : other
    case State.pythonMessage:
      if (line === Line.pythonNote || line === Line.carets) return State.pythonEnd
      return isIndentedText(line) ? State.pythonMessage + undecided : other
    case State.pythonEndBlank:
      return line === Line.chain ? State.pythonChain : line === Line.pythonNote ? State.pythonEnd : other
    case State.pythonChain:
      if (line === Line.groupTraceback) return State.pythonGroup
      return line === Line.traceback ? State.python : other
    default:
      return behindMore(state, line)
  }
}

function behindMore(state: number, line: number): number {
  switch (state) {
    case State.goPanic:
      if (line === Line.goroutine) return State.go
      if (line === Line.goSignal) return State.goPanic
      return isText(line) || line === Line.exception ? State.goPanic + undecided : other
    case State.pythonGroup:
      return line === Line.groupLine ? State.pythonGroup : other
    case State.goCall:
      return line === Line.goFile ? State.go : other
    case State.go:
      if (line === Line.exit) return closed
      if (line === Line.goCall || line === Line.goName) return State.go + undecided
      return line === Line.goFile || line === Line.goroutine ? State.go : other
    case State.goBlank:
      return line === Line.goroutine ? State.go : line === Line.exit ? closed : other
    case State.ruby:
      if (isIndentedText(line)) return State.ruby + undecided
      return line === Line.ruby || line === Line.more ? State.ruby : other
    case State.rustOpen:
      return isText(line) || line === Line.exception ? State.rust : other
    case State.rust:
      if (line === Line.rustNote) return closed
      if (line === Line.backtrace) return State.rustTrace
      return isText(line) || line === Line.exception ? State.rust + undecided : other
    case State.rustTrace:
      if (isIndentedText(line) && line !== Line.numbered) return State.rustTrace + undecided
      return line === Line.rustNote ? closed : isIndented(line) ? State.rustTrace : other
    case State.php:
      if (line === Line.phpFrame || line === Line.phpStack) return State.php
      return line === Line.phpThrown || line === Line.exit
        ? closed
        : line === Line.phpNext
          ? State.exception + undecided
          : other
    case State.phpBlank:
      return line === Line.phpNext ? State.exception + undecided : other
    case State.source:
      return line === Line.log || line === Line.quiet || line === Line.json ? other : State.sourceCode + undecided
    case State.sourceCode:
      return line === Line.carets ? State.carets : other
    case State.carets:
      return isText(line) || line === Line.exception ? State.exception : other
    default:
      return line === Line.deep || line === Line.at || line === Line.inner || line === Line.more
        ? State.dotnetLog
        : other
  }
}

function inFrames(line: number): number {
  if (line === Line.atOpen) return State.object
  if (line === Line.nodeVersion) return closed
  if (isIndentedText(line)) return State.frames + undecided
  const isFrame = line === Line.at || line === Line.more || line === Line.cause || line === Line.inner
  return isFrame ? State.frames : other
}

function inPython(line: number): number {
  if (line === Line.exception || line === Line.text || line === Line.loud || line === Line.uncaught)
    return State.pythonEnd
  if (line === Line.traceback || line === Line.pythonFile || line === Line.cause) return State.python
  return isIndented(line) ? State.python : other
}
