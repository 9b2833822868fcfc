"""Which questions an attempt is given, and in which order: all of it follows from its seed. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from random import Random

from vtp.quizzes.question_store import Question
from vtp.quizzes.quiz_store import Part


def draw(
    parts: Sequence[Part], askable: Collection[str], tagged: Mapping[str, Sequence[str]], dice: Random
) -> list[str]:
    """The ids of the questions, none twice; `askable`: those named ones that may be asked.

    Where a tag has too few, all of them.
    """
    named = {part.question_id for part in parts}
    taken: dict[str, None] = {}
    for part in parts:
        if part.question_id is not None:
            if part.question_id in askable:
                taken[part.question_id] = None
            continue
        pool = [one for one in tagged.get(part.tag or "", ()) if one not in taken and one not in named]
        taken.update(dict.fromkeys(dice.sample(pool, min(part.count, len(pool)))))
    return list(taken)


def order_of_choices(question: Question, shuffled: bool, dice: Random) -> list[str]:
    """The ids of a question's choices as this attempt shows them."""
    order = [choice["id"] for choice in question.solution.get("choices", ())]
    if shuffled:
        dice.shuffle(order)
    return order
