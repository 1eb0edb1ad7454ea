import type { TestProject } from 'vitest/node'
import { Elasticsearch } from './elasticsearch.ts'

declare module 'vitest' {
  interface ProvidedContext {
    elasticsearch: string
  }
}

/** One Elasticsearch for all tests: the one at ELASTICSEARCH_URL, or one of our own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['ELASTICSEARCH_URL']
  if (given !== undefined && given !== '') {
    project.provide('elasticsearch', given.replace(/\/$/, ''))
    return () => Promise.resolve()
  }
  const own = await Elasticsearch.start()
  project.provide('elasticsearch', own.url)
  return () => own.remove()
}
