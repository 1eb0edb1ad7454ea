import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { preloadable } from '../fakes/preload.ts'
import { Journal } from './journal.ts'
import { readMessage } from './line.ts'
import { delay, until } from './process.ts'
import { ask } from './scraper.ts'
import { statusNow } from './status.ts'
import { Stopwatch } from './stopwatch.ts'
import { type Scenario, type Size, Trial } from './trial.ts'
import { messageIn } from './verdict.ts'

const rounds: Record<Size, number> = { quick: 0, short: 2, long: 40 }
const linesPerSecond = 500
/** A mount that hangs is noticed within this time; beside other tests everything takes longer. */
const noticedMs = 8000
const drainMs = 3000
const slack = 3
/** Of lines that nothing holds up, 99 of 100. */
const p99Ms = 1000

/** Local files, and those of a mount whose server may be away. */
interface Stage {
  readonly trial: Trial
  readonly env: Record<string, string>
  readonly watch: Stopwatch
  readonly local: Journal
  readonly remote: Journal
  /** While this file exists the server is away. */
  readonly away: string
  readonly stale: string
  /** Lines of the mount that the store has. */
  readonly arrived: ReadonlySet<number>
}

/** The server of a mount is away, again and again, also while the collector starts and stops: nobody else waits, somebody is told, and when
 * it is back everything goes on. Files of it become stale, and reads are short. */
export const hungMount: Scenario = {
  id: 'T22',
  name: 'a mount that hangs',
  run: ({ size, seed }) =>
    Trial.run(seed, {}, async trial => {
      const { site, notes } = trial
      const folder = join(site.logs, 'remote')
      mkdirSync(folder)
      const [away, stale, list] = ['away', 'stale', 'list'].map(name => join(site.folder, name)) as [
        string,
        string,
        string
      ]
      writeFileSync(list, `30 27 0:50 / ${folder} rw,relatime - nfs4 server:/logs rw\n`)
      writeFileSync(stale, '')
      const library = preloadable('remote-mount.c', site.folder)
      const words = { REMOTE_FOLDER: folder, REMOTE_LIST: list, REMOTE_AWAY: away, REMOTE_STALE: stale }
      const env = { ...(library && { LD_PRELOAD: library }), ...words, REMOTE_BYTES: '20000' }
      if (library === undefined) notes.push('SKIPPED: without a C compiler, or not on Linux, no mount hangs')
      site.configure(configuration(trial))
      const local = new Journal(site.logs, 'local')
      const remote = new Journal(folder, 'remote')
      const stage = {
        trial,
        env,
        remote,
        away,
        stale,
        arrived: arrivals(trial, remote),
        local,
        watch: new Stopwatch(local, linesPerSecond, trial)
      }
      for (let round = 0; round < rounds[size] && library !== undefined; round++) await hangsWhileItRuns(stage)
      if (library !== undefined) await hangsFromStartToStop(stage, size)
      site.start(env)
      remote.write(10)
      return trial.verdict({ journals: { local: local.seq, remote: remote.seq } })
    })
}

function arrivals({ store }: Trial, { name }: Journal): ReadonlySet<number> {
  const arrived = new Set<number>()
  const { judge } = store.store
  store.store.judge = (source, id) => {
    const line = readMessage(messageIn(source))
    if (line?.file === name) arrived.add(line.seq)
    return judge(source, id)
  }
  return arrived
}

function configuration({ site, store }: Trial): string {
  return `version: 1
collector: { drain_timeout: ${drainMs}ms }
inputs:
  local: { type: file, paths: ["${site.logs}/*.log"] }
  remote: { type: file, paths: ["${site.logs}/remote/*.log"], scan_interval: 200ms }
outputs:
  es: { type: elasticsearch, endpoints: ["${store.url}"] }
server: { listen: "127.0.0.1:0" }
`
}

async function hangsWhileItRuns(stage: Stage): Promise<void> {
  const { trial, env, remote, away, stale } = stage
  const { site, dice } = trial
  site.start(env)
  await site.ready()
  remote.write(1000)
  await delay(dice.between(0, 1000))
  await othersGoOn(stage, async () => {
    writeFileSync(away, '')
    trial.faults++
    remote.write(1000)
    await isTold(stage)
  })
  rmSync(away)
  await until('the mount is read again', noticedMs * slack, () => site.messages.includes('Can read '))
  await delay(1000)
  if ((await statusNow(site)).stalled.length > 0) trial.broken.push('it is still said to hang')
  remote.rotate()
  writeFileSync(stale, '')
  trial.faults++
  remote.write(1000)
  await until('lines come from files that were stale', noticedMs * slack, () => stage.arrived.size === remote.seq)
  remote.write(1000)
  await delay(dice.between(0, 1000))
  await site.end(dice.one(['SIGTERM', 'SIGKILL']))
}

/** Nothing of the mount can even be looked at. */
async function hangsFromStartToStop(stage: Stage, size: Size): Promise<void> {
  const { trial, env, remote, away } = stage
  const { site, broken } = trial
  remote.write(500)
  writeFileSync(away, '')
  trial.faults++
  site.start(env)
  await site.ready()
  await isTold(stage)
  await othersGoOn(stage, () => delay(1000))
  const ms = await site.end('SIGTERM')
  if (ms > (drainMs + 2000) * (size === 'long' ? 1 : slack)) broken.push(`it ended after ${ms.toFixed(0)} ms`)
  if (site.collector?.exitCode !== 0)
    broken.push(`it ended with ${site.collector?.exitCode ?? site.collector?.signalCode}`)
  if (!/"inputs":"remote".*Cannot drain/.test(site.messages)) broken.push('nothing was said at the end')
  rmSync(away)
}

/** In the log, and to everybody who asks. */
async function isTold(stage: Stage): Promise<void> {
  const { site, broken } = stage.trial
  await until('the log says that the mount hangs', noticedMs * slack, () =>
    /Cannot read [^,]*\/remote/.test(site.messages)
  )
  await site.ready()
  const socket = join(site.state, 'control.sock')
  const [stall] = (await statusNow(site)).stalled
  if (stall?.inputs.join() !== 'remote' || !stall.path.includes('/remote'))
    broken.push(`the status says: ${JSON.stringify(stall)}`)
  const page = await ask(socket, '/metrics')
  for (const line of ['collector_input_stalled{input="local"} 0', 'collector_input_stalled{input="remote"} 1'])
    if (!page.includes(line)) broken.push(`a scrape has no ${line}`)
  const health = JSON.parse(await ask(socket, '/actuator/health')) as { components: { inputs: { status: string } } }
  if (health.components.inputs.status !== 'UNKNOWN') broken.push(`health says: ${JSON.stringify(health)}`)
}

/** Lines of other files come in time meanwhile. */
async function othersGoOn({ trial, watch, local }: Stage, meanwhile: () => Promise<void>): Promise<void> {
  const { store, notes, broken } = trial
  local.write(1)
  const count = store.store.count()
  await until('a line of another file comes', noticedMs * slack, () => store.store.count() > count)
  watch.start()
  await meanwhile()
  watch.stop()
  await watch.arrived(noticedMs * slack)
  const { lines, p99 } = watch.take()
  notes.push(`while it hung, ${lines} other lines took ${p99.toFixed(0)} ms at most, but for one in a hundred`)
  if (p99 > p99Ms * slack) broken.push(`${lines} other lines came within ${p99.toFixed(0)} ms`)
}
