import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Keys } from '../../src/core/keys.ts'

/** More names than the table of slots has places, and more than `trim` lets stay. */
const many = 20_000

function find(keys: Keys, name: string): number {
  const bytes = Buffer.from(`"${name}"`)
  return keys.find(bytes, 1, bytes.length - 1)
}

describe('keys', () => {
  it('give each name one dense id, however it is asked for', () => {
    const names = fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 60 })
    fc.assert(
      fc.property(names, fc.infiniteStream(fc.boolean()), (list, choices) => {
        const keys = new Keys()
        const ids = list.map(name => (choices.next().value ? keys.add(name) : find(keys, name)))
        expect(ids).toEqual(list.map((_, index) => index))
        expect(list.map(name => find(keys, name))).toEqual(ids)
        expect(list.map(name => keys.add(name))).toEqual(ids)
        expect(keys.names).toEqual(list)
      })
    )
  })

  it('tell names apart that share a slot', () => {
    const keys = new Keys()
    // length, first, middle and last byte are the same
    const twins = ['a--bb--c', 'a++bb++c', 'a==bb==c']
    const ids = twins.map(name => find(keys, name))
    expect(new Set(ids).size).toBe(3)
    for (let again = 0; again < 3; again++) expect(twins.map(name => find(keys, name))).toEqual(ids)
  })

  it('know the empty name, names of objects, and names that no table has room for', () => {
    const keys = new Keys()
    const names = [
      '',
      '__proto__',
      'constructor',
      'hasOwnProperty',
      'toString',
      '\u0000',
      'x'.repeat(100_000),
      '\ufeff'
    ]
    const ids = names.map(name => find(keys, name))
    expect(ids).toEqual(names.map((_, index) => index))
    expect(keys.names).toEqual(names)
    for (const [id, name] of names.entries()) {
      const bytes = Buffer.from(name)
      expect(keys.matches(id, bytes, 0, bytes.length)).toBe(true)
      expect(keys.matches(id, Buffer.concat([bytes, bytes, Buffer.from('x')]), 0, bytes.length * 2 + 1)).toBe(false)
    }
  })

  it('give bytes that are not UTF-8 an id too', () => {
    const keys = new Keys()
    const bytes = Buffer.from([0x61, 0xff, 0x62])
    const id = keys.find(bytes, 0, 3)
    expect(keys.find(bytes, 0, 3)).toBe(id)
    expect(keys.names[id]).toBe('a\ufffdb')
  })

  it('forget everything once the names are too long', () => {
    const keys = new Keys()
    for (let i = 0; i < 10; i++) find(keys, `${i}`.repeat(1_000_000))
    expect(keys.generation).toBe(0)
    keys.trim()
    expect(keys.generation).toBe(1)
    expect(keys.bytes.length).toBeLessThan(100_000)
    expect(find(keys, 'next')).toBe(0)
    keys.trim()
    expect(keys.names).toEqual(['next'])
  })

  it('forget everything once there are too many, and never in between', () => {
    const keys = new Keys()
    keys.trim()
    const first = find(keys, 'name 0')
    for (let i = 1; i < many; i++) find(keys, `name ${i}`)
    expect(keys.generation).toBe(0)
    expect(find(keys, 'name 0')).toBe(first)
    keys.trim()
    expect(keys.generation).toBe(1)
    expect(keys.names).toEqual([])
    expect(find(keys, `name ${many - 1}`)).toBe(0)
    expect(find(keys, 'name 0')).toBe(1)
    keys.trim()
    expect(keys.generation).toBe(1)
    expect(keys.names).toEqual([`name ${many - 1}`, 'name 0'])
  })
})
