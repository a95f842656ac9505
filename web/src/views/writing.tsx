import { later } from "../parts/later";

// All that writes is one script, which readers do not load.

export const Edit = later(async () => (await import("../writing/edit")).Edit);
export const Move = later(async () => (await import("../writing/move")).Move);
export const Remove = later(async () => (await import("../writing/remove")).Remove);
export const Upload = later(async () => (await import("../writing/upload")).Upload);
export const Reflog = later(async () => (await import("../writing/reflog")).Reflog);
export const Merge = later(async () => (await import("../writing/merge")).Merge);
export const Pick = later(async () => (await import("../writing/pick")).Pick);
export const MakeRef = later(async () => (await import("../writing/ref_forms")).MakeRef);
export const DeleteRef = later(async () => (await import("../writing/ref_forms")).DeleteRef);
