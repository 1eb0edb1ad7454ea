import type { Batch } from '../../core/batch.ts'
import { Fate, Flag, Kind, Use } from '../../core/row.ts'
import type { Keys } from '../../core/keys.ts'
import type { Body } from '../../core/output.ts'
import type { Source } from '../../core/source.ts'
import { type Ends, type Fragment, copyFragment, copySpan, endsOf, fragment } from '../copy.ts'
import { type DocumentOptions, type Names, type SourceText, headOf, namesOf, sourceText } from './document.ts'
import { topKinds } from './ecs-fields.ts'
import { checkOf, idTail, writeIdTail } from '../row-id.ts'
import { SourceTexts } from '../source-texts.ts'
import { type KeyForm, KeyTexts } from '../key-texts.ts'
import { PlainRows } from './plain-rows.ts'
import { type RowTexts, rowTexts } from './row-texts.ts'
import { Timestamps, writeDecimal } from './timestamps.ts'
import { mostBytesOfRow } from './row-size.ts'
import { isFlatList, writeValue } from './values.ts'

const quote = 0x22
const objectStart = 0x7b

/** `,"name":` */
const memberNames: KeyForm = {
  textOf: name => fragment(`,${JSON.stringify(name)}:`),
  topKindsOf: topKinds
}

/**
 * Turns rows into documents, each behind its action line. Constant text is prepared once per source, level and flags; of a row
 * only spans are copied. Whatever the rows hold, every line is valid JSON without a duplicate key.
 */
export class DocumentEncoder {
  /** Called with the data stream of each source that is met, also again. */
  onStream: (stream: string) => void = () => {}
  readonly #options: DocumentOptions
  readonly #isOtel: boolean
  readonly #sources = new SourceTexts<SourceText>()
  readonly #keys: KeyTexts
  readonly #time: Timestamps
  readonly #timeAgain: Timestamps | undefined
  readonly #names: Names
  readonly #texts: RowTexts
  readonly #plain: PlainRows | undefined
  /** The fields of the row at hand that go under `attributes`. */
  #rest = new Int32Array(64)
  #ends: Ends = endsOf(Buffer.alloc(0), Buffer.alloc(0))

  constructor(options: DocumentOptions, keys: Keys) {
    this.#options = options
    this.#isOtel = options.schema === 'otel'
    this.#keys = new KeyTexts(keys, memberNames)
    const before = options.hasAction ? '"}}\n{"@timestamp":"' : '{"@timestamp":"'
    this.#time = new Timestamps(before)
    this.#timeAgain = options.schema === 'flat' ? new Timestamps('","timestamp":"') : undefined
    this.#names = namesOf[options.schema]
    this.#texts = rowTexts(this.#names, this.#isOtel)
    if (options.schema === 'ecs' && options.hasAction) {
      const head = (text: SourceText, level: number, flags: number) =>
        text.heads[flags]?.[level] ?? this.#learnHead(text, level, flags)
      this.#plain = new PlainRows(this.#names, before, head)
    }
  }

  encode(batch: Batch, body: Body): void {
    const text = this.#sources.get(batch.source) ?? this.#learn(batch.source)
    this.#keys.refresh()
    for (let row = 0; row < batch.rows; row++) {
      row = this.#plain?.write(batch, text, body, row) ?? row
      if (row < batch.rows && batch.fate[row] === Fate.kept) this.#encodeRow(batch, row, text, body)
    }
  }

  #encodeRow(batch: Batch, row: number, text: SourceText, body: Body): void {
    this.#reserve(batch, row, text, body)
    if (batch.bytes !== this.#ends.from || body.bytes !== this.#ends.into) this.#ends = endsOf(batch.bytes, body.bytes)
    body.at = this.#writeRow(batch, row, text, body.at)
    body.endRow(batch.positions[row]!, batch.lengths[row]!)
  }

  #learn(source: Source): SourceText {
    const text = sourceText(source, this.#options)
    this.#sources.set(source, text)
    this.onStream(text.stream)
    return text
  }

