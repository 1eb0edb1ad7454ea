import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { components } from '../../src/components.ts'
import { loadConfig } from '../../src/config/load.ts'
import { tempFolder } from '../fakes/folder.ts'

test('normalize says which of its time formats is wrong, and where', async () => {
  const path = join(tempFolder(), 'config.yaml')
  writeFileSync(
    path,
    `version: 1
inputs: { logs: { type: file, paths: [x.log] } }
outputs: { out: { type: stdout } }
process:
  - normalize:
      time_formats: ["%d.%m.%Y", "%d.%m.%Q", "%H:%M"]
`
  )
  const loaded = await loadConfig([path], { env: {}, components })
  expect('problems' in loaded && loaded.problems).toMatchObject([
    { line: 6, column: 34, message: expect.stringContaining('"%Q" means nothing') },
    { line: 6, column: 46, message: expect.stringContaining('a format names month and day') }
  ])
})
