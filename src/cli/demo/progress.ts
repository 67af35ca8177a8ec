import { inLanguage, type Language, phrase } from '../../domain/language.ts'

const FAILED = { en: 'failed', fr: 'échec' }

/** Says what is being done, does it, and says how long it took. */
export async function timed<T>(what: string, work: () => Promise<T>, language: Language = 'en'): Promise<T> {
  process.stdout.write(`${what} … `)
  const start = performance.now()
  try {
    const result = await work()
    const seconds = Math.round((performance.now() - start) / 100) / 10
    process.stdout.write(`${inLanguage({ en: phrase`${seconds} s`, fr: phrase`${seconds} s` }, language)}\n`)
    return result
  } catch (error) {
    process.stdout.write(`${inLanguage(FAILED, language)}\n`)
    throw error
  }
}
