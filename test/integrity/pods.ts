import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Arrivals } from './arrivals.ts'
import { readMessage } from './line.ts'
import { Pod } from './pod.ts'
import { delay } from './process.ts'
import { type Scenario, type Size, Trial } from './trial.ts'
import { type Gap, judge, judgeLedger, messageIn } from './verdict.ts'

interface Farm {
  readonly pods: number
  /** Pods that come and go in a second. */
  readonly churn: number
  readonly seconds: number
}
const farms: Record<Size, Farm> = {
  quick: { pods: 20, churn: 5, seconds: 5 },
  short: { pods: 100, churn: 10, seconds: 40 },
  long: { pods: 500, churn: 20, seconds: 600 }
}
const tickMs = 200
/** Lines that a pod writes in a tick, at most. */
const mostLines = 8
/** Files are there for so long at least. */
const leastMs = 3000
/** On a busy machine a file is known within this time. */
const knownMs = 60_000
/** Files that are there for so long are known in time. */
const safeMs = 5000
/** Of those that are not, so many lines may be missing. */
const mostMissing = 0.001
/** More than before the farm. */
const mostLeft = 5
const leftMs = 60_000

/** A node of Kubernetes: pods come and go behind chains of links, their logs are rotated and compressed, and removed with them. */
export const podFarm: Scenario = {
  id: 'T18',
  name: 'pods that come and go',
  run: ({ size, seed }) =>
    Trial.run(seed, { site: { type: 'containers', glob: 'containers/*.log' } }, async trial => {
      const { site, store, notes, broken } = trial
      for (const name of ['containers', 'pods', 'docker']) mkdirSync(join(site.logs, name))
      site.configure(configuration(trial))
      site.start()
      await site.ready()
      await delay(2000)
      const before = opened(site.collector!.pid!)
      const pods = await run(trial, farms[size])
      await trial.quiet(2500)
      if (size !== 'quick') await closed(trial, before)
      await site.end('SIGTERM')
      const journals = Object.fromEntries(pods.map(({ name, seq }) => [name, seq]))
      const short = pods.filter(({ bornAt, goneAt }) => goneAt - bornAt < safeMs)
      const gaps = short.map(({ name, seq }) => ({ file: name, from: 0, to: seq }))
      const { gone, ...count } = judge(store.store.documents(), { journals, gaps })
      judgeShort(trial, short, gone)
      judgeMetadata(trial, pods)
      const files = pods.length
      notes.push(`${files} pods, ${short.length} of them for less than ${safeMs / 1000} s`)
      if (gone.length > 0) notes.push(`${gone.length} lines of those are missing`)
      if (files === short.length) broken.push('no pod lived long enough')
      return trial.judged({
        ...count,
        ledger: judgeLedger(await site.verb('ledger', '--json'), count.rows - gone.length)
      })
    })
}

function configuration({ site, store }: Trial): string {
  const roots = ['containers', 'pods', 'docker'].map(name => `"${site.logs}/${name}"`)
  return `version: 1
inputs:
  pods: { type: containers, paths: ["${site.logs}/containers/*.log", "${site.logs}/pods/*/*/*.log"], symlink_roots: [${roots.join(', ')}] }
outputs:
  es: { type: elasticsearch, endpoints: ["${store.url}"] }
server: { listen: "127.0.0.1:0" }
`
}

