"""The words of the starter base: captions of the rendered scenes, and a tokenizer made for them."""

from collections import Counter
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from transformers import CLIPTokenizer

from studio_server.domain.variation import CONTEXTS, context

LENGTH = 32
"""Tokens per caption, start and end included."""

START, END = "<|startoftext|>", "<|endoftext|>"

SYNONYMS = MappingProxyType(
    {
        "seamless": ("plain", "smooth"),
        "paper": ("backdrop", "background"),
        "backdrop": ("background",),
        "grey": ("gray",),
        "dark": ("black", "dim"),
        "warm": ("golden",),
        "soft": ("gentle", "diffuse"),
        "light": ("lighting",),
        "bright": ("light-filled", "airy"),
        "large": ("big", "wide"),
        "daylight": ("sunlight",),
        "bookshelf": ("bookcase", "books"),
        "library": ("study",),
        "foliage": ("leaves", "trees"),
        "garden": ("park",),
        "city": ("street", "skyline"),
        "dusk": ("evening", "night"),
        "conference": ("lecture",),
        "coloured": ("colored",),
        "lobby": ("hall", "foyer"),
        "wall": ("bricks",),
        "office": ("workplace",),
    }
)

_LIT = 0.75
"""Share of captions that say where the light comes from: a session's own say nothing of it."""

_OTHER_WORDS = """
    left right front above warm neutral cool
    a an the of in at on with by from to and for behind out-of-focus blurred bokeh portrait photo photograph
    person man woman client defocused interior outdoor shelf lamp wooden white blue green red brown beige sofa
    plant stone concrete glass tree sky sun sunny cloudy lights neutral clean simple elegant modern old
"""


def words() -> tuple[str, ...]:
    """Every word the base was taught, sorted."""
    prompts = " ".join(known.prompt for known in CONTEXTS)
    kin = [word for group in SYNONYMS.values() for word in group]
    text = " ".join((prompts, *SYNONYMS, *kin, _OTHER_WORDS)).replace(",", " ").replace("-", " ")
    return tuple(sorted(set(text.split())))


def caption(context_id: str, light: str, rng: np.random.Generator) -> str:
    """Return the prompt of a context and its light, sometimes in other words or with some left out."""
    prompt = context(context_id).prompt
    if rng.random() > 0.3:
        spoken = [_reworded(word, rng) for word in prompt.split() if rng.random() > 0.12]
        prompt = " ".join(spoken) or prompt
    return f"{prompt}, {light}" if rng.random() < _LIT else prompt


def _reworded(word: str, rng: np.random.Generator) -> str:
    bare = word.rstrip(",")
    kin = SYNONYMS.get(bare, ())
    if not kin or rng.random() > 0.3:
        return word
    return str(rng.choice(kin)) + word[len(bare) :]


def make_tokenizer() -> CLIPTokenizer:
    """CLIP's tokenizer over our own words: each is one token, and any other text falls apart into bytes."""
    merges = _merges(words())
    alphabet = _byte_letters()
    pieces = [*alphabet, *(letter + "</w>" for letter in alphabet), *("".join(pair) for pair in merges)]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys([*pieces, START, END]))}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=LENGTH, pad_token=END)


def _merges(known: tuple[str, ...]) -> list[tuple[str, str]]:
    """Byte-pair encoding (Sennrich et al., 2016), learned until every known word is one piece."""
    spelled = [[*word[:-1], word[-1] + "</w>"] for word in known]
    merges: list[tuple[str, str]] = []
    while any(len(pieces) > 1 for pieces in spelled):
        counts = Counter(pair for pieces in spelled for pair in pairwise(pieces))
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        spelled = [_merged(pieces, best) for pieces in spelled]
    return merges


def _merged(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    out: list[str] = []
    for piece in pieces:
        if out and (out[-1], piece) == pair:
            out[-1] += piece
        else:
            out.append(piece)
    return out


def _byte_letters() -> list[str]:
    """Return byte-level BPE's 256 letters: printable bytes stand for themselves (GPT-2's table)."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    spare = iter(range(256, 512))
    return [chr(byte if byte in printable else next(spare)) for byte in range(256)]
