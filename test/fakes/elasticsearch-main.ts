// The fake in a process of its own: `node test/fakes/elasticsearch-main.ts '{"port":0,"seed":7}'`. Prints its URL on a line and
// runs until its standard input ends. Documents and statistics: see `_fake` in elasticsearch.ts.
import { FakeElasticsearch, type FakeOptions } from './elasticsearch.ts'

const fake = await FakeElasticsearch.start(JSON.parse(process.argv[2] ?? '{}') as FakeOptions)
console.log(fake.url)
process.stdin.resume()
process.stdin.on('end', () => void fake.stop())
