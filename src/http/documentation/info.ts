import { readFile } from 'node:fs/promises'
import { type Controller, controllerInfo } from '../controller.ts'
import { problemPage } from './problem-page.ts'

const ABOUT =
  'Shares a scarce stock of masks fairly. Every quantity is in single masks; times are RFC 3339 in UTC; errors are problem documents (RFC 9457) whose `code` is stable. A path that lacks a method answers 405 `method_not_allowed` and names those it has in `Allow`. If a body has a JSON key twice, the last one counts.'

const PAGES = ['for-tills', 'for-apps', 'for-authorities']

/** What the document says of the service as a whole: it begins with a page for each kind of reader. */
export async function infoOf(controller: Controller) {
  const { contact, sentence } = controllerInfo(controller)
  const pages = await Promise.all(PAGES.map((page) => readFile(new URL(`pages/${page}.md`, import.meta.url), 'utf8')))
  const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'))
  return {
    title: 'GO MASK',
    version: version as string,
    description: [`${ABOUT}${sentence}`, ...pages.map((page) => page.trim()), problemPage().trim()].join('\n\n'),
    contact: contact ?? { name: 'The operator of the service' },
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  }
}
