// A clock that is faked for a run is faked for its programs too.
const INHERITED = [
  'PATH',
  'NODE_COMPILE_CACHE',
  'LD_PRELOAD',
  'FAKETIME',
  'FAKETIME_SHARED',
  'FAKETIME_DONT_FAKE_MONOTONIC',
]

/**
 * What programs started by tests find in their environment beside what a test gives them: tap's own NODE_OPTIONS would
 * load its hooks into them.
 */
export const inherited: Record<string, string> = Object.fromEntries(
  INHERITED.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  }),
)
