import { createHmac } from 'node:crypto'
import { cut, fitted } from '../message.ts'
import { type Codes, faultIn, type Platform } from './platform.ts'

/** Of 20 KiB that a request may have; JSON writes some characters longer. */
const maxBytes = 8000
const maxTitleBytes = 500
/** 11232: too many messages; 19001: no such bot; 19021: signature, or the clock; 19022: address of the sender; 19024: keyword. A body that
 * is wrong or too long (9499, 19002) is refused. Listed by the guide to custom bots, all but 19001 and 19002, which it answers, too. */
const codes: Codes = {
  retryAfterMs: { 11232: 60_000 },
  pause: [19001, 19021, 19022, 19024]
}

/** Custom bots of Feishu and Lark: a card of plain texts, red while something fires.
 * https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot */
export const feishu: Platform = {
  request({ message: { status, title, texts }, secret, now }) {
    const seconds = String(Math.floor(now / 1000))
    const header = { title: plain(cut(title, maxTitleBytes)), template: status === 'firing' ? 'red' : 'green' }
    const card = { header, elements: [{ tag: 'div', text: plain(fitted(texts, maxBytes)) }] }
    const message = { msg_type: 'interactive', card }
    if (secret === '') return { body: message }
    const sign = signature(secret, seconds)
    return { body: { timestamp: seconds, sign, ...message }, sign }
  },
  fault: reply => faultIn(reply, ['code', 'msg'], codes)
}

function plain(content: string): object {
  return { tag: 'plain_text', content }
}

/** Time and secret are the key here, and what is signed is empty. */
function signature(secret: string, seconds: string): string {
  return createHmac('sha256', `${seconds}\n${secret}`).digest('base64')
}
