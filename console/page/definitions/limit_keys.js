// The key of a limit. The API shows it as a text: `3` for 3 and for "3", `ann / 3` for a list. To
// change a limit, it takes the key as the tasks have it.

const MOST_PARTS = 5;
const BETWEEN = " / ";
const NOTHING = "-";

// The keys that are shown as `shown`, the likeliest first; `undefined` is a limit without a key.
export const keysShownAs = (shown) => {
  if (shown === "") {
    const nobody = Array.from({ length: MOST_PARTS }, (_, index) => Array(index + 1).fill(null));
    return [...nobody, undefined];
  }
  const parts = shown.split(BETWEEN);
  const whole = valuesShownAs(shown);
  if (parts.length === 1 || parts.length > MOST_PARTS) return whole;
  const lists = parts.reduce(
    (keys, part) => keys.flatMap((key) => partsShownAs(part).map((value) => [...key, value])),
    [[]],
  );
  return [...lists, ...whole];
};

const partsShownAs = (part) => (part === NOTHING ? [null, part] : valuesShownAs(part));

const valuesShownAs = (text) => {
  try {
    const value = JSON.parse(text);
    if (["number", "boolean"].includes(typeof value)) return [text, value];
  } catch {
    // It is a text.
  }
  return [text];
};

// A key as a person writes it: JSON where it is some, else the text as it stands.
export const keyWritten = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};
