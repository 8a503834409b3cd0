"""eSpeak NG through ctypes, run as a process of its own by `voice`: JSON in on stdin, JSON line and int16 sound out."""

import ctypes
import json
import os
import sys

_SYNCHRONOUS, _PHONEME_EVENTS, _UTF8 = 2, 1, 1  # speak_lib.h: no sound device; report phonemes; text is UTF-8
_RATE, _PITCH, _RANGE = 1, 3, 4  # espeak_PARAMETER
_PHONEME = 7  # espeak_EVENT_TYPE


class Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h; its last member is a union, read here as the phoneme's name."""

    _fields_ = (
        ("type", ctypes.c_int), ("unique_identifier", ctypes.c_uint), ("text_position", ctypes.c_int),
        ("length", ctypes.c_int), ("audio_position", ctypes.c_int), ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p), ("id", ctypes.c_char * 8),
    )  # fmt: skip


def answer(request: dict) -> tuple[dict, bytes]:
    """{paragraphs, voice, rate, pitch} to ({rate, paragraphs: [{samples, events}]} or {error}) and the sound."""
    import espeakng_loader

    library, data = ctypes.CDLL(espeakng_loader.get_library_path()), espeakng_loader.get_data_path()
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, os.path.dirname(data).encode(), _PHONEME_EVENTS)
    if rate < 0:
        rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _PHONEME_EVENTS)
    if rate < 0:
        return {"error": ["eSpeak NG", f"cannot read its voices in {data}", "reinstall espeakng-loader"]}, b""
    voice = request["voice"]
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        return {"error": [voice, "is no eSpeak voice", "use one such as en-us, en-us+f3 or en+m3"]}, b""
    library.espeak_SetParameter(_RATE, request["rate"], 0)
    library.espeak_SetParameter(_PITCH, request["pitch"], 0)
    library.espeak_SetParameter(_RANGE, 60, 0)
    chunks: list[bytes] = []
    events: list[list] = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))
    def receive(samples, count, event):
        if samples and count:
            chunks.append(ctypes.string_at(samples, 2 * count))
        index = 0
        while event[index].type != 0:
            e = event[index]
            name = e.id.decode("utf-8", "replace") if e.type == _PHONEME else ""
            events.append([e.type, e.text_position, e.length, e.audio_position / 1000, name])
            index += 1
        return 0

    library.espeak_SetSynthCallback(receive)
    sound, paragraphs = b"", []
    for text in request["paragraphs"]:
        chunks.clear()
        events.clear()
        encoded = text.encode()
        library.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, _UTF8, None, None)
        library.espeak_Synchronize()
        said = b"".join(chunks)
        sound += said
        paragraphs.append({"samples": len(said) // 2, "events": list(events)})
    return {"rate": rate, "paragraphs": paragraphs}, sound


if __name__ == "__main__":
    found, pcm = answer(json.load(sys.stdin))
    sys.stdout.buffer.write(json.dumps(found).encode() + b"\n" + pcm)
