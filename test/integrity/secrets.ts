import { execFile } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { lineOf, readMessage } from './line.ts'
import { Journal } from './journal.ts'
import { delay } from './process.ts'
import { ask } from './scraper.ts'
import { type Scenario, Trial } from './trial.ts'
import { judge, judgeLedger, messageIn } from './verdict.ts'

const bin = resolve(import.meta.dirname, '../../bin/mcp-collector.js')

/** Secrets of a configuration: nobody who looks at the program may see one of them. */
const canaries = { key: 'CANARYkey4711', password: 'CANARYpass4711', inUrl: 'CANARYurl4711', token: 'CANARYtoken4711' }
const env = { CANARY_KEY: canaries.key, CANARY_PASSWORD: canaries.password }
/** What programs write into logs may be secret too: only the store and the rows of dead letters have it. */
const inLines = 'CANARYline4711'
const outputs = ['a', 'b', 'c']
const routes = ['/metrics', '/api/v1/status', '/api/v1/ledger', '/actuator/health']

/** Whatever fails, and however much is told: no secret of the configuration, and no line, stands where people look. */
export const noSecretTold: Scenario = {
  id: 'T54',
  name: 'secrets stay untold',
  run({ size, seed }) {
    const phaseMs = { quick: 300, short: 2000, long: 60_000 }[size]
    return Trial.run(seed, {}, async trial => {
      const { site, store, broken } = trial
      const journal = new Journal(site.logs, 'x', textOf)
      writeFileSync(join(site.folder, 'token'), canaries.token)
      const config = configOf(store.url, site.logs)
      writeFileSync(join(site.folder, 'config.yaml'), config)
      // Refusals are decided on after ten seconds: the quick form has none.
      const refusedEvery = size === 'quick' ? Infinity : 10
      store.store.judge = source => {
        if ((readMessage(messageIn(source))!.seq + 1) % refusedEvery !== 0) return undefined
        return { status: 400, type: 'document_parsing_exception', reason: `failed to parse [${source.slice(0, 1000)}]` }
      }
      site.start(env)
      let log = ''
      site.collector!.stderr!.on('data', (text: Buffer) => (log += text.toString()))
      await site.ready()
      const seen = new Map<string, string>()
      for (const phase of phases) {
        phase(trial)
        trial.faults++
        for (const end = performance.now() + phaseMs; performance.now() < end; await delay(100)) journal.write(20)
        for (const route of routes) {
          seen.set(route, (seen.get(route) ?? '') + (await ask(join(site.state, 'control.sock'), route)))
        }
      }
      store.options = {}
      const refused = Math.floor(journal.seq / refusedEvery)
      await trial.stored((journal.seq - refused) * outputs.length)
      const isBuried = async (): Promise<boolean> => (await trial.letters()).length >= refused * outputs.length
      for (const end = performance.now() + 30_000; !(await isBuried()) && performance.now() < end; await delay(500));
      if (!(await isBuried())) broken.push('not all refused rows are dead letters')
      const letters = await site.verb('dlq', 'list', '--json', '--limit', '100000')
      seen.set('dead letters', letters)
      for (const path of unsafeModes(site.state)) broken.push(`others may read "${path}"`)
      await site.end('SIGTERM')
      seen.set('log', log)
      for (const [name, text] of await failures(
        site.folder,
        config,
        size === 'quick' ? [seed % 6] : [0, 1, 2, 3, 4, 5]
      ))
        seen.set(name, text)
      for (const name of ['state.db', 'backup.db']) seen.set(name, readFileSync(join(site.state, name), 'latin1'))
      broken.push(...leaks(seen))
      const own = store.documents().filter(({ stream }) => stream.endsWith('-a'))
      const ledger = judgeLedger(await site.verb('ledger', '--json'), journal.seq * outputs.length)
      return trial.judged({ ...judge(own, { journals: { x: journal.seq }, letters: refused }), ledger })
    })
  }
}

