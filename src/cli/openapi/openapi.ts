import { defineCommand } from 'citty'
import { describeApi } from '../../openapi.ts'
import { CommandError } from '../errors.ts'
import { httpFile, postmanCollection } from './collections.ts'
import { exampleRequests } from './requests.ts'

/** `gomask openapi` */
export const openapi = defineCommand({
  meta: { name: 'openapi', description: 'Print openapi.yaml, generated from the code. Opens no database.' },
  args: {
    as: {
      type: 'string',
      default: 'yaml',
      description: 'yaml; http, a file of its example requests that editors send; or postman, a collection of them.',
    },
  },
  async run({ args }) {
    const { yaml, document } = await describeApi()
    process.stdout.write(written(args.as, yaml, document))
  },
})

function written(format: string, yaml: string, document: { info: { title: string } }): string {
  if (format === 'yaml') return yaml
  const requests = exampleRequests(document)
  if (format === 'http') return httpFile(requests)
  if (format === 'postman') return postmanCollection(document.info.title, requests)
  throw new CommandError('--as: must be yaml, http or postman', 2)
}
