import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const sector = 512
/** Of the log of SQLite. */
const logHead = 32

/** The files below a folder at a moment when all that was written had been flushed. */
export type Snapshot = ReadonlyMap<string, Buffer>

/** Without the shared memory of SQLite, which no power cut leaves. */
export function snapshotOf(folder: string): Snapshot {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && !entry.name.endsWith('-shm'))
    .map(entry => join(entry.parentPath, entry.name))
  return new Map(names.map(name => [name.slice(folder.length + 1), readFileSync(name)]))
}

export function restore(snapshot: Snapshot, folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const [name, bytes] of snapshot) {
    mkdirSync(dirname(join(folder, name)), { recursive: true, mode: 0o700 })
    writeFileSync(join(folder, name), bytes, { mode: 0o600 })
  }
}

/**
 * What a power cut between two commits may leave: of the bytes that the second one wrote, any sector is there, not there, or torn, and a
 * log may end anywhere behind what was flushed. A commit writes to one database after the other, in the order of their names.
 */
export function cutBetween(before: Snapshot, after: Snapshot, random: () => number): Snapshot {
  const cut = new Map(before)
  const isChanged = (name: string): boolean => !(before.get(name) ?? empty).equals(after.get(name) ?? empty)
  const names = [...after.keys()].filter(name => name.endsWith('.db')).toSorted()
  const changed = names.filter(name => isChanged(name) || isChanged(`${name}-wal`))
  const torn = Math.floor(random() * changed.length)
  for (const [index, name] of changed.entries()) {
    if (index > torn) break
    if (index === torn) tear(cut, after, { name, random })
    else for (const one of [name, `${name}-wal`]) cut.set(one, after.get(one) ?? empty)
  }
  return cut
}

/** A file is flushed before it gets its name, a log before SQLite writes to its database, and that before the log is emptied; where it
 * begins anew, its head is flushed before the rest. */
function tear(cut: Map<string, Buffer>, after: Snapshot, at: { name: string; random: () => number }): void {
  const { name, random } = at
  const log = `${name}-wal`
  const [old, bytes] = [cut.get(name), after.get(name)!]
  const [oldLog, newLog] = [cut.get(log) ?? empty, after.get(log) ?? empty]
  if (old === undefined) {
    if (random() < 0.5) return
    cut.set(name, bytes)
    cut.set(log, tornLog(empty, newLog, random))
  } else if (old.equals(bytes)) {
    cut.set(log, tornLog(oldLog, newLog, random))
  } else if (newLog.length >= oldLog.length) {
    cut.set(name, torn(old, bytes, random))
    cut.set(log, newLog)
  } else if (random() < 0.5) {
    cut.set(name, torn(old, bytes, random))
  } else {
    cut.set(name, bytes)
    if (random() < 0.5) cut.set(log, newLog)
  }
}

const empty = Buffer.alloc(0)

function tornLog(old: Buffer, bytes: Buffer, random: () => number): Buffer {
  const [head, newHead] = [old.subarray(0, logHead), bytes.subarray(0, logHead)]
  if (head.equals(newHead)) return torn(old, bytes, random)
  if (random() < 0.2) return Buffer.concat([torn(head, newHead, random), old.subarray(logHead)])
  return Buffer.concat([newHead, torn(old.subarray(logHead), bytes.subarray(logHead), random)])
}

function torn(old: Buffer, bytes: Buffer, random: () => number): Buffer {
  const result = Buffer.concat([old, Buffer.alloc(Math.max(0, bytes.length - old.length))])
  const odds = random()
  for (let at = 0; at < bytes.length; at += sector) {
    const fate = random()
    if (fate > odds) continue
    const end = Math.min(bytes.length, at + sector)
    const upTo = fate < odds * 0.1 ? at + Math.floor(random() * (end - at)) : end
    bytes.copy(result, at, at, upTo)
  }
  const shortest = Math.min(old.length, bytes.length)
  return random() < 0.5 ? result : result.subarray(0, shortest + Math.floor(random() * (result.length - shortest + 1)))
}
