import { defineCommand } from 'citty'
import { describeApi } from '../openapi.ts'

/** `gomask openapi` */
export const openapi = defineCommand({
  meta: { name: 'openapi', description: 'Print openapi.yaml as the code describes it. Opens no database.' },
  async run() {
    process.stdout.write(await describeApi())
  },
})
