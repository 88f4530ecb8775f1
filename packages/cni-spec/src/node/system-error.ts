/** Tells whether a caught value is the operating system's error of that name, such as `ENOENT`. */
export const isSystemError = (caught: unknown, code: string): boolean =>
  // No `instanceof`: an error may come from another realm.
  typeof caught === 'object' && caught !== null && 'code' in caught && caught.code === code;
