"""Whether the system's libraries are there that the wheels do not bring, said by the name of the package to install."""

import importlib
import re

from tango_models.errors import InputError

_LINKED = ("cv2",)
"""Modules of ours that load libraries of the system's."""
_PACKAGES = {
    "libGL.so": "libgl1",
    "libGLX.so": "libglx0",
    "libGLdispatch.so": "libglvnd0",
    "libEGL.so": "libegl1",
    "libGLESv2.so": "libgles2",
    "libgthread-2.0.so": "libglib2.0-0",
    "libglib-2.0.so": "libglib2.0-0",
    "libxcb.so": "libxcb1",
    "libX11.so": "libx11-6",
    "libXext.so": "libxext6",
    "libSM.so": "libsm6",
    "libICE.so": "libice6",
    "libz.so": "zlib1g",
    "libgomp.so": "libgomp1",
    "libstdc++.so": "libstdc++6",
}
"""Debian's and Ubuntu's names."""
_MISSING = re.compile(r"(lib[\w.+-]+?\.so[\w.]*): (cannot open shared object file|file too short|invalid ELF header)")


def check_libraries() -> None:
    """Refuse to begin where a worker could not even load its code: it would be said once for every unit.

    Raises:
        InputError: naming the library and its package.
    """
    for module in _LINKED:
        try:
            importlib.import_module(module)
        except ImportError as error:
            if (fault := missing_library(error)) is None:
                raise
            raise fault from error


def missing_library(error: ImportError) -> InputError | None:
    """What an import failed for, if it is a library of the system's."""
    if (found := _MISSING.search(str(error))) is None:
        return None
    library = found[1]
    package = _PACKAGES.get(library.partition(".so")[0] + ".so")
    remedy = f"install it (Debian, Ubuntu: apt install {package})" if package else "install the package that has it"
    how = "is missing on this machine" if found[2].startswith("cannot") else "is damaged on this machine"
    return InputError(library, how, remedy)
