/** When collectors were up that were killed again and again. */
export class Lives {
  /** Epoch ms. */
  readonly #all: { readonly from: number; to: number }[] = []

  /** A collector has said that it is up. */
  begin(): void {
    this.#all.push({ from: Date.now(), to: Infinity })
  }

  end(): void {
    this.#all[this.#all.length - 1]!.to = Date.now()
  }

  /** How much of the time between two moments one was up, ms. */
  between(from: number, to: number): number {
    return this.#all.reduce((sum, life) => sum + Math.max(0, Math.min(to, life.to) - Math.max(from, life.from)), 0)
  }
}
