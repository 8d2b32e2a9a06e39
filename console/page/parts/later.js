// What is loaded when somebody needs it, so that the page is there sooner.
import { html, useEffect, useState } from "../html.js";
import { Failed, Loading } from "./notices.js";

// Shows a component as soon as it is there, with all other properties.
//   load: async () => the component; what: it is, in words
export const Later = ({ load, what, ...props }) => {
  const [state, setState] = useState({ Component: null, failure: null });
  useEffect(() => {
    let isGone = false;
    load().then(
      (Component) => isGone || setState({ Component, failure: null }),
      () => isGone || setState({ Component: null, failure: LOST }),
    );
    return () => (isGone = true);
  }, [load]);
  const { Component, failure } = state;
  if (Component) return html`<${Component} ...${props} />`;
  return failure ? html`<${Failed} failure=${failure} />` : html`<${Loading} what=${what} />`;
};

const LOST = { message: "The console does not answer. Next: start it again, and open its URL." };
