import { elasticsearch } from '../../src/outputs/elasticsearch/index.ts'
import { file } from '../../src/outputs/file/index.ts'
import { nowhere } from '../../src/outputs/null.ts'
import { otlp } from '../../src/outputs/otlp/index.ts'
import { stdout } from '../../src/outputs/stdout.ts'
import { testOutput } from '../contract/output.ts'
import { FakeElasticsearch } from '../fakes/elasticsearch.ts'
import { FakeOtlp } from '../fakes/otlp.ts'
import { FakeOtlpGrpc } from '../fakes/otlp-grpc.ts'

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
testOutput(otlp, {
  options: url => ({ endpoint: url, protocol: 'grpc' }),
  start: retryAfter => FakeOtlpGrpc.start({ retryAfter }),
  otherwise: {
    429: { fault: 'retry', unknown: false, retryAfterMs: 7500 },
    503: { fault: 'retry', unknown: true, retryAfterMs: 7500 },
    500: { fault: 'split' },
    'non-json': undefined
  }
})
testOutput(stdout, { options: () => ({ format: 'json' }) })
testOutput(stdout, { options: () => ({ format: 'text' }) })
testOutput(file, { options: () => ({ path: '/nowhere/a.ndjson' }) })
testOutput(file, { options: () => ({ path: '/nowhere/a.log', format: 'raw' }) })
testOutput(nowhere, { options: () => ({}) })
