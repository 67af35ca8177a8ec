/** A command that cannot do what it was asked; the message is one line for the person at the terminal. */
export class CommandError extends Error {}
