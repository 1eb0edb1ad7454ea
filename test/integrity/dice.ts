import { randomOf } from '../fakes/random.ts'

/** Choices that a seed repeats. */
export class Dice {
  /** 0 to below 1. */
  readonly next: () => number

  constructor(seed: number) {
    this.next = randomOf(seed)
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  one<T>(choices: readonly T[]): T {
    return choices[this.between(0, choices.length - 1)]!
  }
}
