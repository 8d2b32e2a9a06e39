// Does something with many things, a few at a time.

const AT_A_TIME = 4;

// Calls `act(item)` of each, until all are done or `isCancelled()`. What one of them is refused for
// harms no other; where nobody answers (`passes`), none of the rest is asked for.
//   told: is called with how it stands: { done, refused, left, isOver }, where `refused` has
//     { item, why }
// Returns how it stood at the end.
export const oneByOne = async (
  items,
  act,
  { told = () => {}, isCancelled = () => false, atATime = AT_A_TIME } = {},
) => {
  const waiting = [...items];
  const done = [];
  const refused = [];
  let isAway = false;
  const state = (isOver) => ({
    done: [...done],
    refused: [...refused],
    left: items.length - done.length - refused.length,
    isOver,
  });
  const worker = async () => {
    while (waiting.length > 0 && !isAway && !isCancelled()) {
      const item = waiting.shift();
      try {
        await act(item);
        done.push(item);
      } catch (failure) {
        if (failure.passes) isAway = true;
        refused.push({ item, why: failure.message, code: failure.code ?? null });
      }
      told(state(false));
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, items.length) }, worker));
  const over = state(true);
  told(over);
  return over;
};
