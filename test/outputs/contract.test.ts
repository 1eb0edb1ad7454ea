import { elasticsearch } from '../../src/outputs/elasticsearch/index.ts'
import { nowhere } from '../../src/outputs/null.ts'
import { otlp } from '../../src/outputs/otlp/index.ts'
import { stdout } from '../../src/outputs/stdout.ts'
import { testOutput } from '../contract/output.ts'
import { FakeElasticsearch } from '../fakes/elasticsearch.ts'
import { FakeOtlp } from '../fakes/otlp.ts'

testOutput(elasticsearch, {
  options: url => ({ endpoints: [url] }),
  start: retryAfter => FakeElasticsearch.start({ retryAfter })
})
testOutput(otlp, {
  options: url => ({ endpoint: url }),
  start: retryAfter => FakeOtlp.start({ retryAfter }),
  otherwise: {
    // not to be sent again as it is, by the specification
    500: { fault: 'split', status: 500 },
    // the status says that all was taken
    'non-json': undefined
  }
})
testOutput(stdout, { options: () => ({ format: 'json' }) })
testOutput(stdout, { options: () => ({ format: 'text' }) })
testOutput(nowhere, { options: () => ({}) })
