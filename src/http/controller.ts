import type { Config } from '../config.ts'

/** Who answers for the personal data, as far as the operator has told us. */
export interface Controller {
  name: string | null
  contact: string | null
}

/** The controller that the configuration names. */
export function controllerOf(config: Pick<Config, 'CONTROLLER_NAME' | 'CONTROLLER_CONTACT'>): Controller {
  return { name: config.CONTROLLER_NAME ?? null, contact: config.CONTROLLER_CONTACT ?? null }
}

/** The controller for an OpenAPI document's `info`; empty if none is named. */
export function controllerInfo({ name, contact }: Controller): { contact?: object; sentence: string } {
  if (name === null && contact === null) return { sentence: '' }
  const reach = contact === null ? {} : URL.canParse(contact) ? { url: contact } : { email: contact }
  const who = [name, contact].filter((each) => each !== null).join(', ')
  return {
    contact: { ...(name !== null && { name }), ...reach },
    sentence: ` Who answers for the personal data: ${who}. A professional reads all that is kept of them, by whom it was read and for how long it is kept, at \`GET /v1/professionals/me/data\`.`,
  }
}
