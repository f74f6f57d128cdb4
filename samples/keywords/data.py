"""Words that espeak-ng speaks amid noise, as MFCC: ten keywords, "unknown" for others, "silence" for noise alone.

Training hears some voices and the held-out examples others. Needs espeak-ng (Debian: apt-get install espeak-ng); the
samples it writes, and so the features, may differ from one of its versions to the next.
"""
from __future__ import annotations

import io
import subprocess
import wave
from dataclasses import dataclass

import numpy as np

KEYWORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
LABELS = (*KEYWORDS, "unknown", "silence")
OTHERS = (
    "bed", "bird", "cat", "dog", "eight", "five", "four", "happy", "house", "marvin", "nine", "one", "seven", "sheila",
    "six", "three", "tree", "two", "wow", "zero", "gone", "step", "white", "love",
)  # fmt: skip
ACCENTS = ("en-us", "en-us-nyc", "en-gb", "en-gb-scotland", "en-gb-x-rp")
VOICES = (
    "m1", "m2", "m3", "m6", "m7", "f1", "f4", "f5", "Alex", "Alicia", "Andrea", "Annie", "Denis", "Diogo", "Gene",
    "Henrique", "Jacky", "Lee", "Marco", "Mario", "Michael", "Nguyen", "Steph", "Storm", "Zac", "adam", "anika",
    "belinda", "boris", "caleb", "edward", "grandma", "iven", "john", "klatt", "klatt4", "linda", "max", "miguel",
    "quincy", "rob", "sandro", "shelby", "travis",
)  # fmt: skip
HELD_OUT_VOICES = (
    "m4", "m5", "m8", "f2", "f3", "Hugo", "Pablo", "benjamin", "david", "ed", "grandpa", "paul", "robert", "victor",
)  # fmt: skip

RATE = 22050  # espeak-ng's, samples a second
FRAMES, COEFFICIENTS = 49, 10
HOP, WINDOW, TRANSFORM = RATE // 50, RATE // 25, 1024
LENGTH = HOP * (FRAMES - 1) + WINDOW  # a second
FILTERS = 40
MIDDLES = np.array([17, 3.4, 0.7, 0.8, -1.2, -0.6, 0.3, -0.5, 0, -0.2])  # of the coefficients, about
SPREADS = np.array([19, 7.5, 2.8, 3.1, 3.0, 2.4, 2.3, 1.9, 1.6, 1.5])  # standard deviations
SCALE = 16.0  # a feature is an integer from -127 to 127, and this many times what the network takes


@dataclass(frozen=True)
class Speech:
    """What was spoken: sounds of up to a second, and the index in LABELS of each."""

    sounds: list[np.ndarray]
    labels: np.ndarray


def speak(voices: tuple[str, ...], times: int, seed: int) -> Speech:
    """Every keyword `times` times, and as many other words as two keywords, in voices, accents and tempi by chance."""
    rng = np.random.default_rng(seed)
    unknown = LABELS.index("unknown")
    words = [(word, label) for label, word in enumerate(KEYWORDS) for _ in range(times)]
    words += [(OTHERS[i % len(OTHERS)], unknown) for i in range(2 * times)]
    sounds = []
    for word, _ in words:
        voice = f"{rng.choice(ACCENTS)}+{rng.choice(voices)}"
        sounds.append(_spoken(word, voice, tempo=int(rng.integers(120, 200)), pitch=int(rng.integers(25, 75))))
    return Speech(sounds, np.array([label for _, label in words], np.int32))


