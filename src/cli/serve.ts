import { defineCommand } from 'citty'
import { describeConfig, loadConfig } from '../config.ts'
import { serve as serveUntilStopped } from '../server.ts'

/** `gomask serve` */
export const serve = defineCommand({
  meta: {
    name: 'serve',
    description: `Serve the API until SIGTERM or SIGINT.\n\nConfiguration, by environment:\n${describeConfig()}`,
  },
  async run() {
    await serveUntilStopped(loadConfig())
  },
})
