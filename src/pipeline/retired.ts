import { isAccount, Meter, metrics, type Sample } from '../core/metrics.ts'
import type { Plan } from './plan.ts'

/** What shards that are closed have counted, of inputs and outputs and steps that others go on with: the sums of all do not drop. Metrics that
 * the configuration defines begin anew. */
export class Retired {
  readonly #meter = new Meter()

  /** Takes over what a shard says at its end. */
  take(samples: readonly Sample[]): void {
    for (const { name, labels, value } of samples) {
      const isOfThread = (metrics[name].labels as readonly string[]).includes('shard')
      if (isAccount(name) && !isOfThread) this.#meter.of(name, ...labels).value += value
    }
  }

  forget(label: Label, value: string): void {
    this.#meter.forget(label, value)
  }

  /** As they stand: what is taken over later is not in them. */
  samples(): Sample[] {
    return this.#meter.samples().map(sample => ({ ...sample }))
  }
}

type Label = 'input' | 'output'

/** Inputs and outputs that a plan has and the next one does not, as labels have them. */
export function goneWith(plan: Plan, next: Plan): (readonly [Label, string])[] {
  const [before, after] = [namesIn(plan), namesIn(next)]
  return (['input', 'output'] as const).flatMap(label =>
    before[label].filter(name => !after[label].includes(name)).map(name => [label, name] as const)
  )
}

function namesIn({ inputs, pipelines }: Plan): Record<Label, string[]> {
  const output = pipelines.flatMap(({ name, outputs }) => outputs.map(one => `${name}/${one}`))
  return { input: inputs.map(({ name }) => name), output }
}
