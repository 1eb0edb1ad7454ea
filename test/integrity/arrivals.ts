import type { FakeElasticsearch } from '../fakes/elasticsearch.ts'
import { readMessage } from './line.ts'
import { messageIn } from './verdict.ts'

/** Which lines have come to a store: a collector that has sent one of a file knows it, by whatever name. */
export class Arrivals {
  readonly #newest = new Map<string, number>()

  constructor({ store }: FakeElasticsearch) {
    const { judge } = store
    store.judge = (source, id) => {
      const { file = '', seq = -1 } = readMessage(messageIn(source)) ?? {}
      this.#newest.set(file, Math.max(seq, this.newestOf(file)))
      return judge(source, id)
    }
  }

  /** The number of the last line of a journal that has come; -1: none has. */
  newestOf(journal: string): number {
    return this.#newest.get(journal) ?? -1
  }
}
