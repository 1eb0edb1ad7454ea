/** `npm run bench -- [--only W1,W2] [--lines N] [--runs N] [--against REV [--pairs N]] [--json FILE]` */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Built, builtRevision, builtTree } from './built.ts'
import { compare, median } from './compare.ts'
import { type Result, run, type Workload, workloads } from './workloads.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    lines: { type: 'string', default: '2000000' },
    runs: { type: 'string', default: '3' },
    against: { type: 'string' },
    pairs: { type: 'string', default: '11' },
    json: { type: 'string' },
    help: { type: 'boolean' }
  }
})

const root = resolve(import.meta.dirname, '../..')
const chosen = workloads.filter(one => values.only === undefined || values.only.split(',').includes(one.id))
const lines = Number(values.lines)

if (values.help) {
  console.log('npm run bench -- [--only W1,W2] [--lines N] [--runs N] [--against REV [--pairs N]] [--json FILE]')
} else {
  const own = builtTree(root)
  try {
    if (values.against === undefined) await table(own)
    else await versus(own, values.against)
  } finally {
    own.remove()
  }
}

async function table(own: Built): Promise<void> {
  const all: Result[] = []
  console.log('workload  lines/CPU-s  lines/s    MB/s  CPU-s/M  cores   peak MiB  B/doc  on wire  sink load')
  for (const workload of chosen) {
    const runs = workload.steady === undefined ? Number(values.runs) : 1
    const results: Result[] = []
    for (let n = 0; n < runs; n++) results.push(await run(workload, own.path, lines))
    all.push(...results)
    print(workload, results)
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(all, null, 2)}\n`)
}

function print(workload: Workload, results: readonly Result[]): void {
  const of = (pick: (result: Result) => number): number => median(results.map(pick))
  const cells = [
    workload.id.padEnd(8),
    of(one => one.linesPerCpuSecond)
      .toFixed(0)
      .padStart(12),
    of(one => one.linesPerSecond)
      .toFixed(0)
      .padStart(8),
    of(one => one.inputMBPerSecond)
      .toFixed(1)
      .padStart(7),
    of(one => one.cpuSecondsPerMillion)
      .toFixed(2)
      .padStart(8),
    of(one => one.cores)
      .toFixed(4)
      .padStart(8),
    of(one => one.peakMiB)
      .toFixed(0)
      .padStart(8),
    of(one => one.bytesPerDocument)
      .toFixed(0)
      .padStart(7),
    of(one => one.wireBytesPerDocument)
      .toFixed(0)
      .padStart(8),
    of(one => one.sinkLoad)
      .toFixed(2)
      .padStart(9)
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
      const ratios: number[] = []
      for (let pair = 0; pair < Number(values.pairs); pair++) {
        const first = await run(workload, pair % 2 === 0 ? own.path : other.path, lines)
        const second = await run(workload, pair % 2 === 0 ? other.path : own.path, lines)
        const [ours, theirs] = pair % 2 === 0 ? [first, second] : [second, first]
        ratios.push(ours.cpuSecondsPerMillion / theirs.cpuSecondsPerMillion)
      }
      const { low, middle, high } = compare(ratios)
      const said = high < 1 ? 'faster' : low > 1 / 0.95 ? 'REGRESSION' : low > 1 ? 'slower' : 'no difference seen'
      console.log(
        `${workload.id.padEnd(4)} ${middle.toFixed(3)}  90 % interval ${low.toFixed(3)} to ${high.toFixed(3)}, ` +
          `${ratios.length} pairs: ${said}`
      )
    }
  } finally {
    other.remove()
  }
}
