import { Template, type Variable } from '../template.ts'
import { TemplateFault } from '../template-tokens.ts'

/** What titles and texts of messages may name. */
const variables: readonly Variable[] = ['$labels', '$annotations', '$value', '$status']

/** Throws `TemplateFault`. */
export function messageTemplate(text: string): Template {
  return new Template(text, variables)
}

/** Why a text can not be the template of a message, and the offset in it. */
export function faultIn(text: string): { readonly message: string; readonly at: number } | undefined {
  try {
    messageTemplate(text)
    return undefined
  } catch (error) {
    if (error instanceof TemplateFault) return { message: error.message, at: error.at }
    throw error
  }
}
