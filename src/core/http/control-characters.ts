// biome-ignore lint/suspicious/noControlCharactersInRegex: this pattern finds them (HDR-10)
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/;
const everyControlCharacter = new RegExp(controlCharacter, "g");

/** Does `text` contain a control character: C0, DEL or C1? */
export function hasControlCharacter(text: string): boolean {
  return controlCharacter.test(text);
}

/** `text` without its control characters. */
export function withoutControlCharacters(text: string): string {
  return text.replace(everyControlCharacter, "");
}
