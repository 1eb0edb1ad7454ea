import { fitted } from '../message.ts'
import { type Codes, faultIn, type Platform } from './platform.ts'

const maxBytes = 2048
/** -1: busy; 45009: too many messages; 45033: too many at a time; 93000: the key is wrong, or the robot is out of the group; 93004: it is
 * switched off; 93008: it is not in the group. A type that is unknown (40008) or a text that is empty or too long is refused.
 * https://developer.work.weixin.qq.com/document/path/90313 */
const codes: Codes = {
  retryAfterMs: { '-1': 0, 45009: 60_000, 45033: 0 },
  pause: [93000, 93004, 93008]
}

/** Group robots of WeCom. Messages are of kind text, in which nothing is markup.
 * https://developer.work.weixin.qq.com/document/path/91770 */
export const wecom: Platform = {
  request({ message: { title, texts } }) {
    return { body: { msgtype: 'text', text: { content: fitted([title, ...texts], maxBytes) } } }
  },
  fault: reply => faultIn(reply, ['errcode', 'errmsg'], codes)
}
