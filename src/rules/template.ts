import type { Labels } from '../logql/evaluate/sample.ts'
import { shown, type Value } from './template-functions.ts'
import { readTemplate } from './template-reader.ts'

/** What a template is about: a sample of the rule's expression. */
export interface TemplateData {
  readonly labels: Labels
  readonly value: number
  /** In messages about alerts only. */
  readonly annotations?: Labels
  readonly status?: string
}

/** What a template may name. */
export type Variable = '$labels' | '$value' | '$annotations' | '$status'
const ofRules: readonly Variable[] = ['$labels', '$value']

/** A part of a template that depends on what it is about. */
export type Part = (data: TemplateData) => Value

/**
 * A text with `{{ $labels.name }}` and `{{ $value }}`, as in rules of Prometheus, and some of its functions. Values are put in as they
 * are: what looks like a template in them is text. A label that is not there is the empty text.
 */
export class Template {
  /** As it was written. */
  readonly text: string
  readonly #parts: readonly (string | Part)[]

  /** Throws `TemplateFault`. */
  constructor(text: string, known = ofRules) {
    this.text = text
    this.#parts = readTemplate(text, known)
  }

  render(data: TemplateData): string {
    return this.#parts.map(part => (typeof part === 'string' ? part : shown(part(data)))).join('')
  }
}
