import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { tempFolder } from '../fakes/folder.ts'

const main = join(import.meta.dirname, '../../src/main.ts')
const patienceMs = 60_000

/** A collector that counts the rows of a log by a rule, and is killed. */
class Place {
  readonly folder = tempFolder()
  written = 0

  constructor() {
    const config = [
      'version: 1',
      'collector: { state_dir: state }',
      'server: { listen: "127.0.0.1:0" }',
      'inputs: { agent: { type: file, paths: [agent.log], multiline: { continue: "^ " } } }',
      'outputs: { none: { type: "null" } }',
      'rules: { files: [rules.yaml] }'
    ]
    writeFileSync(join(this.folder, 'config.yaml'), `${config.join('\n')}\n`)
    const rule = '{ record: rows, expr: \'sum by (agent_id) (count_over_time({agent_id="a"}[1h]))\' }'
    writeFileSync(join(this.folder, 'rules.yaml'), `groups: [{ name: g, interval: 200ms, rules: [${rule}] }]\n`)
  }

  write(rows: number): void {
    const time = new Date().toISOString()
    const line = (n: number): string => `${JSON.stringify({ time, agent_id: 'a', message: `row ${n}` })}\n`
    const lines = Array.from({ length: rows }, (_, i) => line(this.written + i))
    this.written += rows
    appendFileSync(join(this.folder, 'agent.log'), lines.join(''))
  }

  run(crashAt: string) {
    const args = [main, 'run', join(this.folder, 'config.yaml')]
    const env = { ...process.env, MCP_COLLECTOR_CRASH_AT: crashAt }
    const child = spawn(process.execPath, args, { env, stdio: 'ignore' })
    onTestFinished(() => void child.kill('SIGKILL'))
    return child
  }

  /** What the rule has counted, as far as the collector answers. */
  async counted(): Promise<number> {
    const metrics = await this.#metrics().catch(() => '')
    return Number(/^rows\{agent_id="a"\} (\d+)$/m.exec(metrics)?.[1] ?? 0)
  }

  #metrics(): Promise<string> {
    return new Promise((resolve, reject) => {
      const socketPath = join(this.folder, 'state', 'control.sock')
      const asked = request({ socketPath, path: '/metrics' }, response => void text(response).then(resolve, reject))
      asked.on('error', reject)
      asked.end()
    })
  }
}

const kills = ['pipeline.commit.before:2', 'pipeline.commit.after:3', 'state.commit.before:4', 'state.commit.after:3']

test('rules count every row once, over kills where rows and windows are stored', async () => {
  const place = new Place()
  place.write(100)
  const writing = setInterval(() => place.write(10), 50)
  onTestFinished(() => clearInterval(writing))
  for (const kill of kills) {
    const [, signal] = (await once(place.run(kill), 'exit')) as [unknown, string]
    expect(signal).toBe('SIGKILL')
  }
  const last = place.run('')
  await delay(500)
  clearInterval(writing)
  const end = performance.now() + patienceMs
  while ((await place.counted()) < place.written && performance.now() < end) await delay(50)
  // what would be counted twice comes with what is counted once
  await delay(500)
  expect(await place.counted()).toBe(place.written)
  last.kill('SIGTERM')
  await once(last, 'exit')
})
