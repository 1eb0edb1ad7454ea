import { createHmac } from 'node:crypto'
import { fitted } from '../message.ts'
import { type Codes, faultIn, type Platform } from './platform.ts'

/** Of 20,000 that a message may have. */
const maxBytes = 15_000
const codes: Codes = {
  // Sent too fast: the robot is silenced for ten minutes.
  retry: [-1, 130101, 410100, 302033],
  retryAfterMs: 600_000,
  // 310000: signature, keyword or address of the sender; 300001: the token; the rest: the robot is switched off or gone.
  pause: [310000, 300001, 300005, 400013, 400101, 400102, 430101, 430102, 430103]
}

/** Custom robots of DingTalk. Messages are of kind text: in it nothing is markup, and nobody is called.
 * https://open.dingtalk.com/document/orgapp/custom-robot-access */
export const dingtalk: Platform = {
  request({ message: { title, texts }, secret, now }) {
    const content = fitted([title, ...texts], maxBytes)
    return {
      body: { msgtype: 'text', text: { content } },
      ...(secret !== '' && { query: { timestamp: String(now), sign: signature(secret, now) } })
    }
  },
  fault: reply => faultIn(reply, ['errcode', 'errmsg'], codes)
}

function signature(secret: string, timestamp: number): string {
  return createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64')
}
