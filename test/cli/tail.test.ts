import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { eventsOf, listen } from '../../src/cli/client.ts'
import { silentLog } from '../../src/core/log.ts'
import { openServer } from '../../src/server/server.ts'
import { FakeCollector } from '../fakes/collector.ts'
import { tempFolder } from '../fakes/folder.ts'
import { ask } from '../integrity/scraper.ts'
import { command, root } from './command.ts'
import { Site } from './live.ts'

const patienceMs = 60_000
/** A number of /metrics, as a regular expression. */
const deliveredRows = 'collector_rows_total{.*delivered.*}'
const row = (message: string, level = 'info'): string => `${JSON.stringify({ level, service_name: 'auth', message })}\n`

/** A collector that runs, and its log. */
async function running() {
  const site = new Site()
  site.configure('inputs: { logs: { type: file, paths: [a.log] } }\noutputs: { none: { type: "null" } }')
  const write = (text: string): void => appendFileSync(join(site.folder, 'a.log'), text)
  write(row('from before'))
  const live = await site.start()
  const socketPath = join(site.stateDir, 'control.sock')
  const metric = async (name: string): Promise<number> => {
    const page = await ask(socketPath, '/metrics')
    return Number(new RegExp(`^${name}(?:{.*})? (\\d+)$`, 'm').exec(page)?.[1] ?? NaN)
  }
  const until = async (name: string, isSo: (value: number) => boolean): Promise<void> => {
    const end = performance.now() + patienceMs
    while (!isSo(await metric(name))) {
      if (performance.now() > end) throw new Error(`${name} is ${await metric(name)}`)
      await delay(20)
    }
  }
  await until('collector_input_rows_total', rows => rows === 1)
  return { site, live, write, metric, until }
}

/** The verb as a process. */
function tailOf({ stateDir }: Site, ...args: string[]) {
  const wrapper = join(root, 'bin', 'mcp-collector.js')
  const child = spawn(process.execPath, [wrapper, 'tail', '--state-dir', stateDir, ...args], {
    stdio: ['ignore', 'pipe', 'pipe']
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const said = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text))
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, ...said }))
  return { child, ended, said }
}

async function stream(site: Site, query = ''): Promise<IncomingMessage> {
  const answer = await listen(site.stateDir, `/api/v1/tail?query=${encodeURIComponent(query)}`)
  if (answer instanceof IncomingMessage) return answer
  throw new Error(JSON.stringify(answer))
}

describe('tail of a running collector', () => {
  test('shows rows that the query selects, ends after so many, and at Ctrl-C', async () => {
    const { site, write, until } = await running()
    const two = tailOf(site, '-n', '2', '{level="error"}')
    const all = tailOf(site, '--format', 'text')
    await until('collector_tail_listeners', listeners => listeners === 2)
    write(row('a', 'error') + row('b') + row('c', 'error'))
    const { code, out, err } = await two.ended
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const documents = out.split('\n').slice(0, -1)
    expect(documents.map(line => (JSON.parse(line) as { message: string }).message)).toEqual(['a', 'c'])
    while (all.said.out.split('\n').length < 4) await once(all.child.stdout, 'data')
    all.child.kill('SIGINT')
    const text = await all.ended
    expect({ code: text.code, err: text.err }).toEqual({ code: 0, err: '' })
    expect(text.out).toMatch(/^.* error +auth a\n.* info +auth b\n.* error +auth c\n$/)
    await until('collector_tail_listeners', listeners => listeners === 0)
  })

  test('who does not read holds up nobody, and each row is shown or counted; who is killed is no load any more', async () => {
    const { site, write, metric, until } = await running()
    const response = await stream(site)
    const stopped = tailOf(site)
    await until('collector_tail_listeners', listeners => listeners === 2)
    stopped.child.kill('SIGSTOP')
    const rows = 60_000
    const lines = Array.from({ length: rows }, (_, i) => row(`${i} ${'x'.repeat(200)}`))
    write(lines.join(''))
    await until(deliveredRows, delivered => delivered === rows + 1)
    write(row('last'))
    let [shown, leftOut] = [0, 0]
    for await (const { name, data } of eventsOf(response)) {
      if (name === 'left_out') leftOut += Number(data)
      else shown++
      if (shown + leftOut === rows + 1) break
    }
    expect(leftOut).toBeGreaterThan(0)
    stopped.child.kill('SIGKILL')
    await until('collector_tail_listeners', listeners => listeners === 0)
    const before = await metric('collector_tail_rows_total')
    write(row('unseen'))
    await until(deliveredRows, delivered => delivered === rows + 3)
    expect(await metric('collector_tail_rows_total')).toBe(before)
  })

  test('says that the collector has ended, and that it was killed', async () => {
    const { site, live, until } = await running()
    const first = tailOf(site)
    await until('collector_tail_listeners', listeners => listeners === 1)
    await live.stop()
    expect(await first.ended).toEqual({ code: 0, out: '', err: 'The collector has ended\n' })
    const again = await site.start()
    const second = tailOf(site)
    await until('collector_tail_listeners', listeners => listeners === 1)
    again.kill()
    const err = 'error: The collector is gone, without a word of an end\n'
    expect(await second.ended).toEqual({ code: 1, out: '', err })
  })
})

describe('tail', () => {
  test('tells where a mistake in the query is, as check does', async () => {
    const stateDir = tempFolder()
    const collector = new FakeCollector(stateDir)
    const listening = { listen: { host: '127.0.0.1', port: 0 }, metricsListen: undefined, token: undefined }
    const server = await openServer(collector, { ...listening, stateDir, log: silentLog })
    onTestFinished(() => server.close())
    collector.tailing = { error: 'Nothing is said of "x"', position: 9 }
    expect(await command(['tail', '{a="ä"}\n|x', '--state-dir', stateDir])).toEqual({
      code: 2,
      out: '',
      err: 'query:2:2: Nothing is said of "x"\n'
    })
    expect(collector.calls.at(-1)).toBe('tail {a="ä"}\n|x json')
    collector.tailing = { error: 'Too many' }
    expect(await command(['tail', '--format', 'text', '--state-dir', stateDir])).toMatchObject({
      code: 1,
      err: 'error: The collector answered: Too many\n'
    })
  })

  test('refuses what is no number of rows, and needs a collector', async () => {
    expect(await command(['tail', '-n', '0'])).toMatchObject({ code: 2 })
    const stateDir = tempFolder()
    expect(await command(['tail', '--state-dir', stateDir])).toMatchObject({
      code: 1,
      err: expect.stringContaining(`No collector runs on "${stateDir}"`)
    })
  })
})
