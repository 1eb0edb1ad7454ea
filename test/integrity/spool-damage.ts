import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { anywhere, blocksOf, down, journalsOf, segmentsOf, site, untilClosed, writeAndDelete } from './deletions.ts'
import type { Dice } from './dice.ts'
import { linesOf } from './journal.ts'
import { atOnce, type Scenario, type Size, together, Trial } from './trial.ts'
import type { Verdict } from './verdict.ts'

/** A page of a segment leads to so many blocks at most. */
const blocksInPage = 8
const blockBytes = 256 * 1024

/** Damages a spool; returns how many bytes have to be lost by that, at least and at most. */
type Damage = (segments: readonly string[], trial: Trial) => readonly [least: number, most: number]

const damages: Readonly<Record<string, Damage>> = {
  'bytes of blocks': (segments, { dice }) => {
    let lost = 0
    for (const path of segments) {
      const bytes = readFileSync(path)
      const blocks = blocksOf(path)
      for (const { length, packed } of new Set([1, 2, 3].map(() => dice.one(blocks)))) {
        flipIn(bytes, packed, dice)
        lost += length
      }
      writeFileSync(path, bytes)
    }
    return [lost, lost]
  },
  'a page': (segments, { dice }) => {
    const path = dice.one(segments)
    const bytes = readFileSync(path)
    const page = dice.between(8, bytes.length / 4096 - 1)
    bytes.fill(0, page * 4096, (page + 1) * 4096)
    writeFileSync(path, bytes)
    return [1, blocksInPage * blockBytes]
  },
  'a segment in the middle': segments => {
    const path = segments[segments.length >> 1]!
    const lost = blocksOf(path).reduce((sum, { length }) => sum + length, 0)
    rmSync(path)
    return [lost, lost]
  },
  'a huge length': segments => {
    const [, { length } = { length: 0 }] = blocksOf(segments[0]!)
    const database = new DatabaseSync(segments[0]!)
    database.exec('UPDATE blocks SET length = 1 << 40 WHERE id = 2')
    database.close()
    return [length, length]
  }
}

/** Flips a bit of a packed block, which stands in the file in pieces. */
function flipIn(file: Buffer, packed: Uint8Array, dice: Dice): void {
  let at = -1
  while (at < 0) {
    const start = dice.between(0, packed.length - 16)
    at = file.indexOf(packed.subarray(start, start + 16))
  }
  file[at + 7]! ^= 1 << dice.between(0, 7)
}

/** What the spool holds is damaged: exactly that is lost, counted and named, and the rest is delivered. */
export const damagedSpool: Scenario = {
  id: 'T08',
  name: 'damaged spool',
  async run({ size, seed }) {
    const all = Object.entries(damages)
    const some = size === 'quick' ? [all[seed % all.length]!] : all
    const rounds = { quick: 1, short: 1, long: 20 }[size]
    const runs = Array.from({ length: rounds }, (_, round) => some.map(damage => ({ damage, round }))).flat()
    return together(await atOnce(4, runs, ({ damage, round }) => survives(damage, size, seed + round)))
  }
}

function survives([name, damage]: [string, Damage], size: Size, seed: number): Promise<Verdict> {
  const collector = 'hold_deleted: 4MiB'
  return Trial.run(seed, { site: { ...site, collector }, fake: down }, async trial => {
    const { site, store, broken } = trial
    const journals = journalsOf(trial)
    site.start()
    await site.ready()
    await writeAndDelete(trial, journals, 20_000)
    if (size !== 'quick') await untilClosed(trial)
    // What a kill leaves in the log of changes is not in the segment yet.
    await site.end('SIGTERM')
    const segments = segmentsOf(site.state)
    if (segments.length < 2) broken.push(`${segments.length} segments are too few`)
    const lostBytes = damage(segments, trial)
    trial.faults++
    store.options = {}
    site.start()
    await site.ready()
    await trial.quiet()
    if (!/"from":\d+.*Bytes are lost/.test(site.messages)) broken.push('nothing was said')
    const named = bytesOfBlocksNamed(site.messages)
    const verdict = await trial.verdict({
      journals: linesOf(journals),
      gaps: anywhere(journals),
      reasons: ['corrupt_frame', 'deleted_unread'],
      lostBytes
    })
    if (name === 'bytes of blocks' && named !== lostBytes[0]) broken.push(`${named} bytes are named in the log`)
    return {
      ...verdict,
      notes: verdict.notes.map(note => `${name}: ${note}`),
      broken: broken.map(one => `${name}: ${one}`)
    }
  })
}

/** Bytes of the blocks that the log says can not be read: each of them has its own line. */
function bytesOfBlocksNamed(log: string): number {
  const ranges = log.matchAll(/"from":(\d+),"to":(\d+).*Cannot read a block/g)
  return [...ranges].reduce((sum, [, from, to]) => sum + Number(to) - Number(from), 0)
}