/** Pods write and are rotated; each of those that go is removed up to three seconds behind its last line. */
async function run(trial: Trial, { pods: many, churn, seconds }: Farm): Promise<Pod[]> {
  const { dice, site, store } = trial
  const arrivals = new Arrivals(store)
  const all: Pod[] = []
  const alive: Pod[] = []
  const ended: { readonly pod: Pod; readonly at: number }[] = []
  const begin = (): void => {
    const pod = new Pod(site.logs, `pod-${all.length}`, dice)
    all.push(pod)
    alive.push(pod)
  }
  const end = (pod: Pod, afterMs: number): void => {
    alive.splice(alive.indexOf(pod), 1)
    ended.push({ pod, at: performance.now() + afterMs })
  }
  // A file that nobody had time to see under its name is not known under the next one, nor under none.
  const isKnown = ({ name, seq, firstSeq }: Pod): boolean => seq === firstSeq || arrivals.newestOf(name) >= firstSeq
  const removeDue = (): void => {
    const now = performance.now()
    for (const one of ended.splice(0)) {
      if (one.at > now || (!isKnown(one.pod) && one.at + knownMs > now)) ended.push(one)
      else one.pod.remove()
    }
  }
  while (alive.length < many) begin()
  const began = performance.now()
  for (let churned = 0; performance.now() - began < seconds * 1000; await delay(tickMs)) {
    for (const pod of alive) pod.write(dice.between(0, mostLines))
    for (let left = Math.ceil(alive.length / 20); left > 0; left--) {
      const pod = dice.one(alive)
      if (performance.now() - pod.openedAt < leastMs || !isKnown(pod)) continue
      pod.rotate()
      trial.faults++
    }
    for (; churned < ((performance.now() - began) / 1000) * churn; churned++) {
      // what has just come goes first, now and then
      end(dice.next() < 0.3 ? alive.at(-1) : dice.one(alive), dice.between(1500, 3000))
      begin()
      trial.faults++
    }
    removeDue()
  }
  for (const pod of Array.from(alive)) end(pod, 3000)
  for (; ended.length > 0; await delay(tickMs)) removeDue()
  return all
}

interface Opened {
  readonly files: number
  readonly watches: number
}

/** Files and folders that a process has open, or watches. */
function opened(pid: number): Opened {
  const infoOf = (fd: string): string => {
    try {
      return readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')
    } catch {
      return ''
    }
  }
  const fds = readdirSync(`/proc/${pid}/fd`)
  const watches = fds.reduce((sum, fd) => sum + (infoOf(fd).match(/^inotify wd/gm)?.length ?? 0), 0)
  return { files: fds.length, watches }
}

/** Nothing stays of pods that are gone. */
async function closed({ site, broken, notes }: Trial, before: Opened): Promise<void> {
  const began = performance.now()
  const isMore = ({ files, watches }: Opened): boolean =>
    files > before.files + mostLeft || watches > before.watches + mostLeft
  let now = opened(site.collector!.pid!)
  while (isMore(now) && performance.now() - began < leftMs) {
    await delay(tickMs)
    now = opened(site.collector!.pid!)
  }
  notes.push(`${now.files - before.files} files and ${now.watches - before.watches} watches more than before`)
  if (isMore(now)) broken.push(`${JSON.stringify(now)} are open, before it were ${JSON.stringify(before)}`)
}

function judgeShort({ broken }: Trial, short: readonly Pod[], gone: readonly Gap[]): void {
  const lines = short.reduce((sum, { seq }) => sum + seq, 0)
  if (gone.length > Math.ceil(lines * mostMissing))
    broken.push(`${gone.length} of ${lines} lines of short pods are missing`)
}

/** Each line says which pod it is of. */
function judgeMetadata({ store, broken }: Trial, pods: readonly Pod[]): void {
  const known = new Map(pods.map(pod => [pod.name, pod]))
  let wrong = 0
  let example = ''
  for (const { source } of store.store.documents()) {
    const pod = known.get(readMessage(messageIn(source))?.file ?? '')
    if (pod === undefined) continue
    const { name, namespace, uid, container, id } = pod
    const fields = { namespace, 'pod.name': name, 'pod.uid': uid, 'container.name': container }
    const isRight =
      Object.entries(fields).every(([key, value]) => source.includes(`"kubernetes.${key}":"${value}"`)) &&
      source.includes(`"container.id":"${id}"`)
    if (isRight) continue
    wrong++
    example = source
  }
  if (wrong > 0) broken.push(`${wrong} lines do not say which pod they are of: ${example.slice(0, 600)}`)
}
