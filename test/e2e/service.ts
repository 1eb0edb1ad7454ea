import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'

const root = resolve(import.meta.dirname, '../..')
const services = resolve(root, process.env['MCP_COLLECTOR_SERVICES'] ?? '../shared/services')

type Name = 'alertmanager' | 'otelcol' | 'prometheus'

export function canStart(name: Name): boolean {
  return existsSync(join(services, name, 'start.sh'))
}

/** Where it is built first, a server takes minutes to start. */
export const buildMs = 900_000

/** A server of these tests, which they may stop and start. */
export class Service {
  readonly url: string
  readonly #name: Name
  readonly #folder: string
  /** The one that tells whether it is ready, and more where it has some. */
  readonly #ports: readonly number[]
  readonly #options: readonly string[]

  private constructor(name: Name, folder: string, ports: readonly number[], config: string | undefined) {
    this.url = `http://127.0.0.1:${ports[0]}`
    this.#name = name
    this.#folder = folder
    this.#ports = ports
    this.#options = config === undefined ? [] : ['--config', join(folder, 'config.yml')]
    if (config !== undefined) writeFileSync(join(folder, 'config.yml'), config)
  }

  /** `ports`: those that its configuration names. */
  static async start(name: Name, config?: string, ports?: readonly number[]): Promise<Service> {
    const folder = mkdtempSync(join(tmpdir(), `mcp-collector-${name}-`))
    const service = new Service(name, folder, ports ?? [await freePort()], config)
    await service.startAgain().catch((error: unknown) => {
      rmSync(folder, { recursive: true, force: true })
      throw error
    })
    return service
  }

  /** At the same address. */
  async startAgain(): Promise<void> {
    await this.#run('start', '--port', this.#ports.join(','), '--daemon', ...this.#options)
  }

  async stop(): Promise<void> {
    await this.#run('stop')
  }

  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** The folder of its program, where its tools are, too. It has to run. */
  get programs(): string {
    const pid = readFileSync(join(this.#folder, `${this.#name}.pid`), 'utf8').trim()
    return dirname(readlinkSync(`/proc/${pid}/exe`))
  }

  async get(path: string): Promise<unknown> {
    const response = await fetch(this.url + path)
    if (!response.ok) throw new Error(`Cannot get "${path}" of ${this.#name}: status ${response.status}`)
    return response.json()
  }

  async #run(verb: string, ...words: string[]): Promise<void> {
    await promisify(execFile)(join(services, this.#name, 'start.sh'), [verb, '--data', this.#folder, ...words])
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise(done => server.close(done))
  return port
}

/** Asks until the answer satisfies; throws with the last one. */
export async function eventually<T>(ask: () => Promise<T> | T, isRight: (answer: T) => boolean, withinMs = 120_000) {
  const end = performance.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (isRight(answer)) return answer
    if (performance.now() > end) throw new Error(`Not within ${withinMs / 1000} s; it is ${JSON.stringify(answer)}`)
    await new Promise(done => setTimeout(done, 100))
  }
}
