import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Dice } from './dice.ts'
import { lineOf } from './line.ts'

/** What the kubelet keeps of rotated files. */
const mostRotated = 4
const hex = '0123456789abcdef'

/**
 * A pod with one container, and the files that a node has of it: the log of the runtime, and a link to it under the names of pod and
 * container. With Docker there is another link between them.
 */
export class Pod {
  readonly name: string
  readonly namespace: string
  readonly container: string
  readonly id: string
  readonly uid: string
  /** Lines written so far. */
  seq = 0
  readonly bornAt = performance.now()
  /** When the file was begun that it writes to, and the first line of it. */
  openedAt = this.bornAt
  firstSeq = 0
  /** When its files were removed. */
  goneAt = Infinity
  readonly #link: string
  /** `<namespace>_<pod>_<uid>`, a folder. */
  readonly #folder: string
  /** The file that is written to. */
  readonly #file: string
  readonly #isDocker: boolean
  readonly #startedAt = Date.now()
  #fd: number
  #rotations = 0

  constructor(root: string, name: string, dice: Dice) {
    const letters = (many: number): string => Array.from({ length: many }, () => hex[dice.between(0, 15)]).join('')
    this.name = name
    this.namespace = dice.one(['default', 'kube-system', 'agents'])
    this.container = dice.one(['app', 'sidecar-proxy'])
    this.id = letters(64)
    this.uid = `${letters(8)}-${letters(4)}`
    this.#isDocker = dice.next() < 0.5
    const { namespace, container, id } = this
    this.#folder = join(root, 'pods', `${namespace}_${name}_${this.uid}`)
    const own = join(this.#folder, container, '0.log')
    this.#file = this.#isDocker ? join(root, 'docker', id, `${id}-json.log`) : own
    mkdirSync(dirname(own), { recursive: true })
    mkdirSync(dirname(this.#file), { recursive: true })
    this.#fd = openSync(this.#file, 'a')
    if (this.#isDocker) symlinkSync(this.#file, own)
    this.#link = join(root, 'containers', `${name}_${namespace}_${container}-${id}.log`)
    symlinkSync(own, this.#link)
  }

  write(lines: number): void {
    let block = ''
    for (let left = lines; left > 0; left--) block += this.#wrap(lineOf(this.name, this.seq), this.seq++)
    writeSync(this.#fd, block)
  }

  /** A new file begins; the container writes to the one before until the runtime has opened it. Older ones are compressed. */
  rotate(): void {
    if (this.#isDocker) this.#count()
    else this.#stamp()
    this.write(3)
    closeSync(this.#fd)
    this.#fd = openSync(this.#file, 'a')
    this.openedAt = performance.now()
    this.firstSeq = this.seq
  }

  /** The container has ended, and after a while the kubelet removes its files. */
  remove(): void {
    closeSync(this.#fd)
    unlinkSync(this.#link)
    rmSync(this.#folder, { recursive: true })
    if (this.#isDocker) rmSync(dirname(this.#file), { recursive: true })
    this.goneAt = performance.now()
  }

  #wrap(line: string, seq: number): string {
    const time = new Date(this.#startedAt + seq).toISOString()
    if (this.#isDocker) return `${JSON.stringify({ log: `${line}\n`, stream: 'stdout', time })}\n`
    return `${time} stdout F ${line}\n`
  }

  /** As the kubelet does it: the last one stays as it is, those before are compressed, and the oldest goes. */
  #stamp(): void {
    const folder = dirname(this.#file)
    const rotated = readdirSync(folder).filter(name => name.startsWith('0.log.'))
    for (const name of rotated.filter(one => !one.endsWith('.gz'))) compress(join(folder, name), `${name}.gz`)
    for (const name of rotated.toSorted().slice(0, -mostRotated)) rmSync(join(folder, name), { force: true })
    renameSync(this.#file, `${this.#file}.2026010${this.#rotations % 10}-${String(this.#rotations++).padStart(6, '0')}`)
  }

  /** As Docker does it. */
  #count(): void {
    for (let n = mostRotated; n > 0; n--) {
      const from = n === 1 ? this.#file : `${this.#file}.${n - 1}`
      if (existsSync(from)) renameSync(from, `${this.#file}.${n}`)
    }
  }
}

function compress(path: string, name: string): void {
  const target = join(dirname(path), name)
  writeFileSync(`${target}.tmp`, gzipSync(readFileSync(path)))
  renameSync(`${target}.tmp`, target)
  rmSync(path)
}