def _spoken(word: str, voice: str, tempo: int, pitch: int) -> np.ndarray:
    """float32 between silences, as loud as all others, cut to a second."""
    command = ["espeak-ng", "-v", voice, "-s", str(tempo), "-p", str(pitch), "--stdout", word]
    wav = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    with wave.open(io.BytesIO(wav)) as reader:
        if reader.getframerate() != RATE:
            raise ValueError(f"espeak-ng speaks at {reader.getframerate()} samples a second and not at {RATE}")
        frames = reader.readframes(reader.getnframes())
    sound = np.frombuffer(frames, np.int16).astype(np.float32)
    (loud,) = np.nonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    sound = sound[loud[0] : loud[-1] + 1][:LENGTH]
    return sound / np.sqrt(np.mean(sound**2))


def features(speech: Speech, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """int8 [count,49,10], and labels int32 [count]: examples by chance, every twelfth silent.

    Each word is somewhere in its second, among noise that is 9 to 29 dB below it: hiss, rumble, or other words at once.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, len(speech.sounds), count)
    silent = rng.integers(0, len(LABELS), count) == 0
    clips = np.zeros((count, LENGTH), np.float32)
    for clip, index, quiet in zip(clips, chosen, silent, strict=True):
        loudness = np.float32(10 ** rng.uniform(-0.7, 0))
        below = 10 ** (-rng.uniform(9, 29) / 20)
        clip += _noise(rng, speech) * (below * loudness)
        if not quiet:
            sound = speech.sounds[index]
            begin = rng.integers(0, LENGTH - len(sound) + 1)
            clip[begin : begin + len(sound)] += sound * loudness
    labels = np.where(silent, LABELS.index("silence"), speech.labels[chosen])
    return _mfcc(clips), labels.astype(np.int32)


def _noise(rng: np.random.Generator, speech: Speech) -> np.ndarray:
    """float32 [LENGTH], as loud as speech."""
    kind = rng.integers(3)
    if kind == 2:
        clip = np.zeros(LENGTH, np.float32)
        for index in rng.integers(0, len(speech.sounds), 6):
            sound = speech.sounds[index][::-1]  # six at once and backwards, so that none is heard
            begin = rng.integers(0, LENGTH - len(sound) + 1)
            clip[begin : begin + len(sound)] += sound
    else:
        clip = rng.standard_normal(LENGTH, np.float32)
        if kind == 1:
            spectrum = np.fft.rfft(clip)
            clip = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), LENGTH).astype(np.float32)
    return clip / np.sqrt(np.mean(clip**2) + 1e-6)


def _mfcc(clips: np.ndarray) -> np.ndarray:
    """int8 [N,49,10]: the cosine transform of the logarithms of 40 mel bands, all on one scale."""
    window, mel, cosines = np.hanning(WINDOW).astype(np.float32), _mel_filters(), _cosines()
    result = np.empty((len(clips), FRAMES, COEFFICIENTS), np.int8)
    for clip, row in zip(clips, result, strict=True):
        frames = np.lib.stride_tricks.sliding_window_view(clip, WINDOW)[::HOP] * window
        power = np.abs(np.fft.rfft(frames, TRANSFORM)) ** 2
        coefficients = np.log(power @ mel + 1e-3) @ cosines
        row[:] = np.clip(np.round(SCALE * (coefficients - MIDDLES) / SPREADS), -127, 127)
    return result


def _mel_filters() -> np.ndarray:
    """[513,40]: triangles, evenly spaced in mel from 60 Hz to 8 kHz."""
    edges = 700 * (10 ** (np.linspace(_mel(60), _mel(8000), FILTERS + 2) / 2595) - 1)
    hertz = np.fft.rfftfreq(TRANSFORM, 1 / RATE)[:, None]
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    return np.maximum(0, np.minimum((hertz - low) / (middle - low), (high - hertz) / (high - middle)))


def _mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))


def _cosines() -> np.ndarray:
    """[40,10]: the type II cosine transform's first rows, orthonormal."""
    band, order = np.arange(FILTERS)[:, None] + 0.5, np.arange(COEFFICIENTS)
    scale = np.sqrt(np.where(order == 0, 1, 2) / FILTERS)
    return np.cos(np.pi * band * order / FILTERS) * scale
