/** What identifies a series, in order of the alphabet. Labels with no value are not there. */
export type Labels = Readonly<Record<string, string>>

/** A number of a series at a time. */
export interface Sample {
  readonly labels: Labels
  readonly value: number
}
