import { problemStatus } from '../problem.ts'
import { help } from '../problem-help.ts'

/** All codes with their causes and cures, as Markdown: part of the documentation, and a page of its own. */
export function problemPage(): string {
  const rows = Object.entries(problemStatus)
    .sort(([, a], [, b]) => a - b)
    .map(([code, status]) => {
      const { cause, cure } = help[code as keyof typeof problemStatus]
      return `| \`${code}\` | ${status} | ${cause} | ${cure} |`
    })
  return `# Problems

Every error is a problem document (RFC 9457). Program against \`code\`: codes are never renamed. \`detail\` is for people, in French or English by \`Accept-Language\`. \`professional_suspended\` is 403 where it is the caller who is suspended. The endpoints under \`/oauth\` answer errors as OAuth does (RFC 6749).

| code | status | cause | cure |
|---|---|---|---|
${rows.join('\n')}
`
}
