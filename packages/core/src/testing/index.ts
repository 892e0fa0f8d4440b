/** The door `core/testing`: what tests of and with this library need. Not for apps. */
export * from './fold.ts'
