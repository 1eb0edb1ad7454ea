/** Measures the built package against a stand-in for Elasticsearch, or compares it with another revision. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { examples } from '../../src/cli/verb.ts'
import { someOf, whole } from '../options.ts'
import { type Built, builtRevision, builtTree } from './built.ts'
import { compare, median } from './compare.ts'
import { type Result, run, type Workload, workloads } from './workloads.ts'

interface Options {
  readonly only?: readonly string[]
  readonly lines: number
  readonly runs: number
  readonly against?: string
  readonly than?: readonly string[]
  readonly pairs: number
  readonly json?: string
}

const root = resolve(import.meta.dirname, '../..')
const options = new Command('npm run bench --')
  .description('Measures the built package on one core, with a stand-in for Elasticsearch on the other.')
  .option('--only <ids>', 'these workloads alone, with commas between them', someOf(workloads.map(({ id }) => id)))
  .option('--lines <number>', 'lines of a run, where its time is not given', whole(1), 2_000_000)
  .option('--runs <number>', 'runs of a workload, of which the median is shown', whole(1), 3)
  .option('--against <revision>', 'compares this tree with another revision', revision)
  .option(
    '--than <ids>',
    'compares workloads with others of this tree, by turns',
    someOf(workloads.map(({ id }) => id))
  )
  .option('--pairs <number>', 'pairs of runs that are compared', whole(1), 11)
  .option('--json <file>', 'where the results go, too')
  .addHelpText(
    'after',
    examples({
      'npm run bench': 'all workloads',
      'npm run bench -- --only W1,W2 --json results.json': 'some, with a file of all figures',
      'npm run bench -- --only W1 --against HEAD~5': 'whether it became slower',
      'npm run bench -- --only W15 --than W1': 'what ten rules take'
    })
  )
  .parse()
  .opts<Options>()

const chosen = workloads.filter(one => options.only?.includes(one.id) ?? true)

const own = builtTree(root)
try {
  if (options.against !== undefined) await versus(own, options.against)
  else if (options.than !== undefined) await beside(own, options.than)
  else await table(own)
} finally {
  own.remove()
}

function revision(text: string): string {
  if (spawnSync('git', ['-C', root, 'rev-parse', '--verify', '--quiet', `${text}^{commit}`]).status !== 0)
    throw new InvalidArgumentError('There is no such revision.')
  return text
}

async function table(own: Built): Promise<void> {
  const all: Result[] = []
  console.log('workload  lines/CPU-s  lines/s    MB/s  CPU-s/M  cores   peak MiB  B/doc  on wire  sink load')
  for (const workload of chosen) {
    const runs = workload.steady === undefined ? options.runs : 1
    const results: Result[] = []
    for (let n = 0; n < runs; n++) results.push(await run(workload, own.path, options.lines))
    all.push(...results)
    print(workload, results)
  }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(all, null, 2)}\n`)
}

function print(workload: Workload, results: readonly Result[]): void {
  const figure = (of: (result: Result) => number, digits: number, width: number): string =>
    median(results.map(of)).toFixed(digits).padStart(width)
  const cells = [
    workload.id.padEnd(8),
    figure(one => one.linesPerCpuSecond, 0, 12),
    figure(one => one.linesPerSecond, 0, 8),
    figure(one => one.inputMBPerSecond, 1, 7),
    figure(one => one.cpuSecondsPerMillion, 2, 8),
    figure(one => one.cores, 4, 8),
    figure(one => one.peakMiB, 0, 8),
    figure(one => one.bytesPerDocument, 0, 7),
    figure(one => one.wireBytesPerDocument, 0, 8),
    figure(one => one.sinkLoad, 2, 9)
  ]
  const [{ ages } = {}] = results
  const age = ages === undefined ? '' : `; write → sink ${ages.p50} ms, p99 ${ages.p99}, at most ${ages.max}`
  console.log(`${cells.join(' ')}   ${workload.what}, median of ${results.length}${age}`)
}

async function versus(own: Built, revision: string): Promise<void> {
  const other = builtRevision(root, revision)
  try {
    console.log(`CPU seconds, this tree against ${revision}: below 1 is faster`)
    for (const workload of chosen) {
      const { ratios, said } = await compared(workload.id, [
        () => run(workload, own.path, options.lines),
        () => run(workload, other.path, options.lines)
      ])
      console.log(`${said}: ${verdictOn(ratios)}`)
    }
  } finally {
    other.remove()
  }
}

/** What one workload takes more than another. */
async function beside(own: Built, than: readonly string[]): Promise<void> {
  console.log(`CPU seconds against ${than.join()}: below 1 is faster`)
  for (const workload of chosen) {
    for (const other of workloads.filter(({ id }) => than.includes(id))) {
      const { said } = await compared(workload.id, [
        () => run(workload, own.path, options.lines),
        () => run(other, own.path, options.lines)
      ])
      console.log(said)
    }
  }
}

type Runs = readonly [ours: () => Promise<Result>, theirs: () => Promise<Result>]

/** Runs both by turns, and says how the CPU time of the first stands to that of the second. */
async function compared(id: string, [ours, theirs]: Runs): Promise<{ ratios: readonly number[]; said: string }> {
  const ratios: number[] = []
  for (let pair = 0; pair < options.pairs; pair++) {
    const first = await (pair % 2 === 0 ? ours : theirs)()
    const second = await (pair % 2 === 0 ? theirs : ours)()
    const ratio = first.cpuSecondsPerMillion / second.cpuSecondsPerMillion
    ratios.push(pair % 2 === 0 ? ratio : 1 / ratio)
  }
  const { low, middle, high } = compare(ratios)
  const interval = `90 % interval ${low.toFixed(3)} to ${high.toFixed(3)}, ${ratios.length} pairs`
  return { ratios, said: `${id.padEnd(4)} ${middle.toFixed(3)}  ${interval}` }
}

function verdictOn(ratios: readonly number[]): string {
  const { low, high } = compare(ratios)
  if (high < 1) return 'faster'
  if (low > 1 / 0.95) return 'REGRESSION'
  return low > 1 ? 'slower' : 'no difference seen'
}
