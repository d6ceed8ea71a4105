import type { FileLayer } from "../file-layer.ts";

/** The layer with some calls replaced. */
export function override(layer: FileLayer, changes: Partial<FileLayer>): FileLayer {
  return new Proxy(layer, {
    get(target, name: keyof FileLayer) {
      const changed = changes[name];
      // Bound to the layer itself, for its private fields are not the proxy's.
      return changed ?? target[name].bind(target);
    },
  });
}
