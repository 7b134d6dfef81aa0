// One component per kind of question. The compiler asks for an entry when a kind is added.
import type { Component } from "svelte";
import type { Kind, KindProps } from "./kind";
import Blanks from "./kinds/Blanks.svelte";
import Description from "./kinds/Description.svelte";
import Essay from "./kinds/Essay.svelte";
import Markers from "./kinds/Markers.svelte";
import Matching from "./kinds/Matching.svelte";
import MultipleChoice from "./kinds/MultipleChoice.svelte";
import NumberAnswer from "./kinds/NumberAnswer.svelte";
import Ordering from "./kinds/Ordering.svelte";
import Picture from "./kinds/Picture.svelte";
import ShortText from "./kinds/ShortText.svelte";
import SingleChoice from "./kinds/SingleChoice.svelte";
import TrueFalse from "./kinds/TrueFalse.svelte";
import Unsupported from "./kinds/Unsupported.svelte";

export const kinds: Record<Kind, Component<KindProps>> = {
  single_choice: SingleChoice,
  multiple_choice: MultipleChoice,
  true_false: TrueFalse,
  short_text: ShortText,
  number: NumberAnswer,
  matching: Matching,
  essay: Essay,
  blanks: Blanks,
  picture: Picture,
  markers: Markers,
  ordering: Ordering,
  description: Description,
  unsupported: Unsupported,
};
