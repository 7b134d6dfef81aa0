import type { Piece } from "$host/bindings";

/** Ids are unique within a group only. */
export const key = (piece: Piece): string => `${piece.group}:${piece.id}`;
