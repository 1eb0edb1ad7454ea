import { Idle, type Source } from '../../src/core/source.ts'

/** A source without bytes, for steps that only want to know where rows come from. */
export function sourceOf(more: Partial<Source> = {}): Source {
  return {
    id: 'AbCdEfGhIjKlMnOp',
    input: 'test',
    resource: {},
    dataset: 'mcp.agent',
    service: '',
    agent: '',
    repeatsUntil: 0,
    marks: { nextCut: () => Infinity, addCut: () => 0, parser: undefined, choose: () => 0 },
    read: () => Idle,
    marker: () => '',
    ...more
  }
}
