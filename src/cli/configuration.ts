import { defineCommand } from 'citty'
import { variables } from '../config.ts'

const introduction = [
  'Every setting is an environment variable, read once at start; an empty one counts as not set.',
  'A wrong value stops the start with one line that names it. `gomask serve --help` prints the same list.',
  'This page is generated from the code: `npm run --silent configuration > docs/configuration.md`.',
].join(' ')

/** `gomask configuration` */
export const configuration = defineCommand({
  meta: { name: 'configuration', description: 'Print the configuration as a page in Markdown. Opens no database.' },
  run() {
    process.stdout.write(configurationPage())
  },
})

/** The text of docs/configuration.md. */
export function configurationPage(): string {
  const rows = variables().map(({ name, about, preset }) => `| \`${name}\` | ${preset} | ${about} |`)
  return [
    '# Configuration',
    '',
    introduction,
    '',
    '| variable | default | meaning |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}
