import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hostIdOf } from '../../src/pipeline/host-id.ts'
import { tempFolder } from '../fakes/folder.ts'

const machine = '0123456789abcdef0123456789abcdef'

describe('host id', () => {
  it('is the id of the machine where it has one', () => {
    const folder = tempFolder()
    const file = join(folder, 'machine-id')
    writeFileSync(file, `${machine}\n`)
    expect(hostIdOf(join(folder, 'state'), file)).toBe(machine)
    expect(readdirSync(folder)).toEqual(['machine-id'])
  })

  it('is made once otherwise, and kept for its owner alone', () => {
    const state = join(tempFolder(), 'state')
    const id = hostIdOf(state, join(state, 'none'))
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    expect(hostIdOf(state, join(state, 'none'))).toBe(id)
    expect(readdirSync(state)).toEqual(['host-id'])
    expect(statSync(join(state, 'host-id')).mode & 0o777).toBe(0o600)
  })

  it.each(['', '\n', '\0\0\0\0', machine.slice(4), 'uninitialized\n'])('is made anew where a crash left %j', text => {
    const folder = tempFolder()
    const path = join(folder, 'host-id')
    writeFileSync(path, text)
    writeFileSync(`${path}.new`, 'half of')
    writeFileSync(join(folder, 'machine-id'), text)
    const id = hostIdOf(folder, join(folder, 'machine-id'))
    expect(readFileSync(path, 'utf8')).toBe(`${id}\n`)
    expect(hostIdOf(folder, join(folder, 'machine-id'))).toBe(id)
  })

  it('is not made anew where it can not be read: another id would send every row again', () => {
    const folder = tempFolder()
    mkdirSync(join(folder, 'host-id'))
    expect(() => hostIdOf(folder, folder)).toThrow('EISDIR')
  })
})
