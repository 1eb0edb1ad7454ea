import { expect, test } from 'vitest'
import { components } from '../../src/components.ts'
import { type InputUnderTest, testInput } from '../contract/input.ts'

const newline = Buffer.from('\n')
const under: Readonly<Record<string, InputUnderTest>> = {
  file: { options: { paths: ['x.log'] }, line: text => Buffer.concat([text, newline]) },
  containers: { line: text => Buffer.concat([Buffer.from('2026-11-22T10:00:00.5Z stdout F '), text, newline]) },
  probe: { options: { targets: { a: { pid: 1 } } }, line: text => Buffer.concat([text, newline]) }
}

test('every input is under contract', () => {
  expect(Object.keys(under).toSorted()).toEqual(Object.keys(components.inputs).toSorted())
})

for (const [name, load] of Object.entries(components.inputs)) testInput(await load(), under[name]!)
