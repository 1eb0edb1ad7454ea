import { createHmac } from 'node:crypto'
import { fitted } from '../message.ts'
import { type Codes, faultIn, type Platform } from './platform.ts'

/** Of 20,000 that a message may have. */
const maxBytes = 15_000
/** -1: busy; 410100, 130101: sent too fast, and silenced for ten minutes; 310000: signature, keyword or address of the sender; 300001,
 * 300005, 400101: no such token; 400013: the group is gone; 400102, 400106: the robot is. Links, texts and pictures that it does not like
 * (430101 to 430104) and types that it does not know (400105) are refused. Listed by the page on custom robots, all but 130101, 300001 and
 * 300005, which it answers, too. */
const codes: Codes = {
  retryAfterMs: { '-1': 0, 130101: 600_000, 410100: 600_000 },
  pause: [310000, 300001, 300005, 400013, 400101, 400102, 400106]
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
