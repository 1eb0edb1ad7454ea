#!/usr/bin/env node
// Finds a Node.js that is new enough and starts the program with it. Written for any Node.js that knows ES modules, so that an
// old one can say what is missing instead of failing with a syntax error.
import { existsSync } from 'fs'
import { dirname, join } from 'path'
import { fileURLToPath, pathToFileURL } from 'url'

const neededMajor = 24
// A small young generation, and an old one that is collected before it has grown by more than a fifth: with ten thousand files that are
// read at once it took 40 MiB more (and a tenth less CPU in those seconds; one file of 2 M lines takes the same). And what runs a few
// times a second is not worth compiling again for speed: at one line a second V8's compilers took a tenth of all CPU.
// A young generation of that size is collected by one thread in 0.2 ms: waking four others for it cost 4 % at rest.
const flags = [
  '--max-semi-space-size=1',
  '--no-parallel-scavenge',
  '--heap-growing-percent=20',
  '--invocation-count-for-maglev=2000'
]
// The first thread was made before, for a young generation of 16 MiB and twice that while it is collected. It came to that in an hour, or with
// ten thousand files at once.
if (isCollector()) flags.push('--semi-space-growth-factor=1')
// glibc takes ever larger blocks from its heap, and what is freed between them stays: files that come and go took 70 MiB an hour at 19 of
// them a second, and none with these. (From 32 KiB on it would also give back what V8's compilers work in: 7 MiB less, and 4 % more CPU.)
const memory = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '65536' }
// What V8's compilers have worked in stays, too: at rest 10 MiB within ten minutes, of which they use 1. It goes back to the system once a
// minute, in a millisecond.
const trimMs = 60_000
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const main = [join(root, 'dist', 'main.js'), join(root, 'src', 'main.ts')].find(file => existsSync(file))

if (main === undefined) fail('its own files are missing: install it again, or build it with "npm run build"')
else if (majorOf(process.version) < neededMajor) handOver(main, findNode(root))
else if (runsForLong() && !tellAllocator() && process.execve) handOver(main, process.execPath)
else start(main)

/** Other verbs end soon. */
function isCollector() {
  return process.argv[2] === 'run' || process.argv[2] === 'demo'
}

/** On Linux, and `memory` is not set yet: neither by us nor by somebody who knows better. */
function runsForLong() {
  const isSet = Object.keys(memory).some(name => process.env[name] !== undefined)
  return isCollector() && process.platform === 'linux' && !isSet
}

/** A C library reads `memory` only when a process starts. From Node.js 26 on it can be called, which saves a second start, 45 ms of CPU.
 * Returns whether it knows. */
function tellAllocator() {
  silence('FFI is an experimental feature')
  try {
    const { dlopen } = process.getBuiltinModule('node:ffi')
    const { mallopt, malloc_trim: trim } = dlopen(null, {
      mallopt: { arguments: ['int32', 'int32'], return: 'int32' },
      malloc_trim: { arguments: ['uint64'], return: 'int32' }
    }).functions
    const [mostArenas, mapped] = Object.values(memory).map(Number)
    // M_ARENA_MAX and M_MMAP_THRESHOLD of malloc.h; 1 is yes.
    if (mallopt(-8, mostArenas) !== 1 || mallopt(-3, mapped) !== 1) return false
    setInterval(() => trim(0n), trimMs).unref()
    return true
  } catch {
    return false
  }
}

/** Goes on in this process: the flags hold for threads that begin later and for what is compiled later, which is all that matters. */
function start(file) {
  const v8 = process.getBuiltinModule('v8')
  for (const flag of flags) v8.setFlagsFromString(flag)
  // SQLite was experimental before Node.js 26, and said so at each start.
  if (majorOf(process.version) < 26) silence('SQLite is an experimental feature')
  cacheCompiledCode()
  import(pathToFileURL(file).href).catch(error => fail((error && error.stack) || error))
}

/** Saves 60 ms of CPU at each start, and 300 where sources lie in place of a build. In the user's own home: the default, a folder in /tmp, may be prepared by somebody else. */
function cacheCompiledCode() {
  const { enableCompileCache } = process.getBuiltinModule('module')
  const { userInfo } = process.getBuiltinModule('os')
  try {
    const folder = join(userInfo().homedir, '.cache', 'mcp-collector')
    enableCompileCache(folder)
    // For threads, which do not take it over.
    process.env.NODE_COMPILE_CACHE = folder
  } catch {
    // A user without a name, as in some containers: no cache.
  }
}

function silence(beginning) {
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = (warning, ...rest) => {
    if (!String(warning).startsWith(beginning)) emitWarning(warning, ...rest)
  }
}

/** Replaces this process by that Node.js; where that is impossible, runs it as a child. */
function handOver(file, node) {
  if (node === undefined) {
    fail(
      'it needs Node.js ' +
        neededMajor +
        ' or newer, this is ' +
        process.version +
        ': install a newer one, or "npm ci" where it lies'
    )
    return
  }
  const env = { ...memory, ...process.env }
  // The same Node.js comes back here, to where flags are set and compiled code is found.
  const isSame = node === process.execPath
  const own = isSame
    ? [...process.execArgv, process.argv[1]]
    : [...flags, '--disable-warning=ExperimentalWarning', file]
  const args = [...own, ...process.argv.slice(2)]
  if (process.execve) process.execve(node, [node, ...args], env)
  else runChild(node, args, env).catch(error => fail(error.message))
}

/** The package `node` has the binary, in our own node_modules or in those of whoever depends on us. */
function findNode(folder) {
  for (const path of [
    ['node_modules', 'node', 'bin', 'node'],
    ['node_modules', '.bin', 'node']
  ]) {
    const file = join(folder, ...path)
    if (existsSync(file)) return file
  }
  const parent = dirname(folder)
  return parent === folder ? undefined : findNode(parent)
}

async function runChild(node, args, env) {
  const { spawn } = await import('child_process')
  const child = spawn(node, args, { stdio: 'inherit', env })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.on('error', error => fail('"' + node + '" can not be started: ' + error.message))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    for (const name of signals) process.removeAllListeners(name)
    process.kill(process.pid, signal)
  })
}

function majorOf(version) {
  return Number.parseInt(version.slice(1), 10)
}

function fail(why) {
  console.error('mcp-collector can not start: ' + why)
  process.exitCode = 1
}
