"""What the tests of the fit share. A file says with FRAMES and QUICK how much of it."""

import pytest

from tango_models.body.fit.fitting import fit_smplx
from tango_models.body.smplx_body import Body
from tests.tango_models.body.exact_landmarks import gesture, see


@pytest.fixture(scope="session")
def body():
    return Body.load()


@pytest.fixture(scope="module")
def seen(body, request):
    return see(gesture(request.module.FRAMES), body)


@pytest.fixture(scope="module")
def fit(seen, body, request):
    return fit_smplx(seen[0], body, config=request.module.QUICK)
