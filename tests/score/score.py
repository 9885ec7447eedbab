"""PESQ of a recording against what was said: score.py nb|wb SAID.wav HEARD.wav

Both files have the mode's own rate (8 or 16 kHz), mono, 16 bits. The recording is aligned by cross-correlation first
and cut to the length of what was said; PESQ itself only follows small changes of delay.
"""

import sys
import wave

import numpy
from pesq import pesq


def read(path):
    with wave.open(path, "rb") as file:
        frames = file.readframes(file.getnframes())
        return file.getframerate(), numpy.frombuffer(frames, dtype="<i2").astype(numpy.float64)


def delay_of(heard, said):
    """Samples by which `heard` lags behind `said`; negative if it began too late."""
    size = 1 << (len(said) + len(heard)).bit_length()
    spectrum = numpy.fft.rfft(heard, size) * numpy.conj(numpy.fft.rfft(said, size))
    correlation = numpy.fft.irfft(spectrum, size)
    peak = int(numpy.argmax(correlation))
    return peak if peak < len(heard) else peak - size


def aligned(heard, said):
    delay = delay_of(heard, said)
    heard = heard[delay:] if delay >= 0 else numpy.concatenate([numpy.zeros(-delay), heard])
    heard = heard[: len(said)]
    return numpy.concatenate([heard, numpy.zeros(len(said) - len(heard))])


def main():
    mode, said_path, heard_path = sys.argv[1:4]
    rate, said = read(said_path)
    heard_rate, heard = read(heard_path)
    assert rate == heard_rate == {"nb": 8000, "wb": 16000}[mode], (rate, heard_rate)
    if len(heard) == 0 or not heard.any():
        print("0")
        return
    heard = aligned(heard, said)
    print(pesq(rate, said.astype(numpy.int16), heard.astype(numpy.int16), mode))


main()
