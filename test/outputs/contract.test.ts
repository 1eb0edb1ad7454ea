import { elasticsearch } from '../../src/outputs/elasticsearch/index.ts'
import { nowhere } from '../../src/outputs/null.ts'
import { stdout } from '../../src/outputs/stdout.ts'
import type { OutputDefinition } from '../../src/config/define.ts'
import { testOutput } from '../contract/output.ts'
import { FakeElasticsearch } from '../fakes/elasticsearch.ts'

testOutput(elasticsearch as unknown as OutputDefinition, {
  options: url => ({ endpoints: [url] }),
  start: retryAfter => FakeElasticsearch.start({ retryAfter })
})
testOutput(stdout as unknown as OutputDefinition, { options: () => ({ format: 'json' }) })
testOutput(stdout as unknown as OutputDefinition, { options: () => ({ format: 'text' }) })
testOutput(nowhere as unknown as OutputDefinition, { options: () => ({}) })
