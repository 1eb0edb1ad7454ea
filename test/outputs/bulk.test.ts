import { describe, expect, it } from 'vitest'
import { Verdict } from '../../src/core/outcome.ts'
import { judge, readBulkReply } from '../../src/outputs/elasticsearch/bulk.ts'
import { retryAfter } from '../../src/core/http-client.ts'

const there = (index: string): object => ({ create: { _index: index, status: 201 } })

describe('bulk verdict', () => {
  it.each<[number, string, string, Verdict | 'blocked']>([
    [201, '', '', Verdict.delivered],
    [200, '', '', Verdict.delivered],
    [409, 'version_conflict_engine_exception', '', Verdict.exists],
    [429, 'es_rejected_execution_exception', '', Verdict.retry],
    [429, 'circuit_breaking_exception', '', Verdict.retry],
    [429, 'cluster_block_exception', 'disk usage exceeded flood-stage watermark', 'blocked'],
    [403, 'cluster_block_exception', '', 'blocked'],
    [400, 'index_closed_exception', '', 'blocked'],
    [404, 'index_not_found_exception', '', 'blocked'],
    [403, 'security_exception', '', 'blocked'],
    [401, '', '', 'blocked'],
    [400, 'illegal_argument_exception', 'pipeline with id [x] does not exist', 'blocked'],
    [400, 'validation_exception', 'this action would add [2] shards', 'blocked'],
    [503, 'unavailable_shards_exception', '', Verdict.retry],
    [500, '', '', Verdict.retry],
    [400, 'document_parsing_exception', '', Verdict.refused],
    [400, 'illegal_argument_exception', 'Limit of total fields [1000] has been exceeded', Verdict.refused],
    [413, '', '', Verdict.refused]
  ])('of status %i %s %s', (status, type, reason, verdict) => {
    expect(judge({ status, type, reason })).toBe(verdict)
  })

  const created = { create: { status: 201 } }

  it('needs no parsing when all rows were created', () => {
    expect(readBulkReply(reply({ errors: false, items: [created, created, created] }), 3)?.verdict).toBeUndefined()
  })

  it('needs no parsing when all rows were created in one index', () => {
    const one = readBulkReply(reply({ errors: false, items: [there('a-1'), there('a-1'), there('a-1')] }), 3)
    expect(one).toMatchObject({ indices: 'a-1' })
    expect(one?.verdict).toBeUndefined()
    const two = readBulkReply(reply({ errors: false, items: [there('a-1'), there('a-2'), there('a-1')] }), 3)
    expect(two?.indices).toEqual(['a-1', 'a-2', 'a-1'])
    expect([...two!.verdict!]).toEqual(Array(3).fill(Verdict.delivered))
    expect(readBulkReply(reply({ errors: false, items: [there('a-1')] }), 2)).toBeUndefined()
  })

  it('is the same for a reply in another form', () => {
    const result = readBulkReply(Buffer.from(JSON.stringify({ took: 1, errors: false, items: [created] }, null, 2)), 1)
    expect([...result!.verdict!]).toEqual([Verdict.delivered])
  })

  it('is not trusted where items are missing, too many or without status', () => {
    expect(readBulkReply(reply({ errors: false, items: [created] }), 2)).toBeUndefined()
    expect(readBulkReply(reply({ errors: false, items: [created, created] }), 1)).toBeUndefined()
    expect(readBulkReply(reply({ errors: false, items: [{ create: {} }] }), 1)).toBeUndefined()
    expect(readBulkReply(reply({ errors: false, items: [null] }), 1)).toBeUndefined()
    expect(readBulkReply(reply({ error: 'x' }), 1)).toBeUndefined()
    expect(readBulkReply(Buffer.from('<html>'), 1)).toBeUndefined()
  })

  it('keeps the index of each row and counts what was set aside', () => {
    const items = [
      created,
      { create: { status: 201, failure_store: 'used' } },
      { create: { status: 400, error: { type: 'document_parsing_exception', reason: 'r' } } },
      { create: { status: 409, error: { type: 'version_conflict_engine_exception', reason: 'r' } } },
      { create: { status: 403, error: { type: 'cluster_block_exception', reason: 'r' } } }
    ]
    const result = readBulkReply(reply({ errors: true, items }), 5)!
    expect([...result.verdict!]).toEqual([
      Verdict.delivered,
      Verdict.delivered,
      Verdict.refused,
      Verdict.exists,
      Verdict.retry
    ])
    expect(result.setAside).toBe(1)
    expect([...result.refusals]).toEqual([[2, { status: 400, type: 'document_parsing_exception', reason: 'r' }]])
    expect(result.blocked).toMatchObject({ status: 403 })
  })

  it('reads Retry-After as seconds and as a date', () => {
    expect(retryAfter('3')).toBe(3000)
    expect(retryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 4000)).toBe(6000)
    expect(retryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 400_000)).toBe(0)
    expect(retryAfter('999999')).toBe(3_600_000)
    expect(retryAfter('soon')).toBeUndefined()
    expect(retryAfter(undefined)).toBeUndefined()
  })
})

function reply(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
