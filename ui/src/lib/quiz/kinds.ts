// One component per kind of question. The compiler asks for an entry when a kind is added.
import type { Component } from "svelte";
import type { Kind, KindProps } from "./kind";
import Description from "./kinds/Description.svelte";
import Essay from "./kinds/Essay.svelte";
import Matching from "./kinds/Matching.svelte";
import MultipleChoice from "./kinds/MultipleChoice.svelte";
import NumberAnswer from "./kinds/NumberAnswer.svelte";
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
  description: Description,
  unsupported: Unsupported,
};
