"""What is taken where nothing is asked for; the same in the flow, on the command line and in the deployment's form."""

SCORER = "0.5*aumoclip+0.5*prosody"
"""With four speakers and speech of 60 and 41 s its gestures follow the loudness better than `aumoclip`'s alone (0.47
and 0.22 for 0.41 and 0.09), with as many beats on syllables, as much rest and fewer jumps. `prosody` alone follows
loudness still better; it does not tell a speech's own motion from another's, which the embedding does. See
benchmarks/RESULTS.md, *The same speech with each scorer* and *A speech finds its own motion*."""
