/** A query as a tree. Places are offsets in its text. */
export interface LogQuery {
  readonly matchers: readonly TextFilter[]
  readonly stages: readonly Stage[]
}

export type Stage = LineFilter | LabelFilter | RowStage

/** A stage that gives a row other labels, or another line. */
export type RowStage =
  | { readonly kind: 'json'; readonly fields: readonly Extraction[]; readonly at: number }
  | {
      readonly kind: 'logfmt'
      readonly isStrict: boolean
      readonly keepsEmpty: boolean
      readonly fields: readonly Extraction[]
      readonly at: number
    }
  | { readonly kind: 'pattern' | 'regexp' | 'lineFormat'; readonly text: Text }
  | { readonly kind: 'unpack'; readonly at: number }
  | { readonly kind: 'decolorize' }
  | { readonly kind: 'labelFormat'; readonly label: string; readonly from: string | Text }
  | { readonly kind: 'drop' | 'keep'; readonly labels: readonly (string | TextFilter)[] }

/** A label, and where its value stands. */
export interface Extraction {
  readonly label: string
  readonly path: Text
}

export type TextOperator = '=' | '!=' | '=~' | '!~'
export type NumberOperator = '==' | '!=' | '>' | '>=' | '<' | '<='

/** A text in a query; `at` is where its content begins. */
export interface Text {
  readonly value: string
  readonly at: number
}

/** `|= "a" or "b"`: rows whose line has one of the texts; with `!=`, that have none of them. */
export interface LineFilter {
  readonly kind: 'line'
  readonly operator: '|=' | '!=' | '|~' | '!~'
  readonly any: readonly { readonly text: Text; readonly isIp: boolean }[]
}

export interface TextFilter {
  readonly kind: 'text'
  readonly label: string
  readonly operator: TextOperator
  readonly text: Text
}

export interface NumberFilter {
  readonly kind: 'number'
  readonly label: string
  readonly operator: NumberOperator
  /** Durations are nanoseconds, sizes bytes. */
  readonly unit: 'number' | 'duration' | 'bytes'
  readonly value: number
}

export interface IpFilter {
  readonly kind: 'ip'
  readonly label: string
  readonly isNegated: boolean
  readonly text: Text
}

export type LabelFilter =
  | TextFilter
  | NumberFilter
  | IpFilter
  | { readonly kind: 'and' | 'or'; readonly left: LabelFilter; readonly right: LabelFilter }

/** Why a query can not be used, and where in it. */
export class QueryFault extends Error {
  readonly at: number
  constructor(message: string, at: number) {
    super(message)
    this.at = at
  }
}
