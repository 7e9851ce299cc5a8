/* The figure in a cell of a notebook: a document of its own in a frame, which can reach nothing of the notebook. */
export default {
  render({ model, el }) {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts");
    frame.title = model.get("title");
    frame.srcdoc = model.get("document");
    frame.style.cssText = `width:100%;height:${model.get("height")}px;border:0;border-radius:8px`;
    const listen = (event) => {
      if (event.source !== frame.contentWindow || typeof event.data?.address !== "string") return;
      model.set("address", event.data.address);
      model.save_changes();
    };
    addEventListener("message", listen);
    el.append(frame);
    return () => removeEventListener("message", listen);
  },
};
