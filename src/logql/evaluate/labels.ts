import type { Labels } from './sample.ts'

/** Equal for labels that are equal. */
export function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels))
}

export function labelsOnly(labels: Labels, names: readonly string[]): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => names.includes(name)))
}

export function labelsBut(labels: Labels, names: readonly string[]): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)))
}
