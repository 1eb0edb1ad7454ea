/** Bytes by position. */
export interface Content {
  /** Reads at `position` into the buffers, as many bytes as are there. Throws the system's errors, and `NotYetError` where the bytes
   * are under way. */
  read(buffers: readonly Uint8Array[], position: number): number
}

/** What somebody has opened, and is to close. */
export interface Opened extends Content {
  /** Going back costs as much as reading all of it again. */
  readonly isSequential?: boolean
  /** Why the bytes end before they should. */
  readonly broken?: string | undefined
  /** How many of those that they are made of are left then. Throws the system's errors. */
  readonly rest?: number
  /** Called when bytes are there that were under way when somebody asked for them. */
  onReady?: () => void
  close(): void
}

/** The bytes have to be made first, which is happening: the next look finds them. */
export class NotYetError extends Error {
  override readonly name = 'NotYetError'

  constructor() {
    super('Not decompressed yet')
  }
}
