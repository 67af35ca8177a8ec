import type { Config } from '../config.ts'

/** Who answers for the personal data, as far as the operator has said. */
export interface Controller {
  name: string | null
  contact: string | null
}

/** The controller that the configuration names. */
export function controllerOf(config: Pick<Config, 'CONTROLLER_NAME' | 'CONTROLLER_CONTACT'>): Controller {
  return { name: config.CONTROLLER_NAME ?? null, contact: config.CONTROLLER_CONTACT ?? null }
}

/** The controller as an OpenAPI document's `info` shows it: nothing of one that was not named. */
export function controllerInfo({ name, contact }: Controller): { contact?: object; sentence: string } {
  if (name === null && contact === null) return { sentence: '' }
  const reach = contact === null ? {} : URL.canParse(contact) ? { url: contact } : { email: contact }
  const who = [name, contact].filter((each) => each !== null).join(', ')
  return {
    contact: { ...(name !== null && { name }), ...reach },
    sentence: ` Who answers for the personal data: ${who}. A professional reads all that is kept of them, by whom it was read and for how long it is kept, at \`GET /v1/professionals/me/data\`.`,
  }
}
