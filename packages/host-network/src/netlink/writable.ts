/** The same members, to be filled in while a message is decoded. */
export type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
