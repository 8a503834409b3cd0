"""Training of ACInterp's networks on footage: windows out of takes, losses, and runs that go on after a cut."""
