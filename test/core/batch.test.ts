import { describe, expect, it } from 'vitest'
import { Batch } from '../../src/core/batch.ts'
import { Fate, Kind, Use } from '../../src/core/row.ts'

const columns = ['service', 'traceId', 'spanId', 'agentId', 'body'] as const

function fieldsOf(batch: Batch, row: number): [key: number, start: number, end: number, kind: number, use: number][] {
  const fields: ReturnType<typeof fieldsOf> = []
  for (let field = batch.firstField[row]!; field >= 0; field = batch.fieldNext[field]!) {
    const { fieldKey, fieldStart, fieldEnd, fieldKind, fieldUse } = batch
    fields.push([fieldKey[field]!, fieldStart[field]!, fieldEnd[field]!, fieldKind[field]!, fieldUse[field]!])
  }
  return fields
}

describe('batch', () => {
  it('keeps all that rows have when it grows', () => {
    const batch = new Batch(Buffer.alloc(8))
    const rows = 20_000
    for (let row = 0; row < rows; row++) {
      expect(batch.addRow(row, row + 1, row * 2 ** 33, row + 2, row + 3)).toBe(row)
      batch.flags[row] = row & 255
      batch.time[row] = row / 2
      batch.nanos[row] = row
      batch.severity[row] = row % 25
      for (const name of columns) {
        batch[name].start[row] = row
        batch[name].end[row] = row + 1
        batch[name].kind[row] = Kind.plain
      }
      for (let field = 0; field < row % 4; field++) batch.addField(row, field, row, row + field, Kind.number)
    }
    expect(batch.rows).toBe(rows)
    for (let row = 0; row < rows; row += 7) {
      const { starts, ends, positions, lengths, mark, flags, time, nanos, severity, fate } = batch
      const numbers = [starts, ends, positions, lengths, mark, flags, time, nanos, severity, fate].map(one => one[row])
      const wanted = [row, row + 1, row * 2 ** 33, row + 2, row + 3, row & 255, row / 2, row, row % 25, Fate.kept]
      expect(numbers).toEqual(wanted)
      for (const name of columns) {
        const { start, end, kind } = batch[name]
        expect([start[row], end[row], kind[row]]).toEqual([row, row + 1, Kind.plain])
      }
      const fields = Array.from({ length: row % 4 }, (_, i) => [i, row, row + i, Kind.number, Use.attribute])
      expect(fieldsOf(batch, row)).toEqual(fields)
    }
  })

  it('starts each row without anything of the row that had its place', () => {
    const batch = new Batch(Buffer.alloc(8))
    batch.addRow(0, 1, 0, 1, 0)
    batch.addField(0, 1, 2, 3, Kind.text)
    batch.flags[0] = 255
    batch.errors[0] = 1
    batch.fate[0] = Fate.filtered
    batch.severity[0] = 9
    for (const name of columns) batch[name].kind[0] = Kind.text
    batch.clear()
    batch.addRow(0, 1, 0, 1, 0)
    const { flags, errors, fate, severity } = batch
    expect([flags, errors, fate, severity].map(one => one[0])).toEqual([0, 0, Fate.kept, 0])
    expect(columns.map(name => batch[name].kind[0])).toEqual(columns.map(() => Kind.absent))
    expect(fieldsOf(batch, 0)).toEqual([])
  })

  it('takes the fields of its last row back', () => {
    const batch = new Batch(Buffer.alloc(8))
    batch.addRow(0, 1, 0, 1, 0)
    batch.addField(0, 1, 0, 1, Kind.text)
    batch.addRow(1, 2, 1, 1, 0)
    const before = batch.fields
    batch.addField(1, 2, 0, 1, Kind.text)
    batch.addField(1, 3, 0, 1, Kind.text)
    batch.dropFields(1, before)
    batch.addField(1, 4, 0, 1, Kind.text)
    expect(fieldsOf(batch, 0).map(([key]) => key)).toEqual([1])
    expect(fieldsOf(batch, 1).map(([key]) => key)).toEqual([4])
  })

  it('keeps chunk and overlay when the overlay grows', () => {
    const batch = new Batch(Buffer.from('chunk'))
    batch.size = 5
    batch.clear()
    const places = ['one', 'two', 'three'.repeat(100)].map(text => {
      const at = batch.overlay(text.length)
      batch.bytes.write(text, at)
      return [at, at + text.length, text] as const
    })
    expect(batch.text(0, 5)).toBe('chunk')
    for (const [start, end, text] of places) expect(batch.text(start, end)).toBe(text)
    expect(batch.used).toBe(5 + 6 + 500)
    batch.clear()
    expect(batch.used).toBe(5)
  })
})
