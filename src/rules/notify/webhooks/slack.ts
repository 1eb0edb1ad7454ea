import { fitted } from '../message.ts'
import type { Platform } from './platform.ts'

const maxBytes = 8000

/** Incoming webhooks of Slack, also as Mattermost, Rocket.Chat and Discord take them. Errors have a status of their own.
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
export const slack: Platform = {
  request({ message: { status, title, texts }, origin: { externalUrl } }) {
    const shownTitle = escaped(title)
    return {
      body: {
        attachments: [
          {
            color: status === 'firing' ? 'danger' : 'good',
            fallback: shownTitle,
            title: shownTitle,
            ...(externalUrl !== undefined && { title_link: externalUrl }),
            text: fitted(texts.map(escaped), maxBytes),
            mrkdwn_in: []
          }
        ]
      }
    }
  }
}

/** The three characters that begin markup and mentions: `<!channel>`. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
