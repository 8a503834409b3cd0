"""What is taken where nothing is asked for; the same in the flow, on the command line and in the deployment's form."""

SCORER = "0.5*aumoclip+0.5*prosody"
"""With four speakers its gestures follow the loudness of a minute of speech better than `aumoclip`'s alone (0.48 for
0.42; of 9 s 0.24 for 0.11), with as many beats on syllables, as much rest and fewer jumps. `prosody` alone follows
loudness still better; it does not tell a speech's own motion from others, which the embedding does: see *The same
speech with each scorer* and *A speech finds its own motion* in benchmarks/RESULTS.md."""
