/** The JSON text of a value, in UTF-8. @throws TypeError for what JSON has no text for, such as undefined. */
export function encodeJson(value: unknown): Uint8Array {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) {
    throw new TypeError(
      `JSON has no text for ${typeof value}: give the sink an object, array, string, number, boolean or null.`,
    );
  }
  return Buffer.from(text, 'utf8');
}
