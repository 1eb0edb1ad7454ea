import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../fakes/folder.ts'
import { execute, root } from './command.ts'

const wrapper = join(root, 'bin', 'mcp-collector.js')

describe('a start that fails', () => {
  test.each(['server', 'metrics'])('tells a port of %s in use at once, not after the time to drain', async section => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const began = performance.now()
    const listen = section === 'server' ? '' : 'server: { listen: "127.0.0.1:0" }\n'
    const { code, out, err } = await run(`${listen}${section}: { listen: "127.0.0.1:${port}" }\n`)
    other.close()
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain(
      `error: Cannot listen on "127.0.0.1:${port}": another program listens there: stop it, or set "${section}.listen"`
    )
    expect(performance.now() - began).toBeLessThan(20_000)
  })
})

/** Runs a collector on a file with a line, with more configuration. */
function run(more: string): ReturnType<typeof execute> {
  const folder = tempFolder()
  writeFileSync(join(folder, 'agent.log'), 'a line\n')
  const config = join(folder, 'agent.yaml')
  const collector = 'collector: { state_dir: state, drain_timeout: 2m }'
  const ends = 'inputs: { agent: { type: file, paths: [agent.log] } }\noutputs: { nowhere: { type: "null" } }'
  writeFileSync(config, `version: 1\n${collector}\n${ends}\n${more}`)
  return execute(process.execPath, [wrapper, 'run', config])
}
