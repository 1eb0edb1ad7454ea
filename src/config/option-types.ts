import { z } from 'zod'

/**
 * The kinds of values that options have. Every builder takes the sentence for the reference first; durations arrive in code as
 * milliseconds, sizes as bytes.
 */
export interface OptionTypes {
  text(about: string): z.ZodString
  flag(about: string): z.ZodBoolean
  count(about: string, range?: { min?: number; max?: number }): z.ZodNumber
  /** `500ms`, `30s`, `5m`, `24h`, `7d`. */
  duration(about: string): z.ZodType<number, string | number>
  /** `512`, `64KiB`, `5MiB`, `1GiB`, also `MB`. */
  size(about: string): z.ZodType<number, string | number>
  choice<const T extends readonly [string, ...string[]]>(about: string, values: T): z.ZodEnum<{ [K in T[number]]: K }>
  list<T extends z.ZodType>(about: string, item: T): z.ZodArray<T>
  map<T extends z.ZodType>(about: string, value: T): z.ZodRecord<z.ZodString, T>
  group<S extends z.ZodRawShape>(about: string, shape: S): z.ZodObject<S>
  z: typeof z
}