function textOf(name: string, seq: number): string {
  return lineOf(name, seq, `${inLines} ${seq}`)
}

const phases: readonly ((trial: Trial) => void)[] = [
  ({ store }) => (store.options = { authorization: 'somebody else' }),
  ({ store }) => (store.options = { forbidden: ['template', 'data_stream', 'mget'] }),
  ({ store }) => (store.options = { requests: { '503': 0.3, 'cut-after': 0.2, 'non-json': 0.2 } }),
  ({ store }) => (store.options = { items: { p429: 0.2 } })
]

function configOf(url: string, logs: string): string {
  const retry = 'retry: { min: 20ms, max: 200ms }'
  const withUser = url.replace('http://', `http://somebody:${canaries.inUrl}@`)
  return `version: 1
collector: { drain_timeout: 5s }
log: { level: debug }
inputs:
  journal: { type: file, paths: ["${logs}/*.log"] }
outputs:
  a: { type: elasticsearch, endpoints: ["${url}"], namespace: a, api_key: "\${CANARY_KEY}", ${retry} }
  b: { type: elasticsearch, endpoints: ["${withUser}"], namespace: b, ${retry} }
  c: { type: elasticsearch, endpoints: ["${url}"], namespace: c, user: me, password: "\${CANARY_PASSWORD}", ${retry} }
server: { listen: "127.0.0.1:0", token: "\${file:token}" }
`
}

/** What it prints when it can not even start. */
async function failures(folder: string, config: string, some: readonly number[]): Promise<[string, string][]> {
  const broken: Readonly<Record<string, string>> = {
    'an unknown key': config.replace('api_key:', 'api_kee:'),
    'a list for a key': config.replace('api_key: "${CANARY_KEY}"', 'api_key: ["${CANARY_KEY}"]'),
    'a key in the place of an address': config.replace(/listen: "[^"]*"/, 'listen: "${CANARY_KEY}"'),
    'a broken address': config.replace('@127', '@[127'),
    'half a file': `${config.slice(0, config.indexOf('"${CANARY_KEY}"') + 16)} }`,
    'no variable': config.replaceAll('CANARY_KEY', 'CANARY_NONE')
  }
  const results: [string, string][] = []
  for (const [name, text] of Object.entries(broken).filter((_, index) => some.includes(index))) {
    const file = join(folder, 'broken.yaml')
    writeFileSync(file, text)
    results.push([name, await printed('check', file)])
  }
  writeFileSync(join(folder, 'no-folder'), '')
  const noState = ['run', join(folder, 'config.yaml'), '--state-dir', join(folder, 'no-folder', 'state')]
  return [...results, ['a state that can not be', await printed(...noState)]]
}

function printed(...words: string[]): Promise<string> {
  const options = { env: { ...process.env, ...env, MCP_COLLECTOR_DEBUG: '1' }, timeout: 30_000 }
  return new Promise(done => execFile(process.execPath, [bin, ...words], options, (_, out, err) => done(out + err)))
}

function unsafeModes(folder: string): string[] {
  const paths = [folder, ...readdirSync(folder).map(name => join(folder, name))]
  return paths.filter(path => ((lstatSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0)
}

/** The server's reasons may quote a row, and stand with the dead letter: who may see those may see rows. */
const mayHoldLines = new Set(['dead letters'])

function leaks(seen: ReadonlyMap<string, string>): string[] {
  return [...seen].flatMap(([place, text]) => {
    const secrets = Object.entries(canaries).filter(([, secret]) => text.includes(secret))
    const lines = text.includes(inLines) && !mayHoldLines.has(place) ? ['a line'] : []
    const told = [...secrets.map(([name]) => `the secret "${name}"`), ...lines]
    const silent = text === '' ? [`${place} says nothing`] : []
    return [...told.map(what => `${place} tells ${what}`), ...silent]
  })
}
