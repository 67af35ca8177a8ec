import { Document, isMap, isScalar, visit } from 'yaml'

const WIDTH = 120

/** A description as YAML, in which what fits on a line stands on one: references, names, and the limits of a value. */
export function asYaml(description: object): string {
  const document = new Document(description, { aliasDuplicateObjects: false })
  visit(document, {
    Collection(_, collection) {
      const members = collection.items.map((item) => (isMap(collection) ? (item as { value: unknown }).value : item))
      // Texts for people stay on lines of their own.
      const isShort = JSON.stringify(collection.toJS(document)).length < 90
      if (members.length > 0 && members.every(isScalar) && isShort) collection.flow = true
    },
  })
  return document.toString({ lineWidth: WIDTH })
}
