import { Flag, parseErrors } from '../../core/row.ts'
import type { Resource, Source } from '../../core/source.ts'
import { severityTexts } from '../../scan/severity.ts'
import { type Fragment, fragmentOf } from '../copy.ts'
import { flagNamesOf } from '../row-flags.ts'
import { bytesField, keyValue, textAttribute, textValue } from './wire.ts'

export interface RecordOptions {
  readonly hostName: string
  /** Of all rows, unless their source says otherwise. */
  readonly resource: Resource
}

/** What all records of a source have. */
export interface SourceBytes {
  /** Attributes of the resource, but for the service. */
  readonly resource: Fragment
  /** The service of rows that name none; empty: none. */
  readonly service: Fragment
  /** `log.record.uid` up to the place in the source, and its length there. */
  readonly uid: Fragment
  /** Attributes of records: the names of files. */
  readonly attributes: Fragment
  /** Names of these attributes. */
  readonly names: readonly string[]
  /** The most bytes of a record without what its row says. */
  readonly most: number
  /** The likely ones. */
  readonly likely: number
}

const attributeField = 6
/** Of a record without its source and what its row says. */
const mostRest = 1024
const likelyRest = 324
export const uidName = 'log.record.uid'

export function sourceBytes(source: Source, { hostName, resource }: RecordOptions, idTail: number): SourceBytes {
  const all = Object.entries({ 'host.name': hostName, ...resource, ...source.resource }).filter(
    ([name, value]) => name !== '' && value !== '' && name !== 'service.name'
  )
  const ofLog = all.filter(([name]) => name.startsWith('log.'))
  const ofResource = all.filter(([name]) => !name.startsWith('log.'))
  const service = source.service || source.resource['service.name'] || resource['service.name'] || ''
  const uid = keyValue(uidName, textValue(source.id + ' '.repeat(idTail)))
  const bytes = {
    resource: fragmentOf(Buffer.concat(ofResource.map(([name, value]) => bytesField(1, textAttribute(name, value))))),
    service: service === '' ? nothing : fragmentOf(bytesField(1, textAttribute('service.name', service))),
    uid: fragmentOf(bytesField(attributeField, uid).subarray(0, -idTail)),
    attributes: fragmentOf(Buffer.concat(ofLog.map(([name, value]) => attribute(textAttribute(name, value)))))
  }
  const size = Object.values(bytes).reduce((sum, { length }) => sum + length, 0)
  return { ...bytes, names: ofLog.map(([name]) => name), most: size + mostRest, likely: size + likelyRest }
}
const nothing = fragmentOf(new Uint8Array())

/** By severity number: number and text. */
export const severities: readonly Fragment[] = severityTexts.map((text, number) =>
  fragmentOf(number === 0 ? new Uint8Array() : Buffer.concat([Uint8Array.of(0x10, number), bytesField(3, text)]))
)

/** By index of `parseErrors`. */
export const errors: readonly Fragment[] = parseErrors.map(error =>
  fragmentOf(attribute(textAttribute('error.type', error)))
)

/** What a record says of the flags of its row. */
interface FlagSet {
  readonly attributes: Fragment
  /** Names of these. */
  readonly names: readonly string[]
}

/** By flags of the row: `log.flags`, and `log.iostream` where it is not standard output. */
export const flagSets: readonly FlagSet[] = Array.from({ length: 256 }, (_, flags) => {
  const flagNames = flagNamesOf(flags)
  const list = bytesField(5, Buffer.concat(flagNames.map(name => bytesField(1, textValue(name)))))
  const written = new Map<string, Uint8Array>()
  if (flagNames.length > 0) written.set('log.flags', list)
  if ((flags & Flag.stderr) !== 0) written.set('log.iostream', textValue('stderr'))
  const attributes = [...written].map(([name, value]) => attribute(keyValue(name, value)))
  return { attributes: fragmentOf(Buffer.concat(attributes)), names: [...written.keys()] }
})

/** ScopeLogs begins with it. */
export const scope: Fragment = fragmentOf(bytesField(1, bytesField(1, 'mcp-collector')))

function attribute(content: Uint8Array): Buffer {
  return bytesField(attributeField, content)
}
