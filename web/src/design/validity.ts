/** What is wrong with a field in the words of the page, where the browser would show a bubble of its own. */
import { type FormEvent, useEffect, useRef, useState } from "react";
import { plural } from "../format";

export type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

const MISSING: Readonly<Record<string, string>> = {
  checkbox: "Tick this to go on.",
  radio: "Choose one of these.",
  file: "Choose a file.",
  email: "Enter an email address.",
  password: "Enter a password.",
  number: "Enter a number.",
  date: "Choose a date.",
  time: "Choose a time.",
  "datetime-local": "Choose date and time.",
  "select-one": "Choose one of these.",
};

const MISMATCH: Readonly<Record<string, string>> = {
  email: "This is no email address. One looks like ada@school.example.",
  url: "This is no address. One begins with https://.",
};

const INCOMPLETE: Readonly<Record<string, string>> = {
  number: "This is no number.",
  date: "Enter the whole date.",
  time: "Enter the whole time.",
  "datetime-local": "Enter date and time in full.",
};

const attribute = (control: Control, name: string): string => control.getAttribute(name) ?? "";
const characters = (control: Control, name: string): string =>
  plural(Number(attribute(control, name)), "character", "characters");

function limitWords(control: Control, name: "min" | "max"): string {
  const limit = attribute(control, name);
  if (control.type === "number")
    return name === "min" ? `It must be at least ${limit}.` : `It must be at most ${limit}.`;
  const when = limit.replace("T", " ");
  return name === "min" ? `It must not be before ${when}.` : `It must not be after ${when}.`;
}

function stepWords(control: Control): string {
  const step = attribute(control, "step") || "1";
  return step === "1" ? "Enter a whole number." : `Enter a number in steps of ${step}.`;
}

/** What is wrong with a control, in a sentence; empty when nothing is. */
export function wordsOf(control: Control): string {
  const { validity, type } = control;
  if (validity.valid) return "";
  if (validity.badInput) return INCOMPLETE[type] ?? "This cannot be read.";
  if (validity.valueMissing) return MISSING[type] ?? "Fill this in.";
  if (validity.typeMismatch) return MISMATCH[type] ?? "This has another form than is asked for.";
  if (validity.rangeUnderflow) return limitWords(control, "min");
  if (validity.rangeOverflow) return limitWords(control, "max");
  if (validity.stepMismatch) return stepWords(control);
  if (validity.tooShort) return `It needs at least ${characters(control, "minlength")}.`;
  if (validity.tooLong) return `It may have at most ${characters(control, "maxlength")}.`;
  if (validity.patternMismatch) return control.title || "This has another form than is asked for.";
  return control.validationMessage;
}

/** Whether it is the first of its form that is wrong: the one to begin with. */
function isFirst(control: Control): boolean {
  const all = [...(control.form?.elements ?? [control])] as Control[];
  return all.find((one) => one.willValidate && !one.validity.valid) === control;
}

export interface Validity {
  /** What is wrong with the field; undefined when nothing is known to be. */
  wrong: string | undefined;
  onInvalid: (event: FormEvent<Control>) => void;
  onInput: () => void;
}

/**
 * Takes the browser's complaint about a field: in words until it is changed, or is right since something else was; the
 * first of a form has the focus.
 */
export function useValidity(error: string | undefined): Validity {
  const [found, setFound] = useState("");
  const control = useRef<Control>(null);
  // With each change of its page: another field may have asked for this one, and does no more.
  useEffect(() => {
    if (found && control.current?.validity.valid) setFound("");
  });
  return {
    wrong: found || error,
    onInvalid: (event) => {
      event.preventDefault();
      control.current = event.currentTarget;
      setFound(wordsOf(event.currentTarget));
      if (isFirst(event.currentTarget)) event.currentTarget.focus();
    },
    onInput: () => setFound(""),
  };
}
