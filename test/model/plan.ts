import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { components } from '../../src/components.ts'
import { loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problems.ts'
import { type Plan, planOf } from '../../src/pipeline/plan.ts'
import { tempFolder } from '../fakes/folder.ts'
import { randomOf } from '../fakes/random.ts'

/** So little that rows wait for room now and then. */
const delivery = {
  batchBytes: 4096,
  flushMs: 100,
  maxInFlightBytes: 16_384,
  maxConcurrency: 2,
  retryMinMs: 100,
  retryMaxMs: 1000
}

const loaded = new Map<string, Promise<Plan>>()

/** One input that follows `/logs/<pattern>`, one output; the bytes of the lines go through as they are. */
export async function modelPlan(pattern: string): Promise<Plan> {
  const known = loaded.get(pattern) ?? load(pattern)
  loaded.set(pattern, known)
  const plan = await known
  // chance, the same whenever a sequence is played
  const chance = { random: randomOf(1) }
  return {
    ...plan,
    pipelines: plan.pipelines.map(pipeline => ({ ...pipeline, process: [] })),
    outputs: plan.outputs.map(one => ({ ...one, delivery: { ...one.delivery, ...delivery, ...chance } }))
  }
}

async function load(pattern: string): Promise<Plan> {
  const path = join(tempFolder(), 'config.yaml')
  const input = `{ type: file, paths: ["/logs/${pattern}"], parser: raw, ignore_older: 0s }`
  const output = '{ type: "null", start_from: beginning }'
  writeFileSync(
    path,
    `version: 1\ncollector: { state_dir: state }\ninputs: { logs: ${input} }\noutputs: { out: ${output} }\n`
  )
  const config = await loadConfig([path], { env: {}, components })
  if ('config' in config) return planOf(config.config)
  throw new Error(config.problems.map(formatProblem).join('\n'))
}
