// Something that is done once, by a button.
import { Failure } from "../api.js";
import { useState } from "../html.js";

// Does `work`, which is async: [begin, whether it is being done, why it has failed].
export const useWork = (work) => {
  const [isAtWork, setIsAtWork] = useState(false);
  const [failure, setFailure] = useState(null);
  const begin = async () => {
    setIsAtWork(true);
    setFailure(null);
    try {
      await work();
    } catch (error) {
      setFailure(error instanceof Failure ? error : new Failure({ message: String(error) }));
    }
    setIsAtWork(false);
  };
  return [begin, isAtWork, failure];
};
