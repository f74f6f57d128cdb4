"""Sentences with at most one mistake: a verb, a determiner or a reflexive pronoun that does not agree with its noun.

    the dogs which this king likes often barks .        verb: "barks" is of "the dogs", with another noun in between
    many queen near the boats sleep .                  determiner
    the girl which helps the men sees themselves .      reflexive: it is the girl whom she sees

Which noun a word has to agree with depends on the structure of the sentence: relative clauses and phrases, which may
contain others, bring nouns of the other number between the two.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")

LABELS = ("right", "verb", "determiner", "reflexive")
LENGTH = 16  # tokens; 0 fills up
DEEPEST = 2  # phrases within phrases

NOUNS = {  # singular and plural, by the pronoun of one
    "himself": (("king", "kings"), ("boy", "boys"), ("man", "men"), ("actor", "actors")),
    "herself": (("queen", "queens"), ("girl", "girls"), ("woman", "women"), ("nurse", "nurses")),
    "itself": (("dog", "dogs"), ("cat", "cats"), ("horse", "horses"), ("boat", "boats")),
}
DETERMINERS = (("this", "that", "a", "every", "each"), ("these", "those", "many", "few", "several"))
ANY = "the"
REFLEXIVES = (*NOUNS, "themselves")
TRANSITIVE = (("sees", "see"), ("likes", "like"), ("helps", "help"), ("knows", "know"), ("hears", "hear"))
INTRANSITIVE = (("sleeps", "sleep"), ("barks", "bark"), ("waits", "wait"), ("sinks", "sink"), ("smiles", "smile"))
BE = (("is", "are"), ("was", "were"))
ADJECTIVES = ("old", "small", "happy", "red", "slow")
ADVERBS = ("often", "never", "quickly", "always")
PREPOSITIONS = ("near", "behind", "with", "beside")
OTHERS = ("and", "which")


def _vocabulary() -> tuple[str, ...]:
    pairs = [*(pair for nouns in NOUNS.values() for pair in nouns), *TRANSITIVE, *INTRANSITIVE, *BE]
    inflected = [word for pair in pairs for word in pair]
    plain = [*DETERMINERS[0], *DETERMINERS[1], ANY, *REFLEXIVES, *ADJECTIVES, *ADVERBS, *PREPOSITIONS, *OTHERS]
    return ("", ".", *inflected, *plain)


WORDS = _vocabulary()  # a word's index is its token
_TOKENS = {word: token for token, word in enumerate(WORDS)}


def sentences(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Tokens uint8 [count,16], and labels int32 [count], indices in LABELS, each as frequent."""
    rng = np.random.default_rng(seed)
    tokens, labels = np.zeros((count, LENGTH), np.uint8), rng.integers(0, len(LABELS), count).astype(np.int32)
    for row, label in zip(tokens, labels, strict=True):
        words = _sentence(rng, LABELS[label])
        row[: len(words)] = [_TOKENS[word] for word in words]
    return tokens, labels


def _sentence(rng: np.random.Generator, mistake: str) -> list[str]:
    """One that fits, with the mistake at one of the places where it can be."""
    while True:
        writer = Writer(rng)
        writer.sentence()
        places = writer.places.get(mistake, [])
        if len(writer.words) > LENGTH or (mistake != "right" and not places):
            continue
        if places:
            place, wrong = places[rng.integers(len(places))]
            writer.words[place] = wrong
        return writer.words


class Writer:
    """Writes one sentence. places: by the kind of mistake, index in `words` and the word that would be wrong there."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.words: list[str] = []
        self.places: dict[str, list[tuple[int, str]]] = {}
        self._rng = rng

    def sentence(self) -> None:
        pronoun, plural = self._noun_phrase(DEEPEST)
        self._verb_phrase(pronoun, plural, DEEPEST - 1)
        if self._chance(0.3):
            self.words.append("and")
            self._verb_phrase(pronoun, plural, 0)
        self.words.append(".")

    def _noun_phrase(self, depth: int) -> tuple[str, int]:
        """With `depth` phrases in it at most. Its pronoun if it is one, and whether it is several: 0 or 1."""
        plural = int(self._chance(0.5))
        pronoun = self._one(tuple(NOUNS))
        if self._chance(0.4):
            self.words.append(ANY)
        else:
            self._may_be_wrong("determiner", *(self._one(DETERMINERS[number]) for number in (plural, 1 - plural)))
        if self._chance(0.2):
            self.words.append(self._one(ADJECTIVES))
        self.words.append(self._one(NOUNS[pronoun])[plural])
        if depth and self._chance(0.65):
            self._one((self._prepositional, self._subject_clause, self._object_clause))(pronoun, plural, depth - 1)
        return pronoun, plural

    def _prepositional(self, pronoun: str, plural: int, depth: int) -> None:
        self.words.append(self._one(PREPOSITIONS))
        self._noun_phrase(depth)

    def _subject_clause(self, pronoun: str, plural: int, depth: int) -> None:
        """which likes the king"""
        self.words.append("which")
        self._verb_phrase(pronoun, plural, depth)

    def _object_clause(self, pronoun: str, plural: int, depth: int) -> None:
        """which the king likes"""
        self.words.append("which")
        _, several = self._noun_phrase(depth)
        self._verb(self._one(TRANSITIVE), several)

    def _verb_phrase(self, pronoun: str, plural: int, depth: int) -> None:
        if self._chance(0.25):
            self.words.append(self._one(ADVERBS))
        kind = self._rng.random()
        if kind < 0.25:
            self._verb(self._one(INTRANSITIVE), plural)
        elif kind < 0.4:
            self._verb(self._one(BE), plural)
            self.words.append(self._one(ADJECTIVES))
        elif kind < 0.7:
            self._verb(self._one(TRANSITIVE), plural)
            self._noun_phrase(depth)
        else:
            self._verb(self._one(TRANSITIVE), plural)
            fitting = "themselves" if plural else pronoun
            self._may_be_wrong("reflexive", fitting, self._one([word for word in REFLEXIVES if word != fitting]))

    def _verb(self, forms: tuple[str, str], plural: int) -> None:
        self._may_be_wrong("verb", forms[plural], forms[1 - plural])

    def _may_be_wrong(self, kind: str, word: str, wrong: str) -> None:
        self.places.setdefault(kind, []).append((len(self.words), wrong))
        self.words.append(word)

    def _chance(self, share: float) -> bool:
        return bool(self._rng.random() < share)

    def _one(self, choices: Sequence[T]) -> T:
        return choices[self._rng.integers(len(choices))]
