import { defineCommand } from 'citty'
import { loadConfig, variables } from '../config.ts'
import { serve as serveUntilStopped } from '../server.ts'

const listed = variables().map(({ name, about, preset }) => `  ${name.padEnd(26)} ${about} (${preset})`)

/** `gomask serve` */
export const serve = defineCommand({
  meta: {
    name: 'serve',
    description: `Serve the API until SIGTERM or SIGINT.\n\nConfiguration, by environment:\n${listed.join('\n')}`,
  },
  async run() {
    await serveUntilStopped(loadConfig())
  },
})
