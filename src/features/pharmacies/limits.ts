/**
 * The most characters of each text, for the API and for imports alike. A name and an address may be as long as the map
 * can make them: a value there has at most 255 characters, of which each may count twice here, and an address has four.
 */
export const longest = { name: 512, address: 2_048, openingHours: 500, phone: 40 }
