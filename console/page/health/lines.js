// Lines of JSON, out of pieces of a text that end anywhere.

// A function that takes a piece, and returns the values of the lines that it completes.
export const lineReader = () => {
  let rest = "";
  return (piece) => {
    const lines = (rest + piece).split("\n");
    rest = lines.pop();
    return lines.filter((line) => line.trim() !== "").map((line) => JSON.parse(line));
  };
};
