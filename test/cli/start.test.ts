import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { FakeElasticsearch } from '../fakes/elasticsearch.ts'
import { Site } from './live.ts'

const nowhere = 'outputs: { nowhere: { type: "null" } }'

describe('a start that fails', () => {
  test.each(['server', 'metrics'])('tells a port of %s in use at once, not after the time to drain', async section => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const began = performance.now()
    const site = new Site()
    writeFileSync(join(site.folder, 'agent.log'), 'a line\n')
    const inputs = 'inputs: { agent: { type: file, paths: [agent.log] } }'
    site.configure(`${inputs}\n${nowhere}\n${section}: { listen: "127.0.0.1:${port}" }`)
    const { code, out, err } = await site.execute('run', site.config)
    other.close()
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain(
      `error: Cannot listen on "127.0.0.1:${port}": another program listens there: stop it, or set "${section}.listen"`
    )
    expect(performance.now() - began).toBeLessThan(60_000)
  })

  test('tells what its thread can not use like any other error', async () => {
    const site = new Site()
    site.configure(`inputs: { agent: { type: file, paths: [agent.log] } }\n${nowhere}`)
    const spool = join(site.stateDir, 'spool')
    mkdirSync(site.stateDir, { mode: 0o700 })
    symlinkSync('spool', spool)
    const { code, err } = await site.execute('run', site.config)
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(`^error: Cannot read "${spool}": ELOOP.*\n$`) })
  })
})

describe('an input that does not read all', () => {
  test('says why, at the start and in its status', async () => {
    const site = new Site()
    const file = (name: string): string => join(site.folder, name)
    for (const name of ['old.log', 'end.log', 'left.log', 'read.log']) writeFileSync(file(name), 'a line\n')
    utimesSync(file('old.log'), 0, Date.now() / 1000 - 3 * 86_400)
    for (const name of ['many.log', 'few.log']) writeFileSync(file(name), 'a line\n'.repeat(name === 'few.log' ? 2 : 9))
    writeFileSync(file('empty.log'), '')
    mkdirSync(file('folder'))
    symlinkSync('read.log', file('link.log'))
    execFileSync('mkfifo', [file('pipe.log')])
    const inputs = {
      missing: 'paths: [missing.log]',
      nothing: 'paths: ["missing/*.log"]',
      old: 'paths: [old.log]',
      end: 'paths: [end.log], read_from: end',
      near: 'paths: [many.log, few.log], read_from: 2',
      empty: 'paths: [empty.log]',
      excluded: 'paths: ["lef*.log"], exclude: ["left*"]',
      folder: 'paths: [folder]',
      link: 'paths: [link.log]',
      pipe: 'paths: [pipe.log]',
      read: 'paths: [read.log]'
    }
    const lines = Object.entries(inputs).map(([name, options]) => `  ${name}: { type: file, ${options} }`)
    site.configure(`inputs:\n${lines.join('\n')}\n${nowhere}`)
    const live = await site.start()
    const status = await live.status()
    const said = await live.said('"Started"')
    const why = (name: string): string[] => {
      const { notes, sourceCount } = status.inputs.find(input => input.name === name)!
      for (const { text } of notes) expect(said).toContain(JSON.stringify(`Not read: ${text}`))
      const problems = status.problems.filter(problem => problem.input === name)
      return [...notes.map(note => note.text), ...problems.map(({ reason }) => reason), `${sourceCount} sources`]
    }
    expect(Object.fromEntries(Object.keys(inputs).map(name => [name, why(name)]))).toEqual({
      missing: [`${file('missing.log')}: no such file yet, it is followed as soon as it appears`, '0 sources'],
      nothing: ['no file matches yet, those that appear are followed at once', '0 sources'],
      old: [
        '1 file is older than "ignore_older" (1d): only what is added is read; to read the rest too, set a longer ' +
          '"ignore_older" and a new "state_dir"',
        '0 sources'
      ],
      end: ['1 file is read from the end ("read_from"): only what is added is read', '0 sources'],
      near: ['1 file is read from 2 lines before the end ("read_from"): what stands above is left out', '2 sources'],
      empty: ['1 file is without a whole line yet, followed as soon as there is one', '0 sources'],
      excluded: ['1 file is matched, but left out by "exclude"', '0 sources'],
      folder: ['a folder: name the files in it, as "*.log" behind its path does', '0 sources'],
      link: ['a symbolic link: set "follow_symlinks" to follow it', '0 sources'],
      pipe: ['not a regular file but a device, pipe or socket', '0 sources'],
      read: ['1 sources']
    })
    writeFileSync(file('missing.log'), 'a line\n')
    while ((await live.status()).inputs[0]!.sourceCount === 0);
    expect((await live.status()).inputs[0]!.notes).toEqual([])
    expect((await live.stop()).code).toBe(0)
  })

  test('reads files however old they are where ignore_older is 0s', async () => {
    const site = new Site()
    writeFileSync(join(site.folder, 'old.log'), 'a line\n')
    utimesSync(join(site.folder, 'old.log'), 0, 86_400)
    site.configure(`inputs: { old: { type: file, paths: [old.log], ignore_older: 0s } }\n${nowhere}`)
    const { inputs } = await (await site.start()).status()
    expect(inputs[0]).toMatchObject({ sourceCount: 1, notes: [] })
  })
})

describe('an output without rows', () => {
  const inputs = 'inputs: { none: { type: file, paths: [none.log] } }'

  test('says who answers', async () => {
    const server = await FakeElasticsearch.start()
    onTestFinished(() => server.stop())
    const site = new Site()
    site.configure(`${inputs}\noutputs: { es: { type: elasticsearch, endpoints: ["${server.url}"] } }`)
    const live = await site.start()
    const log = await live.said('answers')
    expect(log).toContain('Output \\"default/es\\" answers')
    const answers = `Elasticsearch 9.5.3 at "${server.url}"`
    expect(log).toContain(JSON.stringify(answers))
    expect((await live.status()).outputs[0]).toMatchObject({ state: 'idle', server: answers })
  })

  test('says that nobody answers, and asks until somebody does', async () => {
    const server = await FakeElasticsearch.start()
    await server.stop()
    const site = new Site()
    const retry = 'retry: { min: 100ms, max: 1s }'
    site.configure(`${inputs}\noutputs: { es: { type: elasticsearch, endpoints: ["${server.url}"], ${retry} } }`)
    const live = await site.start()
    const log = await live.said('retrying')
    expect(log).toContain('retrying; rows wait, nothing is lost')
    const said = `Cannot send to "${server.url}": connection refused, nothing listens there`
    expect(log).toContain(JSON.stringify(said))
    expect((await live.status()).outputs[0]).toMatchObject({ state: 'retrying', lastError: { message: said } })
    await server.resume()
    onTestFinished(() => server.stop())
    await live.said('answers')
    expect((await live.status()).outputs[0]).toMatchObject({ state: 'idle' })
    expect((await live.stop()).code).toBe(0)
  })
})

// Where no folder can be made, whoever asks Node.js for one with its parents waits for ever.
test.runIf(process.platform === 'linux')('a state directory that can not be made is refused at once', async () => {
  const site = new Site()
  site.configure(`inputs:\n  a: { type: file, paths: [a.log] }\n${nowhere}`)
  const { code, err } = await site.execute('run', site.config, '--state-dir', '/proc/none/state')
  expect(code).toBe(1)
  expect(err).toContain('Cannot use state directory "/proc/none/state": no folder can be made there: set "state_dir"')
})