  /** Makes room for a row. The exact bound is asked for only where a rough one (no byte is written more than twice, escaped or
   * not) would make the body grow. */
  #reserve(batch: Batch, row: number, text: SourceText, body: Body): void {
    let most = text.most + 16 * (batch.ends[row]! - batch.starts[row]! + batch.used - batch.size)
    for (let field = batch.firstField[row]!; field >= 0; field = batch.fieldNext[field]!) {
      if (batch.fieldUse[field] === Use.attribute) most += this.#keys.text(batch.fieldKey[field]!).length + 32
    }
    if (body.at + most > body.bytes.length) body.reserve(mostBytesOfRow(batch, row, text, this.#keys))
  }

  #writeRow(batch: Batch, row: number, text: SourceText, at: number): number {
    const into = this.#ends.intoView
    if (this.#options.hasAction) {
      at = copyFragment(text.open, into, at)
      const check = checkOf(this.#ends.fromView, batch.starts[row]!, batch.ends[row]!)
      writeIdTail(batch.positions[row]!, batch.lengths[row]!, check, into, at)
      at += idTail
    }
    at = this.#writeTime(batch, row, at)
    const flags = batch.flags[row]!
    const level = batch.severity[row]!
    at = copyFragment(text.heads[flags]?.[level] ?? this.#learnHead(text, level, flags), into, at)
    return this.#isOtel ? this.#writeOtel(batch, row, text, at) : this.#writeEcs(batch, row, text, at)
  }

  #writeTime(batch: Batch, row: number, at: number): number {
    const ms = batch.time[row]!
    at = this.#time.write(ms, batch.nanos[row]!, batch.readTime, this.#ends.intoView, at)
    if (this.#timeAgain === undefined) return at
    return this.#timeAgain.write(ms, batch.nanos[row]!, batch.readTime, this.#ends.intoView, at)
  }

  #learnHead(text: SourceText, level: number, flags: number): Fragment {
    while (text.heads.length <= flags) text.heads.push([])
    const heads = text.heads[flags]!
    while (heads.length <= level) heads.push(undefined)
    return (heads[level] = headOf(text, level, flags, this.#options))
  }

  /** Schemas ecs and flat, from the number of `log.offset` on. */
  #writeEcs(batch: Batch, row: number, text: SourceText, at: number): number {
    const { intoView } = this.#ends
    at = writeDecimal(batch.positions[row]!, intoView, at)
    at = this.#writeColumn(batch.service, row, this.#texts.service, at)
    at = this.#writeColumn(batch.traceId, row, this.#texts.trace, at)
    at = this.#writeColumn(batch.spanId, row, this.#texts.span, at)
    at = this.#writeColumn(batch.agentId, row, this.#texts.agent, at)
    if (batch.errors[row] !== 0) at = copyFragment(this.#texts.errors[batch.errors[row]!]!, intoView, at)
    at = this.#writeMessage(batch, row, at)
    if (batch.firstField[row]! >= 0) at = this.#writeFields(batch, row, text, at)
    return copyFragment(this.#texts.end, intoView, at)
  }

  /** Schema otel, from the constants of `resource.attributes` on. */
  #writeOtel(batch: Batch, row: number, text: SourceText, at: number): number {
    const { into, intoView } = this.#ends
    // Where the source has no constant fields, the comma before service.name must go.
    if (text.constants === '') {
      const last = this.#writeColumn(batch.service, row, this.#texts.service, at)
      if (last > at) into.copyWithin(at, at + 1, last)
      at = last > at ? last - 1 : at
    } else at = this.#writeColumn(batch.service, row, this.#texts.service, at)
    at = copyFragment(text.middle, intoView, at)
    at = writeDecimal(batch.positions[row]!, intoView, at)
    at = this.#writeColumn(batch.agentId, row, this.#texts.agent, at)
    const flags = batch.flags[row]!
    if (flags !== 0) at = copyFragment(this.#texts.flags[flags]!, intoView, at)
    if (batch.errors[row] !== 0) at = copyFragment(this.#texts.errors[batch.errors[row]!]!, intoView, at)
    if (batch.firstField[row]! >= 0) at = this.#writeAllFields(batch, row, text, at)
    at = copyFragment(this.#texts.endAttributes, intoView, at)
    at = this.#writeColumn(batch.traceId, row, this.#texts.trace, at)
    at = this.#writeColumn(batch.spanId, row, this.#texts.span, at)
    at = this.#writeMessage(batch, row, at)
    return copyFragment(this.#texts.end, intoView, at)
  }

  #writeColumn(column: Batch['service'], row: number, before: Fragment, at: number): number {
    const kind = column.kind[row]!
    if (kind === Kind.absent) return at
    const { intoView } = this.#ends
    at = copyFragment(before, intoView, at)
    if (kind === Kind.plain) {
      intoView.setUint8(at, quote)
      at = copySpan(this.#ends.fromView, column.start[row]!, column.end[row]!, intoView, at + 1)
      intoView.setUint8(at, quote)
      return at + 1
    }
    return writeValue(this.#ends, kind, column.start[row]!, column.end[row]!, at)
  }

  #writeMessage(batch: Batch, row: number, at: number): number {
    const kind = batch.body.kind[row]!
    at = copyFragment(this.#texts.message, this.#ends.intoView, at)
    if (kind === Kind.absent) return writeValue(this.#ends, Kind.text, batch.starts[row]!, batch.ends[row]!, at)
    return writeValue(this.#ends, kind, batch.body.start[row]!, batch.body.end[row]!, at)
  }

  /** ECS fields at the top, all others under `attributes`. */
  #writeFields(batch: Batch, row: number, text: SourceText, at: number): number {
    let rest = 0
    const keys = this.#keys
    keys.startRow()
    for (let field = batch.firstField[row]!; field >= 0; field = batch.fieldNext[field]!) {
      if (batch.fieldUse[field] !== Use.attribute) continue
      const key = batch.fieldKey[field]!
      if ((keys.topKinds(key) & (1 << batch.fieldKind[field]!)) !== 0 && this.#staysOnTop(batch, row, field, text)) {
        at = this.#writeField(batch, field, keys.text(key), at)
        continue
      }
      if (rest === this.#rest.length) this.#rest = grown(this.#rest)
      this.#rest[rest++] = field
    }
    if (rest === 0) return at
    at = copyFragment(this.#texts.openAttributes, this.#ends.intoView, at)
    for (let i = 0; i < rest; i++) {
      const field = this.#rest[i]!
      // The comma of the first one is where the bracket goes.
      const first = at
      at = this.#writeField(batch, field, keys.text(keys.takeAttribute(batch, row, field)), at)
      if (i === 0) this.#ends.intoView.setUint8(first, objectStart)
    }
    return copyFragment(this.#texts.endAttributes, this.#ends.intoView, at)
  }

  #staysOnTop(batch: Batch, row: number, field: number, text: SourceText): boolean {
    const key = batch.fieldKey[field]!
    const isJson = batch.fieldKind[field] === Kind.json
    if (isJson && !isFlatList(batch.bytes, batch.fieldStart[field]!, batch.fieldEnd[field]!)) return false
    const hasOwn = text.claimsEcs || batch.errors[row] !== 0 || batch.flags[row] !== 0
    if (hasOwn && this.#isOurs(batch, row, this.#keys.name(key), text)) return false
    return this.#keys.takeTop(key)
  }

  /** Whether the document has a field of this name already, from its source or from what is known of the row. */
  #isOurs(batch: Batch, row: number, name: string, text: SourceText): boolean {
    if (text.claimed.has(name)) return true
    if (name === this.#names.error) return batch.errors[row] !== 0
    return name === this.#names.iostream && (batch.flags[row]! & Flag.stderr) !== 0
  }

  #writeAllFields(batch: Batch, row: number, text: SourceText, at: number): number {
    const keys = this.#keys
    keys.startRow()
    for (const name of text.inAttributes) keys.reserve(name)
    for (let field = batch.firstField[row]!; field >= 0; field = batch.fieldNext[field]!) {
      if (batch.fieldUse[field] !== Use.attribute) continue
      at = this.#writeField(batch, field, keys.text(keys.takeAttribute(batch, row, field)), at)
    }
    return at
  }

  #writeField(batch: Batch, field: number, name: Fragment, at: number): number {
    at = copyFragment(name, this.#ends.intoView, at)
    return writeValue(this.#ends, batch.fieldKind[field]!, batch.fieldStart[field]!, batch.fieldEnd[field]!, at)
  }
}

function grown(from: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const into = new Int32Array(from.length * 2)
  into.set(from)
  return into
}
