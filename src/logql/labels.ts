import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { Kind } from '../core/row.ts'
import type { Source } from '../core/source.ts'
import { severityTexts } from '../scan/severity.ts'
import { ColumnLabel, columns, Label } from './label.ts'
import { AgentLabel, ClockLabel } from './made-labels.ts'
import { type Json, clockOffset, kinshipOf, Kinship, memberValue, resourceValue } from './names.ts'

const nothing = Buffer.alloc(0)
const levels = severityTexts.map(text => Buffer.from(text))

/** What a stage could not do with a row; by number, as rows carry it. */
export const rowErrors = [
  '',
  'LabelFilterErr',
  'JSONParserErr',
  'LogfmtParserErr',
  'RegexpParserErr',
  'SampleExtractionErr'
] as const
export type RowError = (typeof rowErrors)[number]
const errorTexts = rowErrors.map(text => Buffer.from(text))

export function labelFor(name: string, keys: Keys): Label {
  if (name === '__error__') return new ErrorLabel()
  if (name === clockOffset) return new ClockLabel()
  if (name === 'level') return new LevelLabel()
  if (name === 'agent_id') return new AgentLabel()
  if (Object.hasOwn(columns, name)) return new ColumnLabel(columns[name as keyof typeof columns])
  return new FieldLabel(name, keys)
}

class ErrorLabel extends Label {
  #errors: Uint8Array = nothing

  open(_: Batch, errors: Uint8Array): void {
    this.#errors = errors
  }

  find(row: number): boolean {
    const text = errorTexts[this.#errors[row]!]!
    return this.set(text, 0, text.length) && text.length > 0
  }
}

class LevelLabel extends Label {
  #severity: Uint8Array = nothing

  open({ severity }: Batch): void {
    this.#severity = severity
  }

  find(row: number): boolean {
    const text = levels[this.#severity[row]!]!
    return this.set(text, 0, text.length) && text.length > 0
  }
}

/** A constant field of the source, else a field of the row. */
class FieldLabel extends Label {
  readonly #name: string
  readonly #keys: Keys
  /** By key id. */
  #kinship = new Uint8Array(1024)
  #known = 0
  /** Some key is the label, or may hold it. */
  #hasKin = false
  #generation = -1
  #source: Source | undefined
  #batch!: Batch

  constructor(name: string, keys: Keys) {
    super()
    this.#name = name
    this.#keys = keys
  }

  open(batch: Batch): void {
    this.#batch = batch
    this.#learnKeys()
    if (batch.source !== this.#source) {
      this.#source = batch.source
      const value = resourceValue(this.#name, batch.source.resource)
      this.isConstant = value !== undefined
      if (value !== undefined) this.setText(value)
    }
    this.isAbsent = !this.isConstant && !this.#hasKin
  }

  find(row: number): boolean {
    if (this.isConstant) return true
    if (!this.#hasKin) return this.setNone()
    const { firstField, fieldNext, fieldKey, fieldKind, fieldStart, fieldEnd } = this.#batch
    const kinship = this.#kinship
    let hasOuter = false
    for (let field = firstField[row]!; field >= 0; field = fieldNext[field]!) {
      const kin = kinship[fieldKey[field]!]
      if (kin === Kinship.same && fieldKind[field]! < Kind.null)
        return this.setSpan(this.#batch, fieldKind[field]!, fieldStart[field]!, fieldEnd[field]!)
      if (kin === Kinship.outer && fieldKind[field] === Kind.json) hasOuter = true
    }
    return hasOuter ? this.#findInObjects(row) : this.setNone()
  }

  #findInObjects(row: number): boolean {
    const { firstField, fieldNext, fieldKey, fieldKind, fieldStart, fieldEnd } = this.#batch
    for (let field = firstField[row]!; field >= 0; field = fieldNext[field]!) {
      const key = fieldKey[field]!
      if (this.#kinship[key] !== Kinship.outer || fieldKind[field] !== Kind.json) continue
      const json = this.#batch.text(fieldStart[field]!, fieldEnd[field]!)
      const found = json.startsWith('{')
        ? memberValue({ [this.#keys.names[key]!]: JSON.parse(json) as Json }, this.#name)
        : undefined
      if (found !== undefined) return this.setText(found)
    }
    return this.setNone()
  }

  #learnKeys(): void {
    const { names, generation } = this.#keys
    if (generation !== this.#generation) {
      this.#known = 0
      this.#hasKin = false
    }
    this.#generation = generation
    if (names.length > this.#kinship.length) {
      const larger = new Uint8Array(names.length * 2)
      larger.set(this.#kinship)
      this.#kinship = larger
    }
    for (let key = this.#known; key < names.length; key++) {
      const kin = kinshipOf(names[key]!, this.#name)
      this.#kinship[key] = kin
      if (kin !== Kinship.none) this.#hasKin = true
    }
    this.#known = names.length
  }
}
