import { randomOf } from '../fakes/random.ts'

/** Records of a log, most of them of one line, with what programs of eight languages print when something fails. */
export class TraceCorpus {
  readonly #random: () => number

  constructor(seed: number) {
    this.#random = randomOf(seed)
  }

  /** Records with `traces` of the language among them; between two of them there are single lines, as there are in every log. */
  records(language: string, count: number): string[] {
    const records: string[] = []
    for (let i = 0; i < count; i++) {
      const singles = this.#between(1, 4)
      for (let n = 0; n < singles; n++) records.push(this.one([...calm, ...loud])(this))
      const trace = this.one(traces[language]!)(this)
      // A line that tells of an error, and the trace of an error behind it: nobody could tell whether they are one.
      if (isHeadless.test(trace)) records.push(this.one(calm)(this))
      records.push(trace)
    }
    return records
  }

  singleLines(count: number): string[] {
    return Array.from({ length: count }, () => this.one([...calm, ...loud])(this))
  }

  one<T>(from: readonly T[]): T {
    return from[this.#between(0, from.length - 1)]!
  }

  n(max: number): number {
    return this.#between(0, max)
  }

  lines(min: number, max: number, line: (index: number) => string): string {
    return Array.from({ length: this.#between(min, max) }, (_, index) => line(index)).join('\n')
  }

  get word(): string {
    return this.one(words)
  }
  get name(): string {
    return this.one(names)
  }
  get file(): string {
    return this.one(['worker', 'orders', 'session', 'cache_pool', 'tool-runner', 'index'])
  }
  get time(): string {
    const two = (max: number): string => String(this.#between(0, max)).padStart(2, '0')
    return `2026-11-${String(this.#between(1, 28)).padStart(2, '0')}T${two(23)}:${two(59)}:${two(59)}.${two(99)}0Z`
  }
  get text(): string {
    return this.one([
      `could not ${this.word} the ${this.word}`,
      `${this.word} of tenant ${this.n(900)} timed out after ${this.n(90)} s`,
      `no ${this.word} for key "${this.name}"`,
      `größe of ${this.word} is ${this.n(99)}, expected ${this.n(99)}`,
      `connect ECONNREFUSED 10.2.0.${this.n(250)}:54${this.n(99)}`
    ])
  }
  /** A line in front of a trace, as a logger writes it. */
  get headline(): string {
    return this.one([
      `${this.time} ERROR [${this.word}-${this.n(20)}] ${this.name} - ${this.text}`,
      `${this.time.replace('T', ' ').slice(0, 23)} [${this.word}] WARN  com.acme.${this.name} - ${this.text}`,
      `[${this.time}] app.CRITICAL: ${this.text}`,
      `ERROR:${this.word}:${this.text}`,
      `level=error msg="${this.text.replaceAll('"', '')}" tenant=${this.n(90)}`,
      `E1122 10:21:33.123456   ${this.n(99)} ${this.file}.go:${this.n(400)}] ${this.text}`,
      `Nov 22 10:21:33 host-${this.n(9)} agent[${this.n(9999)}]: ERROR ${this.text}`
    ])
  }

  #between(min: number, max: number): number {
    return min + Math.floor(this.#random() * (max - min + 1))
  }
}

const words = ['session', 'tool', 'planner', 'vector', 'prompt', 'budget', 'upstream', 'lease', 'batch', 'quota']
const names = ['OrderService', 'ToolRunner', 'SessionStore', 'PlanStep', 'VectorIndex', 'QuotaGuard', 'MemoryPool']

type Make = (c: TraceCorpus) => string

/** How a trace begins that could be that of the line before it. */
const isHeadless = /^(?:Traceback| {2}File | {2}\+ |Error: |java\.|[\w.]+(?:Error|Exception)\b)/

const calm: readonly Make[] = [
  c => `${c.time} INFO  ${c.name} - ${c.text}`,
  c => `${c.time.replace('T', ' ').slice(0, 19)},${c.n(899) + 100} DEBUG ${c.file}:${c.n(90)} ${c.text}`,
  c =>
    JSON.stringify({
      ts: c.time,
      level: c.one(['info', 'error']),
      msg: c.text,
      stack: 'Error: x\n    at y (z.js:1:2)'
    }),
  c => JSON.stringify({ time: c.time, message: c.text }),
  c => `time=${c.time} level=info msg="${c.word} ready" took=${c.n(90)}ms`,
  c =>
    `10.0.${c.n(250)}.${c.n(250)} - - [22/Nov/2026:10:00:0${c.n(9)} +0000] "GET /${c.word} HTTP/1.1" 500 ${c.n(9000)} "-" "curl/8"`,
  c => `[${c.time}] app.INFO: ${c.text} {"user":${c.n(90)}} []`,
  c => `I1122 10:00:00.123456       1 ${c.file}.go:${c.n(400)}] ${c.text}`,
  c => `<30>1 ${c.time} host app - - - INFO ${c.text}`,
  c => `  INFO ${c.word}: ${c.text}`,
  c => ` ${c.time}  INFO ${c.file}::run: ${c.text}`,
  c => `Server is listening on port ${c.n(9999)}`,
  c => `at 10:0${c.n(9)} the ${c.word} job ran for ${c.n(99)} s`,
  c => `    at 10:0${c.n(9)} the ${c.word} job ran`,
  c => `- ${c.word}: ${c.n(99)} %`,
  c => `#${c.n(99)} merged by ${c.word}`,
  c => `    ${c.word} total ${c.n(9999)}`,
  c => `${c.word}.example.com`,
  c => `  ${c.word}: ${c.n(9)}`,
  c => `I, [2026-11-22T10:00:00.123 #${c.n(999)}]  INFO -- : ${c.text}`,
  c => `${c.file}(${c.n(9)})`,
  c => `notify.send(${c.n(99)})`
]

const loud: readonly Make[] = [
  c => `${c.time} ERROR ${c.name} - ${c.text}`,
  c => ` ${c.time}  WARN ${c.file}::run: ${c.text}`,
  c => `ts=${c.time} level=error caller=${c.file}.go:${c.n(90)} msg="${c.word} failed"`,
  c => `Nov 22 10:00:0${c.n(9)} host-1 kernel: [${c.n(9999)}.123456] ${c.word} error, retry ${c.n(9)}`,
  c => `<34>1 ${c.time} host app - - - ${c.text}`,
  c => `Error: ${c.text}`,
  c => `${c.name}Error: ${c.text}`,
  c => `panic: ${c.word} threshold reached, shedding load`,
  c => `retry ${c.n(9)} of 9 failed: ${c.text}`,
  c => `E, [2026-11-22T10:00:00.123 #${c.n(999)}] ERROR -- : ${c.text}`
]

const javaFrame = (c: TraceCorpus): string =>
  c.one([
    `\tat com.acme.${c.word}.${c.name}.run(${c.name}.java:${c.n(900)})`,
    `\tat java.base/java.lang.Thread.run(Thread.java:${c.n(900)})`,
    `\tat com.acme.${c.name}$$Lambda$${c.n(90)}/0x0000000800c4.apply(Unknown Source) ~[?:?]`,
    `    at org.acme.${c.word}.${c.name}.<init>(${c.name}.java:${c.n(90)}) ~[shop-1.${c.n(9)}.jar!/:na]`,
    `\tat jdk.internal.reflect.GeneratedMethodAccessor${c.n(99)}.invoke(Unknown Source)`,
    `\tat com.acme.${c.name}.call(Native Method)`
  ])
const javaError = (c: TraceCorpus): string => `com.acme.${c.word}.${c.name}Exception: ${c.text}`
const javaFrames = (c: TraceCorpus): string => c.lines(2, 30, () => javaFrame(c))
const javaCause = (c: TraceCorpus): string => `Caused by: ${javaError(c)}\n${javaFrames(c)}\n\t... ${c.n(40)} more`

const pythonFrame = (c: TraceCorpus): string =>
  `  File "/srv/${c.word}/${c.file}.py", line ${c.n(900)}, in ${c.word}_step\n    ${c.one([
    `return ${c.word}.run(${c.n(9)})`,
    `raise ${c.name}Error("${c.word}")\n          ^^^^^^^^^^^`,
    `await self.${c.word}()\n    ~~~~~~~~~~^^^^^`
  ])}`
const pythonEnd = (c: TraceCorpus): string =>
  c.one([
    `ValueError: ${c.text}`,
    `KeyError: '${c.word}'`,
    `acme.errors.${c.name}Failed: ${c.text}`,
    'AssertionError',
    'KeyboardInterrupt'
  ])
const pythonTrace = (c: TraceCorpus): string =>
  `Traceback (most recent call last):\n${c.lines(1, 12, () => pythonFrame(c))}\n${pythonEnd(c)}`

const goCalls = (c: TraceCorpus): string =>
  c.lines(
    2,
    14,
    () =>
      `main.(*${c.name}).Run(0xc0000${c.n(9999)}, {0x${c.n(99)}, 0x2})\n\t/src/${c.word}/${c.file}.go:${c.n(900)} +0x${c.n(99)}`
  )
const goroutine = (c: TraceCorpus): string =>
  `goroutine ${c.n(99) + 1} [${c.one(['running', 'chan receive, 3 minutes', 'select'])}]:\n${goCalls(c)}`

const nodePlace = (c: TraceCorpus): string =>
  c.one([
    `/app/${c.word}/${c.file}.js:${c.n(900)}:${c.n(80)}`,
    `file:///app/${c.file}.mjs:${c.n(90)}:7`,
    `node:internal/process/task_queues:${c.n(99)}:5`
  ])
const nodeFrame = (c: TraceCorpus): string =>
  c.one([
    `    at ${c.name}.run (${nodePlace(c)})`,
    `    at async ${c.word} (${nodePlace(c)})`,
    `    at ${nodePlace(c)}`,
    `    at new ${c.name} (${nodePlace(c)})`,
    `    at Object.<anonymous> (${nodePlace(c)})`,
    '    at async Promise.all (index 0)',
    `    at ${c.name}.${c.word} [as call] (${nodePlace(c)})`
  ])
const nodeError = (c: TraceCorpus): string =>
  `${c.one(['Error', 'TypeError', `${c.name}Error`, 'RangeError'])}: ${c.text}`
const nodeFrames = (c: TraceCorpus): string => c.lines(2, 10, () => nodeFrame(c))

const rubyPlace = (c: TraceCorpus): string => `/srv/app/${c.word}/${c.file}.rb:${c.n(900)}:in`
const rubyFrames = (c: TraceCorpus, quote: string): string =>
  c.lines(2, 12, () => `\tfrom ${rubyPlace(c)} ${quote}block in ${c.word}'`)

const rustFrames = (c: TraceCorpus): string =>
  c.lines(
    3,
    20,
    i =>
      `  ${String(i).padStart(2)}: ${c.word}::${c.file}::run::h${c.n(9999)}\n             at /src/${c.file}.rs:${c.n(90)}:5`
  )
const rustNote = 'note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace'

const dotnetFrames = (c: TraceCorpus): string =>
  c.lines(2, 12, () =>
    c.one([
      `   at Acme.${c.name}.Run(String id, Int32 count) in /src/${c.name}.cs:line ${c.n(900)}`,
      `   at Acme.${c.name}.<RunAsync>d__${c.n(20)}.MoveNext()`,
      `   at System.Runtime.CompilerServices.TaskAwaiter.HandleNonSuccess(Task task)`
    ])
  )
const phpFrames = (c: TraceCorpus): string =>
  `${c.lines(1, 10, i => `#${i} /var/www/${c.word}/${c.name}.php(${c.n(900)}): Acme\\${c.name}->run('${c.word}', Array)`)}\n#${c.n(9) + 10} {main}`

export const traces: Readonly<Record<string, readonly Make[]>> = {
  java: [
    c =>
      `${c.headline}\n\n${javaError(c)}\n${javaFrames(c)}\nWrapped by: ${javaError(c)}\n${javaFrames(c)}\n\t... 3 common frames omitted`,
    c => `${c.headline}\n${javaError(c)}\n${javaFrames(c)}`,
    c => `${c.headline}\njava.lang.NullPointerException\n${javaFrames(c)}\n${javaCause(c)}`,
    c => `Exception in thread "main" ${javaError(c)}\n${javaFrames(c)}\n${javaCause(c)}\n${javaCause(c)}`,
    c =>
      `${javaError(c)}\n${javaFrames(c)}\n\tSuppressed: ${javaError(c)}\n\t${javaFrame(c)}\n\t\t... 2 more\n${javaCause(c)}`,
    c => `${c.headline}\n${javaError(c)}\nsecond line of the message, in words\n${javaFrames(c)}`,
    c =>
      `${c.headline}\n${javaError(c)}; nested exception is: \n\tjava.io.IOException: ${c.word}\n${javaFrames(c)}\n\t... 4 common frames omitted`
  ],
  python: [
    c =>
      `${pythonTrace(c)}\n  During task with name '${c.word}'\n\nDuring handling of the above exception, another exception occurred:\n\n${pythonTrace(c)}`,
    c =>
      `Traceback (most recent call last):\n${pythonFrame(c)}\nsqlalchemy.exc.ProgrammingError: (psycopg2.errors.UndefinedTable) relation "${c.word}" does not exist\nLINE 1: SELECT * FROM ${c.word}\n                      ^\n\n[SQL: SELECT * FROM ${c.word}]\n(Background on this error at: https://sqlalche.me/e/20/f405)`,
    c =>
      `Traceback (most recent call last):\n${pythonFrame(c)}\npydantic_core._pydantic_core.ValidationError: 1 validation error for ${c.name}\n${c.word}\n  Field required [type=missing, input_value={}, input_type=dict]\n    For further information visit https://errors.pydantic.dev/2/v/missing`,
    c =>
      `Task exception was never retrieved\nfuture: <Task finished name='Task-${c.n(9)}' coro=<${c.word}() done>>\n${pythonTrace(c)}`,
    c => `ERROR:    Exception in ASGI application\n${pythonTrace(c)}`,
    c => `${c.headline}\n${pythonTrace(c)}`,
    c => pythonTrace(c),
    c =>
      `${pythonTrace(c)}\n\nDuring handling of the above exception, another exception occurred:\n\n${pythonTrace(c)}`,
    c =>
      `${c.headline}\n${pythonTrace(c)}\n\nThe above exception was the direct cause of the following exception:\n\n${pythonTrace(c)}`,
    c => `  File "/srv/${c.file}.py", line ${c.n(90)}\n    if ${c.word}\n         ^\nSyntaxError: expected ':'`,
    c => `Exception in thread Thread-${c.n(9)} (${c.word}):\n${pythonTrace(c)}`,
    c =>
      `Traceback (most recent call last):\n${pythonFrame(c)}\n  [Previous line repeated 9${c.n(90)} more times]\nRecursionError: maximum recursion depth exceeded`,
    c =>
      `  + Exception Group Traceback (most recent call last):\n  |   File "/srv/${c.file}.py", line 3, in <module>\n  |     raise group\n  | ExceptionGroup: several (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | ValueError: ${c.word}\n    +------------------------------------`
  ],
  go: [
    c =>
      `${c.headline}\n${c.lines(2, 9, () => `${c.one(['main.run', 'net/http.(*conn).serve', 'runtime.main'])}\n\t/src/${c.file}.go:${c.n(900)}`)}`,
    c =>
      `${c.word} ${c.n(9)}: no such lease\n${c.lines(2, 9, () => `github.com/acme/${c.word}.${c.name}\n\t/src/${c.file}.go:${c.n(900)}`)}`,
    c => `panic: ${c.text}\n\n${goroutine(c)}\nexit status 2`,
    c =>
      `panic: runtime error: index out of range [${c.n(9)}] with length 3\n\n${goroutine(c)}\ncreated by main.start in goroutine 1\n\t/src/main.go:${c.n(99)} +0x1d`,
    c =>
      `panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x48${c.n(9)}]\n\n${goroutine(c)}`,
    c => `fatal error: all goroutines are asleep - deadlock!\n\n${goroutine(c)}\n\n${goroutine(c)}`,
    c =>
      `2026/11/22 10:00:00 http: panic serving 127.0.0.1:${c.n(9999)}: ${c.text}\n${goroutine(c)}\npanic({0x63f, 0x6})\n\t/usr/local/go/src/runtime/panic.go:884 +0x213`,
    c => `panic: ${c.text} [recovered]\n\tpanic: ${c.word}\n\n${goroutine(c)}`,
    c => `${c.headline}\n${goroutine(c)}`
  ],
  node: [
    c =>
      `node:internal/modules/cjs/loader:1${c.n(99)}\n  throw err;\n  ^\n\nError: Cannot find module '/app/${c.word}'\nRequire stack:\n- /app/${c.file}.js\n${nodeFrames(c)} {\n  code: 'MODULE_NOT_FOUND',\n  requireStack: [ '/app/${c.file}.js' ]\n}\n\nNode.js v26.1.0`,
    c =>
      `TypeError: fetch failed\n${nodeFrames(c)} {\n  [cause]: Error: connect ECONNREFUSED 127.0.0.1:${c.n(99)}\n      at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1595:16) {\n    errno: -111,\n    code: 'ECONNREFUSED'\n  }\n}`,
    c => `${nodeError(c)}\n${nodeFrames(c)}`,
    c => `${c.headline} ${nodeError(c)}\n${nodeFrames(c)}`,
    c =>
      `/app/${c.file}.js:${c.n(90)}\n    throw new Error('${c.word}')\n    ^\n\n${nodeError(c)}\n${nodeFrames(c)}\n\nNode.js v26.${c.n(9)}.0`,
    c => `${nodeError(c)}\n${nodeFrames(c)} {\n  code: 'E${c.word.toUpperCase()}',\n  errno: -${c.n(90)}\n}`,
    c =>
      `${nodeError(c)}\n${nodeFrames(c)} {\n  [cause]: ${nodeError(c)}\n      at ${c.name}.run (/app/${c.file}.js:1:2)\n}`,
    c => `(node:${c.n(9999)}) UnhandledPromiseRejectionWarning: ${nodeError(c)}\n${nodeFrames(c)}`,
    c =>
      `Unhandled rejection: ${nodeError(c)}\n${nodeFrames(c)}\n    ... 2 lines matching cause stack trace ...\n${nodeFrame(c)}`,
    c =>
      `file:///app/${c.file}.mjs:${c.n(90)}\nimport ${c.word} from './${c.word}.mjs'\n       ^^^^\nSyntaxError: The requested module does not provide an export\n${nodeFrames(c)}`
  ],
  ruby: [
    c =>
      `${c.time.replace('T', ' ')} - RuntimeError - ${c.text}:\n${c.lines(2, 9, () => `\t${rubyPlace(c)} 'block in ${c.name}'`)}`,
    c =>
      `Traceback (most recent call last):\n\t1: from ${rubyPlace(c)} \`<main>'\n${rubyPlace(c)} \`${c.word}': ${c.text} (RuntimeError)`,
    c => `${rubyPlace(c)} \`${c.word}': ${c.text} (RuntimeError)\n${rubyFrames(c, '`')}`,
    c =>
      `${rubyPlace(c)} '${c.name}#${c.word}': undefined method '${c.word}' for nil (NoMethodError)\n${rubyFrames(c, "'")}`,
    c => `${c.headline}\n${c.lines(2, 12, () => `${rubyPlace(c)} \`${c.word}'`)}`,
    c =>
      `E, [2026-11-22T10:00:00.123 #${c.n(999)}] ERROR -- : ${c.text} (ArgumentError)\n${c.lines(2, 12, () => `${rubyPlace(c)} '${c.name}.${c.word}'`)}`,
    c =>
      `F, [2026-11-22T10:00:00.1 #${c.n(999)}] FATAL -- : \n  \n${c.name}Error (${c.text}):\n  \n${c.lines(2, 8, () => `app/${c.word}/${c.file}.rb:${c.n(90)}:in \`${c.word}'`)}`
  ],
  rust: [
    c => `thread '${c.word}' panicked at src/${c.file}.rs:${c.n(90)}:5:\n${c.text}\n${rustNote}`,
    c => `thread 'main' panicked at '${c.text}', src/${c.file}.rs:${c.n(90)}:5\n${rustNote}`,
    c =>
      `thread 'tokio-runtime-worker' panicked at src/${c.file}.rs:4:9:\ncalled \`Result::unwrap()\` on an \`Err\` value: ${c.name}\nstack backtrace:\n${rustFrames(c)}\nnote: Some details are omitted, run with \`RUST_BACKTRACE=full\` for a verbose backtrace.`,
    c =>
      `thread 'main' (${c.n(9999)}) panicked at src/main.rs:4:9:\nassertion \`left == right\` failed: ${c.word}\n  left: ${c.n(9)}\n right: ${c.n(9)}\n${rustNote}`,
    c => `Error: ${c.text}\n\nCaused by:\n    0: ${c.text}\n    1: No such file or directory (os error 2)`,
    c => `${c.headline}\nstack backtrace:\n${rustFrames(c)}`
  ],
  dotnet: [
    c =>
      `[10:00:0${c.n(9)} ERR] ${c.text}\nSystem.ArgumentException: ${c.text} (Parameter 'id')\n${dotnetFrames(c)}\n   at lambda_method(Closure , Object , Object[] )`,
    c => `info: Microsoft.Hosting.Lifetime[14]\n      Now listening on: http://[::]:${c.n(9999)}`,
    c => `Unhandled exception. System.InvalidOperationException: ${c.text}\n${dotnetFrames(c)}`,
    c =>
      `${c.headline}\nSystem.AggregateException: One or more errors occurred. (${c.text})\n ---> Acme.${c.name}Exception: ${c.text}\n${dotnetFrames(c)}\n   --- End of inner exception stack trace ---\n${dotnetFrames(c)}`,
    c =>
      `Acme.${c.name}Exception: ${c.text}\n${dotnetFrames(c)}\n--- End of stack trace from previous location ---\n${dotnetFrames(c)}`,
    c =>
      `fail: Acme.${c.name}[${c.n(99)}]\n      ${c.text}\n      System.Exception: ${c.word}\n         at Acme.${c.name}.Run() in /src/a.cs:line 3`,
    c => `${c.headline} System.TimeoutException: ${c.text}\n${dotnetFrames(c)}`
  ],
  php: [
    c =>
      `[22-Nov-2026 10:00:00] NOTICE: PHP message: PHP Fatal error:  Uncaught Error: ${c.text} in /var/www/a.php:3\nStack trace:\n${phpFrames(c)}\n  thrown in /var/www/a.php on line 3`,
    c =>
      `PHP Fatal error:  Uncaught Acme\\${c.name}Exception: ${c.text} in /var/www/${c.file}.php:${c.n(90)}\nStack trace:\n${phpFrames(c)}\n  thrown in /var/www/${c.file}.php on line ${c.n(90)}`,
    c =>
      `[22-Nov-2026 10:00:00 UTC] PHP Fatal error:  Uncaught Error: ${c.text} in /var/www/a.php:3\nStack trace:\n${phpFrames(c)}\n\nNext RuntimeException: ${c.text} in /var/www/b.php:9\nStack trace:\n${phpFrames(c)}\n  thrown in /var/www/b.php on line 9`,
    c =>
      `[2026-11-22 10:00:00] production.ERROR: ${c.text} {"exception":"[object] (${c.name}Exception(code: 0): ${c.word} at /var/www/a.php:12)\n[stacktrace]\n${phpFrames(c)}\n"} `,
    c => `${c.headline}\n${phpFrames(c)}`,
    c =>
      `Fatal error: Uncaught ${c.name}Exception: ${c.text} in /var/www/c.php:3\nStack trace:\n${phpFrames(c)}\n  thrown in /var/www/c.php on line 3`
  ]
}
