import { z } from 'zod'
import { count, networks } from './config-values.ts'

/** What operators say about the messages that this service sends to others' receivers. */
export const webhookVariables = {
  WEBHOOK_KEY_FILE: z.string().optional().meta({
    about:
      'file of keys, 32 bytes in base64url a line, from which the secrets of webhook endpoints are derived, new ones from the first; if not set, made in DATA_DIR',
  }),
  WEBHOOK_ALLOWED_NETWORKS: z.string().transform(networks).default([]).meta({
    about:
      'your own networks that webhooks and push messages may go to, by http too, such as 10.1.0.0/16; public addresses need none',
  }),
  WEBHOOK_TIMEOUT_SECONDS: count(1, 30, 10, 'seconds within which a receiver of webhooks answers'),
}
