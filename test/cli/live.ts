import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import type { CollectorStatus } from '../../src/pipeline/collector.ts'
import { tempFolder } from '../fakes/folder.ts'
import { execute, type Finished, root } from './command.ts'

const wrapper = join(root, 'bin', 'mcp-collector.js')

/** A folder with a configuration, and the program as its users run it there. */
export class Site {
  readonly folder = tempFolder()

  /** Lines of YAML behind `version` and the state directory. */
  configure(yaml: string): void {
    const listen = yaml.includes('server:') ? '' : 'server: { listen: "127.0.0.1:0" }\n'
    const head = 'version: 1\ncollector: { state_dir: state, drain_timeout: 2m }\n'
    writeFileSync(join(this.folder, 'agent.yaml'), `${head}${listen}${yaml}\n`)
  }

  /** Runs a verb to its end. */
  execute(...args: string[]): Promise<Finished> {
    return execute(process.execPath, [wrapper, ...args])
  }

  get config(): string {
    return join(this.folder, 'agent.yaml')
  }

  get stateDir(): string {
    return join(this.folder, 'state')
  }

  /** A collector that runs until the test ends or `stop` is called; resolves once it follows. */
  async start(...options: string[]): Promise<Live> {
    const child = spawn(process.execPath, [wrapper, 'run', this.config, ...options], {
      stdio: ['ignore', 'pipe', 'pipe']
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    let err = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk))
    const closed = Promise.all([once(child, 'close'), text(child.stdout)])
    const said = async (part: string): Promise<string> => {
      while (!err.includes(part) && child.exitCode === null) await once(child.stderr, 'data')
      return err
    }
    await said('"Started"')
    return {
      said,
      pid: child.pid!,
      status: async () => {
        const { out } = await this.execute('status', '--json', '--state-dir', this.stateDir)
        return JSON.parse(out) as CollectorStatus
      },
      kill: () => void child.kill('SIGKILL'),
      stop: async () => {
        child.kill('SIGTERM')
        const [[code], out] = await closed
        return { code: code as number, out, err }
      }
    }
  }
}

interface Live {
  readonly pid: number
  /** Resolves with its log once that has this part. */
  said(part: string): Promise<string>
  status(): Promise<CollectorStatus>
  /** SIGKILL. */
  kill(): void
  stop(): Promise<Finished>
}
