import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { memoryOf } from '../fakes/memory.ts'
import { lineOf } from './line.ts'
import { delay, until } from './process.ts'
import { type Scenario, type Size, together, Trial } from './trial.ts'
import type { Verdict } from './verdict.ts'

const lines = { quick: 6000, short: 40_000, long: 400_000 }
const kills = { quick: 1, short: 4, long: 40 }
const mostMebibytes = 32
const site = { glob: '*.log*', input: 'compression: auto' }

/** Archives of several members, one that grows, kills while they are read, and one that holds far more than it seems. */
export const compressedFiles: Scenario = {
  id: 'T32',
  name: 'compressed files',
  run: async ({ size, seed }) => together([await members(size, seed), await bomb(seed)])
}

function part(name: string, from: number, to: number): Buffer {
  return Buffer.from(Array.from({ length: to - from }, (_, n) => `${lineOf(name, from + n)}\n`).join(''))
}

function members(size: Size, seed: number): Promise<Verdict> {
  return Trial.run(seed, { site }, async trial => {
    const { logs } = trial.site
    const count = lines[size]
    const half = count >> 1
    const pack = { gz: gzipSync, zst: zstdCompressSync }
    for (const format of ['gz', 'zst'] as const) {
      const whole = [part(format, 0, half), part(format, half, count)].map(bytes => pack[format](bytes))
      writeFileSync(join(logs, `${format}.log.${format}`), Buffer.concat(whole))
    }
    const growing = join(logs, 'growing.log.gz')
    trial.site.start()
    for (let from = 0; from < count; from += count / 4) {
      appendFileSync(growing, gzipSync(part('growing', from, from + count / 4)))
      await delay(500)
    }
    for (let kill = 0; kill < kills[size]; kill++) {
      await trial.kill(trial.dice.between(1000, 4000))
      trial.site.start()
      await trial.site.ready()
    }
    return trial.verdict({ journals: { gz: count, zst: count, growing: count } })
  })
}

/** It is given up, and takes no more memory than others. */
function bomb(seed: number): Promise<Verdict> {
  return Trial.run(seed, { site }, async trial => {
    const { site: place, broken, notes } = trial
    const text = `${lineOf('plain', 0)}\n`
    writeFileSync(join(place.logs, 'plain.log'), text)
    place.start()
    await trial.stored(1)
    const before = memoryOf(place.collector!.pid!).peak
    // A quarter of a gibibyte in a quarter of a mebibyte.
    writeFileSync(join(place.logs, 'bomb.log.gz'), gzipSync(Buffer.alloc(1 << 28)))
    trial.faults++
    await until('the archive is given up', 30_000, () => place.messages.includes('more than 500 times as large'))
    const grown = memoryOf(place.collector!.pid!).peak - before
    notes.push(`an archive of NULs took ${grown.toFixed(0)} MiB`)
    if (grown > mostMebibytes) broken.push(`memory has grown by ${grown.toFixed(0)} MiB`)
    return trial.verdict({ journals: { plain: 1 }, besides: 'corrupt_archive' })
  })
}
