/**
 * What programs started by tests find in their environment beside what a test gives them: tap's own NODE_OPTIONS would
 * load its hooks into them.
 */
export const inherited: Record<string, string> = Object.fromEntries(
  ['PATH', 'NODE_COMPILE_CACHE'].map((name) => [name, process.env[name] ?? '']),
)
