import { elasticsearch } from '../../src/outputs/elasticsearch/index.ts'
import { nowhere } from '../../src/outputs/null.ts'
import { stdout } from '../../src/outputs/stdout.ts'
import { testOutput } from '../contract/output.ts'
import { FakeElasticsearch } from '../fakes/elasticsearch.ts'

testOutput(elasticsearch, {
  options: url => ({ endpoints: [url] }),
  start: retryAfter => FakeElasticsearch.start({ retryAfter })
})
testOutput(stdout, { options: () => ({ format: 'json' }) })
testOutput(stdout, { options: () => ({ format: 'text' }) })
testOutput(nowhere, { options: () => ({}) })
