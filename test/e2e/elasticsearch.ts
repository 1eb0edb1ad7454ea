import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const root = resolve(import.meta.dirname, '../..')
const services = resolve(root, process.env['MCP_COLLECTOR_SERVICES'] ?? '../shared/services')
const scripts = join(services, 'elasticsearch')

/** Whether tests can start servers of their own, with settings of their own. */
export const canStartServers = existsSync(join(scripts, 'start.sh'))

/** An Elasticsearch on this machine that the tests may stop and start. */
export class Elasticsearch {
  readonly url: string
  readonly #folder: string
  readonly #settings: readonly string[]

  private constructor(url: string, folder: string, settings: readonly string[]) {
    this.url = url
    this.#folder = folder
    this.#settings = settings
  }

  /** `settings`: `name=value`, as in elasticsearch.yml. */
  static async start(...settings: string[]): Promise<Elasticsearch> {
    if (!canStartServers) {
      throw new Error(
        'There is no Elasticsearch to test with: set ELASTICSEARCH_URL, or MCP_COLLECTOR_SERVICES to a folder with elasticsearch/start.sh'
      )
    }
    const folder = mkdtempSync(join(tmpdir(), 'mcp-collector-elasticsearch-'))
    try {
      return new Elasticsearch(await run('start.sh', '0', folder, '--daemon', ...settings), folder, settings)
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  async stop(): Promise<void> {
    await run('stop.sh', this.#folder)
  }

  /** Starts again what was stopped, at the same address, with the same data. */
  async startAgain(): Promise<void> {
    await run('start.sh', new URL(this.url).port, this.#folder, '--daemon', ...this.#settings)
  }

  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Runs one of the scripts and returns the last line that it printed. */
async function run(script: string, ...words: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(join(scripts, script), words)
  return stdout.trim().split('\n').at(-1) ?? ''
}
