import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { balances, scraped } from '../fakes/balance.ts'
import { FakeElasticsearch } from '../fakes/elasticsearch.ts'
import { ask } from '../integrity/scraper.ts'
import { until } from '../integrity/process.ts'
import { Site } from './live.ts'

/** A folder with logs `a`, `b` and `c`, and a store. */
async function stage() {
  const store = await FakeElasticsearch.start()
  onTestFinished(() => store.stop())
  const site = new Site()
  const es = `es: { type: elasticsearch, endpoints: ["${store.url}"] }`
  const lines = new Map<string, number>()
  return {
    site,
    /** `inputs`: options beside the path, by name. */
    configure: (inputs: Record<string, string>, more = '') => {
      const all = Object.entries(inputs).map(([name, own]) => `  ${name}: { type: file, paths: [${name}.log], ${own} }`)
      site.configure(`inputs:\n${all.join('\n')}\noutputs:\n  ${es}\n${more}`)
    },
    write: (...names: string[]) => {
      for (const name of names) {
        const line = lines.get(name) ?? 0
        lines.set(name, line + 1)
        appendFileSync(join(site.folder, `${name}.log`), `${name} ${line}\n`)
      }
    },
    /** Waits until the store has every line, and compares. */
    delivered: async () => {
      const all = [...lines].flatMap(([name, count]) => Array.from({ length: count }, (_, line) => `${name} ${line}`))
      await until(`${all.length} lines are there`, 60_000, () => store.store.count() >= all.length)
      const messages = store.documents().map(({ source }) => (JSON.parse(source) as { message: string }).message)
      expect(messages.toSorted()).toEqual(all.toSorted())
    },
    reload: async () => {
      const { out, err } = await site.execute('reload', '--state-dir', site.stateDir)
      return `${out}${err}`
    },
    page: () => ask(join(site.stateDir, 'control.sock'), '/metrics')
  }
}

test('inputs with threads of their own send to one output, and are told as one collector', async () => {
  const { site, configure, write, delivered, page } = await stage()
  configure({ a: '', b: 'shard: own', c: 'shard: own' })
  write('a', 'b', 'c', 'c')
  const live = await site.start()
  await delivered()
  const { inputs, outputs, stalled } = await live.status()
  expect(inputs.map(({ name, sourceCount }) => [name, sourceCount])).toEqual([
    ['a', 1],
    ['b', 1],
    ['c', 1]
  ])
  expect(outputs).toMatchObject([{ name: 'default/es', deadLetters: 0 }])
  expect(stalled).toEqual([])
  const metrics = scraped(await page())
  expect(balances(metrics)).toEqual({ 'default/es': 0 })
  expect(await page()).toMatch(/^collector_rows_total\{output="default\/es",end="delivered"\} 4$/m)
  for (const shard of ['0', '1', '2'])
    expect(await page()).toContain(`collector_shard_turn_seconds_total{shard="${shard}"}`)
  const { code, err } = await live.stop()
  expect(code).toBe(0)
  expect(err.match(/a thread of their own/g)).toHaveLength(2)
  // Nothing is read again, whoever reads now.
  configure({ a: 'shard: own', b: '', c: 'shard: own' })
  write('a', 'b', 'c')
  const again = await site.start()
  await delivered()
  const ledger = JSON.parse((await site.execute('ledger', '--json', '--state-dir', site.stateDir)).out) as {
    rows: { name: string; ledger: { read: number; duplicate: number } }[]
  }
  expect(ledger.rows.map(row => row.ledger.read).toSorted((a, b) => a - b)).toEqual([2, 2, 3])
  expect(ledger.rows.every(row => row.ledger.duplicate === 0)).toBe(true)
  expect((await again.stop()).code).toBe(0)
})

