/** Runs a session around a `FakeCollector`, as a process of its own: `node session.ts <state dir> <output type>`. */
import type { Config } from '../../src/config/config.ts'
import { report } from '../../src/cli/main.ts'
import { openLog } from '../../src/cli/log.ts'
import { runSession, type Session } from '../../src/cli/session.ts'
import { processTerminal } from '../../src/cli/terminal.ts'
import { FakeCollector } from './collector.ts'

const [stateDir = '', use = 'null', stop = 'prompt'] = process.argv.slice(2)
const terminal = processTerminal()
const collector = new FakeCollector(stateDir)
collector.problems = [{ input: 'agent', path: '/var/log/secure\u001b[2J', reason: 'Permission denied' }]
if (stop === 'hangs') collector.stop = () => new Promise(() => {})
if (stop === 'dies') collector.start = () => collector.fail(new Error('shard 0 died'))
const config = {
  collector: { stateDir },
  outputs: [{ name: 'out', use }],
  server: { listen: { host: '127.0.0.1', port: 0 } },
  log: { level: 'info' }
} as unknown as Config

try {
  const log = await openLog('info', terminal.err)
  collector.onReload = calls => log.info(calls.join())
  const open: Session['open'] = () => Promise.resolve(collector)
  const load: Session['load'] = () => Promise.resolve({ config })
  process.exit(await runSession({ config, open, load, watch: undefined, terminal, log }))
} catch (error) {
  process.exit(report(error, terminal))
}
