"""How well copies of a text are told from other texts, on pairs written for it: `tests/cases/stories.jsonl`.

    python -m bench.stories

Of each written report six versions are made: whole, lightly edited under another byline, cut to half, lengthened by its
last paragraph, with paragraphs moved, cut and edited both; beside it stand another outlet's own account and a follow-up
of some days later that repeats its background. Versions are copies of one another; the account and the follow-up are
copies of nothing.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from bench.happenings import f1
from detente.store.stories import Settings, similarity, sketch

CASES = Path(__file__).parents[1] / "tests" / "cases" / "stories.jsonl"


def versions(scene: dict[str, list[str]]) -> dict[str, str]:
    """Return the texts of a scene by name; those beginning with `copy` are of one story."""
    body = scene["report"]

    def edited(text: str) -> str:
        for old, new in scene["edits"]:
            text = text.replace(old, new)
        return text

    texts = {
        "copy whole": body[:7], "copy edited": ["By a Staff Writer", *map(edited, body[:7])], "copy cut": body[:4],
        "copy long": [*body[:7], body[7]], "copy moved": [body[0], *body[3:6], *body[1:3]],
        "copy cut and edited": list(map(edited, body[:5])), "account": scene["other"],
        "follow-up": [*scene["later"], *body[5:7]],
    }  # fmt: skip
    return {name: "\n\n".join(text) for name, text in texts.items()}


def pairs() -> list[tuple[str, str, float, float, bool]]:
    """Return every pair of a scene: names, estimated similarity and containment, and whether they are copies."""
    found = []
    for line in CASES.read_text("utf-8").splitlines():
        scene = json.loads(line)
        sketches = {name: sketch(text) for name, text in versions(scene).items()}
        for (one, a), (two, b) in itertools.combinations(sketches.items(), 2):
            same = one.startswith("copy") and two.startswith("copy")
            found.append((f"{scene['id']}: {one}", two, *similarity(a, b), same))
    return found


def measured(settings: Settings | None = None) -> dict[str, float]:
    """Return precision, recall and F1 at settings."""
    settings = settings or Settings()
    return f1(
        (same, alike >= settings.similarity or inside >= settings.containment) for _, _, alike, inside, same in pairs()
    )


def main() -> None:
    """Print the figures at the default and at other thresholds, and the pairs nearest to them."""
    for similarity_, containment in ((0.4, 0.6), (0.5, 0.6), (0.5, 0.7), (0.6, 0.7), (0.5, 0.8), (0.7, 0.9)):
        found = measured(Settings(similarity=similarity_, containment=containment))
        print(f"similarity {similarity_}, containment {containment}: {json.dumps(found)}")
    for one, two, alike, inside, same in sorted(pairs(), key=lambda p: p[3]):
        if 0.15 < inside < 0.8:
            print(f"{alike:.2f} {inside:.2f} {'copies' if same else 'others'}  {one} / {two}")


if __name__ == "__main__":
    main()
