/**
 * Plays agents that come and go, as a process of its own: `rollouts-main.ts FOLDER SEED AGENTS EVERY_MS DEATH_EVERY`. So many write
 * heartbeats into logs of pods and of Docker's containers; every so often one leaves, in one of the ways in which agents do, and another
 * takes its place. Each so many-th dies instead. Lines of standard input tell what to do, and each is answered by a line: `rollouts 20`:
 * so many leave, one after the other; `scale-down`: all leave. When it ends, it prints what has happened as JSON.
 */
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { Dice } from './dice.ts'
import { delay } from './process.ts'

const [folder = '', seed = '0', agents = '0', every = '0', deathEvery = '0'] = process.argv.slice(2)
const beatMs = 500
const dice = new Dice(Number(seed))
const letters = (many: number): string =>
  Array.from({ length: many }, () => dice.one('0123456789abcdef'.split(''))).join('')
const timeOf = (): string => new Date().toISOString()

/** Where an agent runs. */
abstract class Home {
  readonly name: string
  beats = 0
  protected abstract readonly log: string

  constructor(name: string) {
    this.name = name
  }

  abstract say(message: string): void
  /** Nobody writes its log any more, and what there was of it is removed, or stays. */
  abstract leave(): void
  abstract die(): void

  protected write(text: string): void {
    appendFileSync(this.log, `${text}\n`)
  }
}

/** Its rows name no agent: that is the pod. */
class Pod extends Home {
  protected readonly log: string

  constructor(name: string) {
    super(name)
    this.log = join(folder, 'pods', `shop_${name}_${letters(8)}`, 'app', '0.log')
    mkdirSync(dirname(this.log), { recursive: true })
  }

  say(message: string): void {
    this.write(`${timeOf()} stdout F ${JSON.stringify({ service_name: 'mcp-agent', level: 'info', message })}`)
  }

  leave(): void {
    if (dice.next() < 0.5) this.say('Agent stopped')
    else rmSync(dirname(dirname(this.log)), { recursive: true })
  }

  /** Nothing is written any more. */
  die(): void {}
}

class Container extends Home {
  protected readonly log: string
  readonly #folder: string

  constructor(name: string) {
    super(name)
    const id = letters(64)
    this.#folder = join(folder, 'docker', id)
    this.log = join(this.#folder, `${id}-json.log`)
    mkdirSync(this.#folder, { recursive: true })
    this.#state({ Running: true, ExitCode: 0, FinishedAt: '0001-01-01T00:00:00Z' })
  }

  say(message: string): void {
    const row = JSON.stringify({ service_name: 'mcp-agent', agent_id: this.name, level: 'info', message })
    this.write(JSON.stringify({ log: `${row}\n`, stream: 'stdout', time: timeOf() }))
  }

  leave(): void {
    if (dice.next() < 0.5) this.#end(0)
    else rmSync(this.#folder, { recursive: true })
  }

  die(): void {
    this.#end(137)
  }

  #end(code: number): void {
    this.#state({ Running: false, ExitCode: code, FinishedAt: timeOf() })
  }

  /** As Docker does, in one go. */
  #state(State: object): void {
    const file = join(this.#folder, 'config.v2.json')
    writeFileSync(`${file}.new`, JSON.stringify({ State }))
    renameSync(`${file}.new`, file)
  }
}

const all: Home[] = []
const dead: string[] = []
let beats = 0
let left = 0
let started = 0

function start(name = `r${started++}`, isPod = dice.next() < 0.5): Home {
  const home = isPod ? new Pod(name) : new Container(name)
  beat(home)
  return home
}

function beat(home: Home): void {
  beats++
  home.beats++
  home.say('heartbeat')
}

/** One of them leaves or dies, and another one comes: of Docker's, sometimes under the same name. */
function roll(): void {
  left++
  const index = dice.between(0, all.length - 1)
  if (left % Number(deathEvery) === 0) return dieOldest()
  const home = all[index]!
  home.leave()
  const isSame = home instanceof Container && dice.next() < 0.3
  all[index] = isSame ? start(home.name, false) : start()
}

/** Who dies within half a second of a predecessor of the same name may be taken for that. */
function dieOldest(): void {
  const oldest = all.reduce((one, other) => (other.beats > one.beats ? other : one))
  oldest.die()
  dead.push(oldest.name)
  all[all.indexOf(oldest)] = start()
}

for (let i = 0; i < Number(agents); i++) all.push(start())
const timer = setInterval(() => all.forEach(beat), beatMs)
for await (const line of createInterface(process.stdin)) {
  const [verb, count] = line.split(' ')
  for (let i = 0; verb === 'rollouts' && i < Number(count); i++) {
    roll()
    await delay(Number(every))
  }
  if (verb === 'scale-down') for (const home of all.splice(0)) home.leave()
  console.log('"done"')
}
clearInterval(timer)
console.log(JSON.stringify({ beats, left, dead }))
