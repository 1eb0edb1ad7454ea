import { fitted } from '../message.ts'
import { type Codes, faultIn, type Platform } from './platform.ts'

const maxBytes = 2048
const codes: Codes = {
  // Too many messages; too busy.
  retry: [-1, 45009, 45033],
  retryAfterMs: 60_000,
  // The key of the URL is wrong.
  pause: [93000, 93008, 93017, 40008]
}

/** Group robots of WeCom. Messages are of kind text, in which nothing is markup.
 * https://developer.work.weixin.qq.com/document/path/91770 */
export const wecom: Platform = {
  request({ message: { title, texts } }) {
    return { body: { msgtype: 'text', text: { content: fitted([title, ...texts], maxBytes) } } }
  },
  fault: reply => faultIn(reply, ['errcode', 'errmsg'], codes)
}