test('a reload gives threads and takes them', async () => {
  const { site, configure, write, delivered, reload, page } = await stage()
  configure({ a: '' })
  write('a', 'b', 'c')
  const live = await site.start()
  configure({ a: '', b: 'shard: own', c: 'shard: own' })
  expect(await reload()).toContain('input b added')
  await delivered()
  configure({ a: '', b: 'shard: own, service: other' })
  expect(await reload()).toMatch(/input b changed\n {2}input c removed/)
  write('a', 'b')
  await delivered()
  expect(await page()).not.toContain('shard="2"')
  configure({ a: '', b: 'shard: own, service: other', c: '' })
  await reload()
  write('a', 'b', 'c')
  await delivered()
  expect((await live.stop()).code).toBe(0)
})

test('a reload changes nothing where it would need another thread', async () => {
  const { site, configure, write, delivered, reload } = await stage()
  configure({ a: '', b: 'shard: own' })
  write('a', 'b')
  const live = await site.start()
  configure({ a: '', b: '' })
  expect(await reload()).toContain('Cannot change "shard" of input "b" while the collector runs: it needs a restart')
  configure({ a: '', b: 'shard: own' }, '  out: { type: stdout }')
  expect(await reload()).toContain('Cannot write to output "out" by two threads')
  write('a', 'b')
  await delivered()
  configure({ a: '', b: 'shard: own' })
  expect(await reload()).toMatch(/Reloaded|Nothing has changed/)
  const { code, out } = await live.stop()
  expect({ code, out }).toEqual({ code: 0, out: '' })
})

test('one thread writes to standard output', async () => {
  const { site, configure, write, delivered } = await stage()
  configure({ a: '', b: 'shard: own' }, '  out: { type: stdout, format: json }')
  write('a', 'b')
  const live = await site.start()
  await delivered()
  const { out, err } = await live.stop()
  expect(out.trim().split('\n')).toHaveLength(2)
  expect(err).not.toContain('a thread of their own')
})

/** Two pipelines, of which the second has input `b`. */
function twoPipelines(inputsOfFirst: string): string {
  const two = '  two: { inputs: [b], outputs: [none] }'
  return `  none: { type: "null" }\npipelines:\n  one: { inputs: [${inputsOfFirst}], outputs: [es] }\n${two}\n`
}

test('a reload that takes an output from one of several threads lets none of its counts drop', async () => {
  const { site, configure, write, delivered, reload, page } = await stage()
  const counts = async (): Promise<Record<string, string>> => {
    const lines = (await page()).matchAll(/^(collector_(?:read_)?rows_total\{output="one\/es".*\}) (\d+)$/gm)
    return Object.fromEntries([...lines].map(([, sample, value]) => [sample!, value!]))
  }
  const untilDelivered = async (rows: string): Promise<void> => {
    const sample = 'collector_rows_total{output="one/es",end="delivered"}'
    const end = performance.now() + 30_000
    while ((await counts())[sample] !== rows) {
      if (performance.now() > end) throw new Error(`Not delivered: ${JSON.stringify(await counts())}`)
      await delay(20)
    }
  }
  configure({ a: '', b: 'shard: own' }, twoPipelines('a, b'))
  write('a', 'a', 'b')
  const live = await site.start()
  await untilDelivered('3')
  const before = await counts()
  configure({ a: '', b: 'shard: own' }, twoPipelines('a'))
  expect(await reload()).toContain('route b → one/es removed')
  expect(await counts()).toEqual(before)
  // The thread ends, and what it counted does not.
  configure({ a: '' }, '  none: { type: "null" }\npipelines:\n  one: { inputs: [a], outputs: [es] }\n')
  expect(await reload()).toMatch(/input b removed/)
  expect(await counts()).toEqual(before)
  expect(await page()).not.toContain('two/none')
  expect(await page()).not.toContain('input="b"')
  expect(balances(scraped(await page()))).toEqual({ 'one/es': 0 })
  write('a')
  await untilDelivered('4')
  await delivered()
  expect((await live.stop()).code).toBe(0)
})
