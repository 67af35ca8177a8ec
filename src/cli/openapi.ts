import { defineCommand } from 'citty'
import { describeApi } from '../openapi.ts'

/** `gomask openapi` */
export const openapi = defineCommand({
  meta: { name: 'openapi', description: 'Print openapi.yaml, generated from the code. Opens no database.' },
  async run() {
    process.stdout.write(await describeApi())
  },
})
