import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Built, builtTree } from './bench/built.ts'
import { execute, root } from './cli/command.ts'

const slowMs = 180_000
let built: Built
let program: string
let dir: string

beforeAll(() => {
  built = builtTree(root)
  program = join(built.path, 'bin', 'mcp-collector.js')
  dir = mkdtempSync(join(tmpdir(), 'built-'))
}, slowMs)

afterAll(() => {
  built.remove()
  rmSync(dir, { recursive: true })
})

test('the built package runs, in both of its threads', { timeout: slowMs }, async () => {
  writeFileSync(join(dir, 'a.log'), '{"msg":"one"}\n{"msg":"two"}\n')
  const config = join(dir, 'config.yaml')
  const input = `a: { type: file, paths: ["${dir}/*.log"] }`
  writeFileSync(
    config,
    `version: 1\ninputs: { ${input} }\noutputs: { rows: { type: stdout } }\nserver: { listen: 127.0.0.1:0 }\n`
  )
  const args = [program, 'run', config, '--state-dir', join(dir, 'state')]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  let out = ''
  for await (const piece of child.stdout) {
    out += String(piece)
    if (out.includes('two')) child.kill()
  }
  expect(out.match(/"(one|two)"/g)).toEqual(['"one"', '"two"'])
  expect(await ended).toEqual([0, null])
})

test('the built package has all components and verbs', { timeout: slowMs }, async () => {
  const { code, out } = await execute(process.execPath, [program, 'reference', '--json-schema'])
  expect({ code, properties: Object.keys(JSON.parse(out).properties) }).toMatchObject({
    code: 0,
    properties: expect.arrayContaining(['inputs', 'outputs', 'rules'])
  })
  for (const verb of ['run', 'check', 'rules', 'tail', 'verify', 'dlq', 'state'])
    expect(await execute(process.execPath, [program, verb, '--help'])).toMatchObject({ code: 0, err: '' })
})
