import type { Source } from "../file/source.ts";
import type { Path } from "../findings.ts";

/** `text`, which becomes a header's value: reported when it is empty or has a control character (RFC 9110 5.5). */
export function headerText(source: Source, path: Path, text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these may not stand in a header
  if (text === "" || /[\u0000-\u001f\u007f]/.test(text)) {
    source.findings.error(path, "is empty or has a control character", "it becomes a header's value");
  }
  return text;
}
