import type { FollowPlan } from '../../config/define.ts'
import { encodingOf, isLineEnd, lineEndOf, orderMarkBytes } from '../framing/line-ends.ts'
import type { Handle } from './handle.ts'

type Text = Pick<FollowPlan, 'encoding' | 'lineEnd'>

const blockBytes = 65536

/** The position where the last `lines` lines begin; a last line without an end counts as none and is read from its start. */
export function linesBeforeEnd(handle: Handle, size: number, lines: number, text: Text): number {
  const block = Buffer.allocUnsafe(blockBytes)
  const head = block.subarray(0, handle.read([block.subarray(0, orderMarkBytes)], 0))
  const { encoding = 'utf-8' } = text
  const lineEnd = lineEndOf(encodingOf(encoding, head)?.encoding ?? encoding, text.lineEnd)
  let left = lines + 1
  // even, and so are the blocks: no character of two bytes is parted
  for (let end = lineEnd.unit === 'byte' ? size : size - (size % 2); end > 0; ) {
    const start = Math.max(0, end - blockBytes)
    const got = handle.read([block.subarray(0, end - start)], start)
    for (let at = got - 1; at >= 0; at--) {
      if (isLineEnd(block, at, start + at, lineEnd) && --left === 0)
        return start + at + (lineEnd.unit === 'low' ? 2 : 1)
    }
    end = start
  }
  return 0
}
