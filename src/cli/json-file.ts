import { readFile } from 'node:fs/promises'
import { CommandError } from './errors.ts'

/** Reads a JSON file that somebody named on the command line. Throws a CommandError of one line. */
export async function readJsonFile(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    // Messages of JSON.parse quote the text around the mistake, including line breaks.
    throw new CommandError(`${file}: ${error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : error}`)
  }
}
